import type { SessionRecord } from '../../types';
import { type Adapter, hasFunctions, isOfOneClass } from './adapter';

interface Query {
  where(column: string, operator: '=', value: string): Query;
  update(values: object): Promise<number>;
}

interface Options {
  readonly knex: ((table: string) => Query) & { readonly client?: { readonly dialect?: string } };
  readonly tableName: string;
  readonly sidFieldName: string;
}

interface KnexStore {
  readonly options: Options;
  /** The table is there. */
  readonly ready: Promise<void>;
}

/** Those on which it is tested; others write dates in other ways. */
const DIALECTS = ['sqlite3', 'postgresql'];

const ONE_DAY = 24 * 60 * 60 * 1000;

/** connect-session-knex 5 on SQLite and PostgreSQL. */
export const connectSessionKnex: Adapter = (candidate) => {
  const store = candidate as KnexStore;
  if (
    !isOfOneClass(store, ['get', 'set', 'touch', 'destroy', 'dbCleanup']) ||
    !hasFunctions(store.ready, ['then'])
  )
    return undefined;
  if (!DIALECTS.includes(store.options.knex.client?.dialect ?? '')) return undefined;
  return async (id, record) => {
    await store.ready;
    const { knex, tableName, sidFieldName } = store.options;
    const expired = new Date(Date.now() + lifetimeOf(record)).toISOString();
    const rows = await knex(tableName)
      .where(sidFieldName, '=', id)
      .update({ expired, sess: JSON.stringify(record) });
    return rows > 0;
  };
};

/** In milliseconds, as the store's `set` has it. */
function lifetimeOf({ cookie }: SessionRecord): number {
  return (cookie as { maxAge?: number | null }).maxAge || ONE_DAY;
}
