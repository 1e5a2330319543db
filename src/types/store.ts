/** Stores: the records that they keep, and the methods that they have. */
import type expressSession = require('#express-session');

/** A stored session: what `get` answers, and what `set` and `touch` get. */
export interface SessionRecord {
  cookie: expressSession.Cookie;
  [name: string]: unknown;
}

export type ErrorCallback = (error?: unknown) => void;

/**
 * Stores the record only if the store has a record under `id` that contains the text `tag`, or, if `tag` is null, one without
 * the member `__session`. Comparing and storing have to be one step of the store's engine. A record that has expired counts as
 * absent. Calls back with true if the record was stored, false if not. A tag is made of letters, digits, `_`, `-` and `.`, and
 * case matters.
 *
 * @example
 * compareAndSet(id, record, tag, callback) {
 *   // for a tag that is null: AND position('"__session":' in data) = 0
 *   const sql = 'UPDATE sessions SET data = $1 WHERE id = $2 AND expires > now() AND position($3 in data) > 0';
 *   pool.query(sql, [JSON.stringify(record), id, tag], (error, result) => callback(error, result?.rowCount === 1));
 * }
 */
export type CompareAndSet = (
  id: string,
  record: SessionRecord,
  tag: string | null,
  callback: (error?: unknown, stored?: boolean) => void,
) => unknown;

/** What the middleware needs of a store. Methods may answer by callback or by promise. */
export interface AnyStore {
  on(event: 'connect' | 'disconnect', listener: () => void): unknown;
  get(id: string, callback: (error?: unknown, record?: unknown) => void): unknown;
  set(id: string, record: SessionRecord, callback: ErrorCallback): unknown;
  destroy(id: string, callback: ErrorCallback): unknown;
  touch?(id: string, record: SessionRecord, callback: ErrorCallback): unknown;
  compareAndSet?: CompareAndSet;
}

/**
 * A store as an object of async functions, for `session.Store.from`. Ids have 32 characters. If a function rejects, that is the
 * store's error.
 */
export interface AsyncStoreMethods {
  /** Fulfils with the record, or with null or undefined if there is none or it has expired. */
  get(id: string): Promise<SessionRecord | null | undefined>;
  /** Creates or replaces the record, and keeps it until `record.cookie.expires`. */
  set(id: string, record: SessionRecord): Promise<unknown>;
  /** Removes the record. It is no error if there is none. */
  destroy(id: string): Promise<unknown>;
  /** Sets only the record's expiry, to `record.cookie.expires`. It must not create a record. */
  touch?(id: string, record: SessionRecord): Promise<unknown>;
  /**
   * Stores the record only if there is one under `id` that contains the text `tag`, or, if `tag` is null, one without the member
   * `__session`. Comparing and storing have to be one step of the store's engine. A record that has expired counts as absent.
   * Fulfils with true if the record was stored, false if not.
   */
  compareAndSet?(id: string, record: SessionRecord, tag: string | null): Promise<boolean>;
}
