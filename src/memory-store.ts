import { livenessIn } from './liveness';
import { Store } from './store';
import { toStoredId } from './stored-id';
import type { ErrorCallback, SessionRecord } from './types';

type Sessions = Record<string, string>;

/**
 * Keeps sessions in this process, as JSON text. Callbacks run in a later turn, effects take place at once (B178).
 * An id may be a token, or what stands for it in `all` (B179).
 */
export class MemoryStore extends Store {
  /** JSON text of each session, by digest of its token. */
  sessions: Sessions = Object.create(null) as Sessions;

  override get(id: string, callback: (error?: unknown, record?: SessionRecord) => void): void {
    setImmediate(callback, null, this.read(toStoredId(id)));
  }

  /** Does nothing for a session that was destroyed while a request had it (B223, B228). */
  override set(id: string, session: SessionRecord, callback?: ErrorCallback): void {
    const storedId = toStoredId(id);
    if (!livenessIn(this).get(storedId)?.isDead) this.sessions[storedId] = JSON.stringify(session);
    if (callback) setImmediate(callback);
  }

  override destroy(id: string, callback?: ErrorCallback): void {
    const storedId = toStoredId(id);
    const liveness = livenessIn(this).get(storedId);
    if (liveness) liveness.destroyed = true;
    Reflect.deleteProperty(this.sessions, storedId);
    if (callback) setImmediate(callback);
  }

  /** Replaces the cookie of a stored session, nothing else (B181). */
  override touch(id: string, session: SessionRecord, callback?: ErrorCallback): void {
    const storedId = toStoredId(id);
    const stored = this.read(storedId);
    if (stored) this.sessions[storedId] = JSON.stringify({ ...stored, cookie: session.cookie });
    if (callback) setImmediate(callback);
  }

  /** All sessions by stored id. */
  all(callback?: (error: unknown, sessions: Record<string, SessionRecord>) => void): void {
    const all = Object.create(null) as Record<string, SessionRecord>;
    for (const storedId of Object.keys(this.sessions)) {
      const record = this.read(storedId);
      if (record) all[storedId] = record;
    }
    if (callback) setImmediate(callback, null, all);
  }

  clear(callback?: ErrorCallback): void {
    this.sessions = Object.create(null) as Sessions;
    if (callback) setImmediate(callback);
  }

  /** How many sessions there are. */
  length(callback: (error: unknown, length: number) => void): void {
    this.all((error, sessions) => {
      callback(error, Object.keys(sessions).length);
    });
  }

  /** A fresh copy of the record, unless it has expired: then it is dropped (B177). */
  private read(storedId: string): SessionRecord | undefined {
    const text = this.sessions[storedId];
    if (text === undefined) return undefined;
    const record = JSON.parse(text) as SessionRecord;
    const expires = (record as { cookie?: { expires?: unknown } }).cookie?.expires;
    if (typeof expires === 'string' && Date.parse(expires) <= Date.now()) {
      Reflect.deleteProperty(this.sessions, storedId);
      return undefined;
    }
    return record;
  }
}
