/** Gives compareAndSet to connect-pg-simple 9 and 10, by one UPDATE. The column may be json, jsonb or text. */
import type { SessionRecord } from '../../types';
import { type Adapter, conditionOf, isOfOneClass } from './adapter';

interface PGStore {
  /** In seconds. */
  readonly ttl: number | undefined;
  quotedTable(): string;
  query(text: string, parameters: unknown[], callback: (error: unknown, firstRow?: object) => void): void;
}

const ONE_DAY = 24 * 60 * 60;

/** Table and pool are private fields of the store, so its methods `quotedTable` and `query` are used. */
export const connectPgSimple: Adapter = (candidate) => {
  const methods = ['get', 'set', 'touch', 'destroy', 'query', 'quotedTable', 'pruneSessions', '_asyncQuery'];
  if (!isOfOneClass(candidate, methods)) return undefined;
  const store = candidate as PGStore;
  return (id, record, tag, { keepsExpiry } = {}) => {
    const { text, isWanted } = conditionOf(tag);
    const now = Math.ceil(Date.now() / 1000);
    const expiry = keepsExpiry ? [] : [expiryOf(record, store.ttl)];
    return new Promise((resolve, reject) => {
      store.query(
        `UPDATE ${store.quotedTable()} SET sess = $1${keepsExpiry ? '' : ', expire = to_timestamp($5)'}` +
          ` WHERE sid = $2 AND expire >= to_timestamp($3) AND strpos(sess::text, $4) ${isWanted ? '>' : '='} 0 RETURNING sid`,
        [record, id, now, text, ...expiry],
        (error, row) => {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
          if (error) reject(error);
          else resolve(row !== undefined);
        },
      );
    });
  };
};

/** In seconds since 1970, as the store's `set` computes it. */
function expiryOf({ cookie }: SessionRecord, ttl: number | undefined): number {
  const { expires } = cookie as { expires?: Date | string | null };
  return Math.ceil(expires ? new Date(expires).valueOf() / 1000 : Date.now() / 1000 + (ttl || ONE_DAY));
}
