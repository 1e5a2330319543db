/** Gives compareAndSet to express-mysql-session 3 on MySQL and MariaDB, by one UPDATE. */
import type { SessionRecord } from '../../types';
import { type Adapter, conditionOf, isOfOneClass } from './adapter';

interface Answer {
  readonly affectedRows: number;
  /** For example `Rows matched: 1  Changed: 0  Warnings: 0`. */
  readonly info?: string;
}

interface MySQLStore {
  readonly options: {
    /** In ms. */
    readonly expiration: number;
    readonly schema: {
      readonly tableName: string;
      readonly columnNames: { readonly session_id: string; readonly expires: string; readonly data: string };
    };
  };
  query(text: string, parameters: unknown[]): Promise<[Answer, ...unknown[]]>;
}

export const expressMysqlSession: Adapter = (candidate) => {
  const store = candidate as MySQLStore;
  const methods = ['get', 'set', 'touch', 'destroy', 'query', 'onReady', 'createDatabaseTable'];
  if (!isOfOneClass(store, methods)) return undefined;
  return async (id, record, tag, { keepsExpiry } = {}) => {
    const { tableName, columnNames } = store.options.schema;
    const { text, isWanted } = conditionOf(tag);
    const expiry = keepsExpiry ? [] : [columnNames.expires, expiryOf(record, store.options.expiration)];
    // Compared as bytes, because most collations do not tell small letters from capitals.
    const [answer] = await store.query(
      `UPDATE ?? SET ?? = ?${keepsExpiry ? '' : ', ?? = ?'} WHERE ?? = ? AND ?? >= ?` +
        ` AND LOCATE(CAST(? AS BINARY), ??) ${isWanted ? '>' : '='} 0`,
      [
        tableName,
        ...[columnNames.data, JSON.stringify(record)],
        ...expiry,
        ...[columnNames.session_id, id],
        ...[columnNames.expires, Math.round(Date.now() / 1000)],
        ...[text, columnNames.data],
      ],
    );
    return matchedRows(answer) > 0;
  };
};

/** In seconds since 1970, as the store's `set` computes it. */
function expiryOf({ cookie }: SessionRecord, lifetime: number): number {
  const { expires } = cookie as { expires?: Date | string | number | null };
  return Math.round((expires ? new Date(expires).valueOf() : Date.now() + lifetime) / 1000);
}

/** How many rows matched. `affectedRows` may count only changed rows, and this UPDATE may write the values that are there. */
function matchedRows({ affectedRows, info }: Answer): number {
  return Number(/matched: (\d+)/.exec(info ?? '')?.[1] ?? affectedRows);
}
