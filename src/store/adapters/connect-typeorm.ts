/** Gives compareAndSet to connect-typeorm 2 on SQLite, by one UPDATE. */
import type { SessionRecord } from '../../types';
import { type Adapter, conditionOf, hasFunctions, isOfOneClass } from './adapter';

interface Query {
  update(): Query;
  set(values: object): Query;
  where(condition: string, parameters: object): Query;
  execute(): Promise<{ affected?: number | null }>;
}

interface TypeormStore {
  /** Undefined until `connect` is called. */
  readonly repository?: {
    readonly manager: { readonly connection: { readonly options: { readonly type: string } } };
    createQueryBuilder(alias: string): Query;
  };
  /** In seconds. */
  getTTL(record: SessionRecord, id: string): number;
}

/**
 * Only embedded databases. The store's `destroy` answers as soon as it has sent its statement, so on a network database a
 * session can be found after its logout was answered.
 */
const TYPES = ['sqljs', 'better-sqlite3'];

/** The store's methods are members of the instance, not of the class. Its `destroy` only marks the row. */
export const connectTypeorm: Adapter = (candidate) => {
  if (!isOfOneClass(candidate, ['connect', 'createQueryBuilder', 'getTTL', 'handleError'])) return undefined;
  if (!hasFunctions(candidate, ['get', 'set', 'touch', 'destroy'])) return undefined;
  const store = candidate as TypeormStore;
  const { repository } = store;
  if (!repository) return undefined;
  if (!TYPES.includes(repository.manager.connection.options.type)) return undefined;
  return async (id, record, tag, { keepsExpiry } = {}) => {
    const { text, isWanted } = conditionOf(tag);
    const now = Date.now();
    const { affected } = await repository
      .createQueryBuilder('session')
      .update()
      .set({
        ...(!keepsExpiry && { expiredAt: now + store.getTTL(record, id) * 1000 }),
        json: JSON.stringify(record),
      })
      .where(
        'id = :id AND destroyedAt IS NULL AND expiredAt > :now' +
          ` AND instr(json, :text) ${isWanted ? '>' : '='} 0`,
        { id, now, text },
      )
      .execute();
    return Number(affected) > 0;
  };
};
