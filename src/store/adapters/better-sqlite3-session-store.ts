/** Gives compareAndSet to better-sqlite3-session-store 0.1, by one UPDATE. Its table has a fixed name. */
import type { SessionRecord } from '../../types';
import { type Adapter, conditionOf, hasFunctions, isOfOneClass } from './adapter';

interface SqliteStore {
  readonly client: { prepare(text: string): { run(row: object): { changes: number } } };
}

const ONE_DAY = 24 * 60 * 60 * 1000;

export const betterSqlite3SessionStore: Adapter = (candidate) => {
  const store = candidate as SqliteStore;
  const methods = ['get', 'set', 'touch', 'destroy', 'createDb', 'clearExpiredSessions'];
  if (!isOfOneClass(store, methods) || !hasFunctions(store.client, ['prepare'])) return undefined;
  // Async, so that an error of the database becomes a rejection.
  // eslint-disable-next-line @typescript-eslint/require-await
  return async (id, record, tag, { keepsExpiry } = {}) => {
    const { text, isWanted } = conditionOf(tag);
    const update = store.client.prepare(
      `UPDATE sessions SET sess = @sess${keepsExpiry ? '' : ', expire = @expire'} WHERE sid = @sid` +
        ` AND datetime('now') < datetime(expire) AND instr(sess, @text) ${isWanted ? '>' : '='} 0`,
    );
    const expire = new Date(Date.now() + lifetimeOf(record)).toISOString();
    return update.run({ sess: JSON.stringify(record), expire, sid: id, text }).changes > 0;
  };
};

/** In milliseconds, as the store's `set` computes it. */
function lifetimeOf({ cookie }: SessionRecord): number {
  return (cookie as { maxAge?: number | null }).maxAge || ONE_DAY;
}
