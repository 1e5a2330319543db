import { isOver, successorIn } from './forwarding';
import type { SessionMaker } from './request/generate';
import type { Identity } from './identity';
import type { Records, SavedCallback } from './store/records';
import { identityOf, internalsOf, type Session } from './session/session';
import { Store } from './store/store';
import type { AnyStore, ErrorCallback, Request, SessionRecord } from './types';

/** The application's store as applications speak to it: in tokens. */
export class HashedStore extends Store {
  readonly #records: Records;
  readonly #sessions: SessionMaker;
  declare touch?: (id: unknown, session: SessionRecord, callback?: ErrorCallback) => void;
  declare update?: (id: unknown, session: SessionRecord, callback?: SavedCallback) => void;

  constructor(store: AnyStore, records: Records, sessions: SessionMaker) {
    super();
    this.#records = records;
    this.#sessions = sessions;
    if (records.canTouch) {
      this.touch = (id, session, callback = noop) => {
        records.renew(records.toStoredId(id), session, callback);
      };
    }
    if (typeof store.update === 'function') {
      this.update = (id, session, callback = noop) => {
        const storedId = records.toStoredId(id);
        records.livenessOf(storedId).isStored = true;
        records.write(storedId, session, undefined, callback);
      };
    }
  }

  override get(id: unknown, callback: (error?: unknown, record?: SessionRecord | null) => void): void {
    const storedId = this.#records.toStoredId(id);
    this.#records.read(storedId, (error, record) => {
      const successor = error ? undefined : successorIn(record);
      if (successor) {
        if (isOver(successor)) callback(null);
        else this.get(successor.id, callback);
        return;
      }
      // Held by this function until the callback has made a session of the record, then by that.
      const liveness = record ? this.#records.livenessOf(storedId) : undefined;
      if (liveness) liveness.isStored = true;
      callback(error, record);
    });
  }

  /** @throws what the store throws */
  override set(id: unknown, session: SessionRecord | Session, callback: ErrorCallback = noop): void {
    this.#records.write(this.#records.toStoredId(id), session, undefined, callback);
  }

  /** @throws what the store throws */
  override destroy(id: unknown, callback: ErrorCallback = noop): void {
    // Without a private key a new session has no id, and was never stored.
    if (typeof id !== 'string') setImmediate(callback);
    else this.#records.remove(this.#records.toStoredId(id), callback);
  }

  override generate(req: Request): void {
    this.#sessions.generate(req);
  }

  /** Where there could be no new session the old one stays. */
  override regenerate(req: Request, callback: ErrorCallback): void {
    const error = this.#sessions.refusal(req);
    if (error) setImmediate(callback, error);
    else super.regenerate(req, callback);
  }

  /** A stored record as the request's session; `identity`: default that of the session whose place it takes. */
  override createSession(req: Request, record: SessionRecord, identity?: Identity): Session {
    const session = super.createSession(req, record, identity ?? internalsOf(req.session)?.identity);
    const owner = identityOf(session);
    owner.liveness ??= this.#records.knownLiveness(this.#records.toStoredId(owner.id));
    return session;
  }
}

function noop(): void {
  // Every call of a store gets a callback (B131).
}
