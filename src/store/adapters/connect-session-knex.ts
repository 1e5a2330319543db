/** Gives compareAndSet to connect-session-knex 5 on SQLite and PostgreSQL, by one UPDATE. */
import type { SessionRecord } from '../../types';
import { type Adapter, conditionOf, hasFunctions, isOfOneClass } from './adapter';

interface Query {
  where(column: string, operator: '=', value: string): Query;
  andWhereRaw(condition: string, value: string): Query;
  update(values: object): Promise<number>;
}

interface Options {
  readonly knex: ((table: string) => Query) & { readonly client?: { readonly dialect?: string } };
  readonly tableName: string;
  readonly sidFieldName: string;
}

interface KnexStore {
  readonly options: Options;
  /** Fulfils when the table is there. */
  readonly ready: Promise<void>;
}

/** Only the databases on which this is tested, because others write dates in other ways. */
const DIALECTS: Readonly<Record<string, { isAlive: string; position: string } | undefined>> = {
  sqlite3: { isAlive: 'datetime(?) <= datetime(expired)', position: 'instr(sess, ?)' },
  postgresql: {
    isAlive: 'CAST(? AS timestamp with time zone) <= expired',
    position: 'strpos(CAST(sess AS text), ?)',
  },
};

const ONE_DAY = 24 * 60 * 60 * 1000;

export const connectSessionKnex: Adapter = (candidate) => {
  const store = candidate as KnexStore;
  const methods = ['get', 'set', 'touch', 'destroy', 'dbCleanup'];
  if (!isOfOneClass(store, methods) || !hasFunctions(store.ready, ['then'])) return undefined;
  const dialect = DIALECTS[store.options.knex.client?.dialect ?? ''];
  if (!dialect) return undefined;
  return async (id, record, tag, { keepsExpiry } = {}) => {
    await store.ready;
    const { knex, tableName, sidFieldName } = store.options;
    const { text, isWanted } = conditionOf(tag);
    const now = Date.now();
    const rows = await knex(tableName)
      .where(sidFieldName, '=', id)
      .andWhereRaw(dialect.isAlive, new Date(now).toISOString())
      .andWhereRaw(`${dialect.position} ${isWanted ? '>' : '='} 0`, text)
      .update({
        ...(!keepsExpiry && { expired: new Date(now + lifetimeOf(record)).toISOString() }),
        sess: JSON.stringify(record),
      });
    return rows > 0;
  };
};

/** In milliseconds, as the store's `set` computes it. */
function lifetimeOf({ cookie }: SessionRecord): number {
  return (cookie as { maxAge?: number | null }).maxAge || ONE_DAY;
}
