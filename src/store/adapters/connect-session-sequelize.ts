/** Gives compareAndSet to connect-session-sequelize 7 and 8 on SQLite and PostgreSQL, by one UPDATE. */
import type { SessionRecord } from '../../types';
import { type Adapter, conditionOf, hasFunctions, isOfOneClass, viewOf } from './adapter';

type Fields = Record<string, unknown>;

interface Sequelize {
  getDialect(): string;
  and(...conditions: object[]): object;
  where(left: object, comparator: '>' | '=', right: number): object;
  fn(name: string, ...args: unknown[]): object;
  cast(value: object, type: string): object;
  col(name: string): object;
  readonly constructor: { readonly Op: { readonly gt: symbol } };
}

interface SequelizeStore {
  readonly sessionModel: {
    readonly sequelize: Sequelize;
    update(values: Fields, options: object): Promise<[number, ...unknown[]]>;
  };
  set(id: string, record: SessionRecord): Promise<unknown>;
}

/** The SQL function that finds a text in another, for the databases on which this is tested. */
const POSITION: Readonly<Record<string, string | undefined>> = { sqlite: 'instr', postgres: 'strpos' };

/**
 * Runs the store's own `set` with a model that makes one UPDATE and never creates a row. So the lifetime and extra columns
 * (`extendDefaultFields`) stay the store's own.
 */
export const connectSessionSequelize: Adapter = (candidate) => {
  const store = candidate as SequelizeStore;
  const methods = ['get', 'set', 'touch', 'destroy', 'expiration', 'clearExpiredSessions'];
  if (!isOfOneClass(store, methods) || !hasFunctions(store.sessionModel, ['update', 'findCreateFind']))
    return undefined;
  const { sequelize } = store.sessionModel;
  const position = POSITION[sequelize.getDialect()];
  if (position === undefined) return undefined;
  return async (id, record, tag, { keepsExpiry } = {}) => {
    const { text, isWanted } = conditionOf(tag);
    // Cast, because an application's own model may have a JSON column.
    const found = sequelize.fn(position, sequelize.cast(sequelize.col('data'), 'text'), text);
    let isStored = false;
    const sessionModel = {
      findCreateFind: async ({ where, defaults }: { where: object; defaults: Fields }) => {
        const condition = sequelize.and(
          where,
          { expires: { [sequelize.constructor.Op.gt]: new Date() } },
          sequelize.where(found, isWanted ? '>' : '=', 0),
        );
        const { expires, ...others } = defaults;
        const values = keepsExpiry ? others : { expires, ...others };
        const [rows] = await store.sessionModel.update(values, { where: condition });
        isStored = rows > 0;
        // The row already has the new values, so the store does not save it once more.
        return [{ ...defaults, dataValues: defaults }];
      },
    };
    await store.set.call(viewOf(store, { sessionModel }), id, record);
    return isStored;
  };
};
