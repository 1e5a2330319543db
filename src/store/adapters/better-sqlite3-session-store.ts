import type { SessionRecord } from '../../types';
import { type Adapter, hasFunctions, isOfOneClass, viewOf } from './adapter';

interface SqliteStore {
  readonly client: { prepare(text: string): { run(row: object): { changes: number } } };
  set(id: string, record: SessionRecord, callback: (error: unknown) => void): void;
}

const UPDATE = 'UPDATE sessions SET sess = @sess, expire = @expire WHERE sid = @sid';

/** better-sqlite3-session-store 0.1: the store's own `set` with another statement. Its table has a fixed name. */
export const betterSqlite3SessionStore: Adapter = (candidate) => {
  const store = candidate as SqliteStore;
  const methods = ['get', 'set', 'touch', 'destroy', 'createDb', 'clearExpiredSessions'];
  if (!isOfOneClass(store, methods) || !hasFunctions(store.client, ['prepare'])) return undefined;
  return (id, record) =>
    new Promise((resolve, reject) => {
      let isSaved = false;
      const client = {
        prepare: () => ({
          run: (row: object) => {
            isSaved = store.client.prepare(UPDATE).run(row).changes > 0;
          },
        }),
      };
      store.set.call(viewOf(store, { client }), id, record, (error) => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
        if (error) reject(error);
        else resolve(isSaved);
      });
    });
};
