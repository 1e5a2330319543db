import type { SessionRecord } from '../../types';
import { type Adapter, hasFunctions, isOfOneClass, viewOf } from './adapter';

type Fields = Record<string, unknown>;

interface SequelizeStore {
  readonly sessionModel: { update(values: Fields, options: object): Promise<[number, ...unknown[]]> };
  set(id: string, record: SessionRecord): Promise<unknown>;
}

/**
 * connect-session-sequelize 7 and 8: the store's own `set`, whose model updates instead of looking for the row and creating
 * it. Lifetime and extra columns (`extendDefaultFields`) stay the store's.
 */
export const connectSessionSequelize: Adapter = (candidate) => {
  const store = candidate as SequelizeStore;
  const methods = ['get', 'set', 'touch', 'destroy', 'expiration', 'clearExpiredSessions'];
  if (!isOfOneClass(store, methods) || !hasFunctions(store.sessionModel, ['update', 'findCreateFind']))
    return undefined;
  return async (id, record) => {
    let isSaved = false;
    const sessionModel = {
      findCreateFind: async ({ where, defaults }: { where: object; defaults: Fields }) => {
        const [rows] = await store.sessionModel.update(defaults, { where });
        isSaved = rows > 0;
        // A row as it is to be: the store finds nothing to save.
        return [{ ...defaults, dataValues: defaults }];
      },
    };
    await store.set.call(viewOf(store, { sessionModel }), id, record);
    return isSaved;
  };
};
