import { saveRecord } from './conditional-save';
import { trace } from './diagnostics';
import type { SessionMaker } from './generate';
import type { Guard, Update } from './guarantee';
import type { Identity } from './identity';
import { originIn, withOrigin, withoutOrigin } from './legacy';
import { Liveness, livenessIn, type Predecessor } from './liveness';
import { MemoryStore } from './memory-store';
import { identityOf, internalsOf, Session } from './session';
import { toRecord } from './snapshot';
import { Store } from './store';
import { callStore, callStoreSafely } from './store-call';
import { toStoredId } from './stored-id';
import type { AnyStore, ErrorCallback, Request, SessionRecord } from './types';

/** `saved`: false if the record was destroyed meanwhile, and nothing was stored. */
type SavedCallback = (error?: unknown, saved?: boolean) => void;

/** `text`: JSON text of the record without its cookie, where the store has it. */
type ReadCallback = (error?: unknown, record?: SessionRecord | null, text?: string) => void;

/** Tells beside the error whether the record was stored: a later step may have failed all the same. */
type WriteCallback = (error?: unknown, stored?: boolean) => void;

/**
 * The application's store, spoken to in tokens by applications (`get`, `set`, `touch`, `destroy`) and in stored ids by the
 * middleware (`read`, `write`, `renew`, `remove`). A session that was destroyed is not stored again by a request that
 * had it before (B223–B228).
 */
export class HashedStore extends Store {
  readonly #store: AnyStore;
  readonly #sessions: SessionMaker;
  /** The own MemoryStore: it refuses destroyed sessions by itself (B223), and takes and gives JSON text. */
  readonly #memory: MemoryStore | undefined;
  /** Undefined where the store cannot tell whether a record still exists. */
  readonly #update: Update | undefined;
  /** Settled here, once (B009). */
  readonly canTouch: boolean;
  declare touch?: (id: unknown, session: SessionRecord, callback?: ErrorCallback) => void;
  declare update?: (id: unknown, session: SessionRecord, callback?: SavedCallback) => void;

  constructor(store: AnyStore, { update }: Pick<Guard, 'update'>, sessions: SessionMaker) {
    super();
    this.#store = store;
    this.#update = update;
    this.#sessions = sessions;
    this.#memory = store instanceof MemoryStore ? store : undefined;
    this.canTouch = typeof store.touch === 'function';
    if (this.canTouch) {
      this.touch = (id, session, callback = noop) => {
        this.renew(toStoredId(id), session, callback);
      };
    }
    if (update && typeof store.update === 'function') {
      this.update = (id, session, callback = noop) => {
        const storedId = toStoredId(id);
        this.livenessOf(storedId).isStored = true;
        this.write(storedId, session, undefined, callback);
      };
    }
  }

  override get(id: unknown, callback: (error?: unknown, record?: SessionRecord | null) => void): void {
    const storedId = toStoredId(id);
    this.read(storedId, (error, record) => {
      // Held by this function until the callback has made a session of the record, then by that.
      const liveness = record ? this.livenessOf(storedId) : undefined;
      if (liveness) liveness.isStored = true;
      callback(error, record);
    });
  }

  /** @throws what the store throws */
  override set(id: unknown, session: SessionRecord | Session, callback: ErrorCallback = noop): void {
    this.write(toStoredId(id), session, undefined, callback);
  }

  /** @throws what the store throws */
  override destroy(id: unknown, callback: ErrorCallback = noop): void {
    // Without a private key a new session has no id, and was never stored.
    if (typeof id !== 'string') setImmediate(callback);
    else this.remove(toStoredId(id), callback);
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
    owner.liveness ??= livenessIn(this.#store).get(toStoredId(owner.id));
    return session;
  }

  /** The session stored under this id, as this process knows it. Hold it as long as the session may be stored. */
  livenessOf(storedId: string): Liveness {
    return livenessIn(this.#store).obtain(storedId, () => new Liveness());
  }

  read(storedId: string, callback: ReadCallback): void {
    if (this.#memory && this.#memory.get === MemoryStore.prototype.get) {
      const found = this.#memory.read(storedId);
      setImmediate(callback, null, found?.record, found?.text);
      return;
    }
    callStoreSafely<SessionRecord | null>(
      (done) => this.#store.get(storedId, done as never),
      (error, stored) => {
        const forwardedBy = originIn(stored);
        if (!stored || forwardedBy === undefined) {
          callback(error, stored);
          return;
        }
        // Held by this function until the callback has made a session of the record, then by that.
        const liveness = this.livenessOf(storedId);
        liveness.forwardedBy = forwardedBy;
        callback(error, withoutOrigin(stored));
      },
    );
  }

  /**
   * @param text JSON text of the session's data, where it is known
   * @throws what the store throws
   */
  write(
    storedId: string,
    session: SessionRecord | Session,
    text: string | undefined,
    callback: WriteCallback,
  ): void {
    const internals = internalsOf(session);
    const liveness = this.livenessOf(storedId);
    if (internals) internals.identity.liveness = liveness;
    if (!this.#memory && liveness.isDead) {
      trace('not saving destroyed %s', storedId);
      setImmediate(callback, undefined, false);
      return;
    }
    trace('saving %s', storedId);
    if (!liveness.isStored) liveness.whenStored ??= [];
    this.#put(storedId, session, text, liveness, (error, saved) => {
      if (saved === false) liveness.destroyed = true;
      else liveness.isStored ||= !error;
      const waiting = liveness.whenStored;
      liveness.whenStored = undefined;
      waiting?.forEach((one) => {
        one(error);
      });
      if (error || saved === false) callback(error, false);
      else if (liveness.isDead) this.#undo(storedId, callback);
      else if (liveness.predecessor) this.#retire(liveness.predecessor, liveness, callback);
      else callback(undefined, true);
    });
  }

  #put(
    storedId: string,
    session: SessionRecord | Session,
    text: string | undefined,
    liveness: Liveness,
    done: SavedCallback,
  ): void {
    if (text !== undefined && this.#memory && this.#memory.set === MemoryStore.prototype.set) {
      this.#memory.put(storedId, text, session.cookie);
      setImmediate(done);
      return;
    }
    const data = session instanceof Session ? toRecord(session) : session;
    const record = this.#memory ? data : withOrigin(data, liveness);
    saveRecord(this.#store, this.#update, { storedId, record, liveness }, done);
  }

  /** As `write`, unless an overlapping request has stored the same session by then: what it has changed stays. */
  writeOnce(storedId: string, session: Session, text: string, callback: WriteCallback): void {
    const liveness = this.livenessOf(storedId);
    if (liveness.isStored) {
      callback(undefined, true);
      return;
    }
    if (!liveness.whenStored) {
      this.write(storedId, session, text, callback);
      return;
    }
    const record = toRecord(session);
    liveness.whenStored.push((error) => {
      if (error) this.writeLater(storedId, record, callback);
      else callback(undefined, true);
    });
  }

  /** As `write`, for a time when nobody could catch what the store throws: that is its answer. */
  writeLater(storedId: string, record: SessionRecord, callback: WriteCallback): void {
    callStoreSafely((done) => {
      this.write(storedId, record, undefined, done);
    }, callback);
  }

  /** `touch`. @throws what the store throws */
  renew(storedId: string, session: SessionRecord | Session, callback: ErrorCallback): void {
    const liveness = this.livenessOf(storedId);
    if (!this.#memory && liveness.isDead) {
      setImmediate(callback);
      return;
    }
    trace('touching %s', storedId);
    const done: ErrorCallback = (error) => {
      trace('touched %s', storedId);
      if (!this.#memory && liveness.isDead) this.#undo(storedId, callback);
      else callback(error);
    };
    if (this.#memory && this.#memory.touch === MemoryStore.prototype.touch) {
      this.#memory.renew(storedId, session.cookie);
      setImmediate(done);
      return;
    }
    const record = withOrigin(session instanceof Session ? toRecord(session) : session, liveness);
    callStore((callback_) => this.#store.touch?.(storedId, record, callback_), done);
  }

  /** `destroy`, of what is stored under another id for the same session, or leads to it, as well. @throws what the store throws */
  remove(storedId: string, callback: ErrorCallback): void {
    const liveness = livenessIn(this.#store).get(storedId);
    if (liveness) liveness.destroyed = true;
    const leading = [liveness?.predecessor?.id, liveness?.forwardedBy].filter((id) => id !== undefined);
    trace('destroying %s', storedId);
    callStore(
      (done) => this.#store.destroy(storedId, done),
      (error) => {
        trace('destroyed %s', storedId);
        this.#destroyAll(leading, error, callback);
      },
    );
  }

  /** Calls back with this error, or else with the first one that there was. */
  #destroyAll([id, ...others]: readonly string[], error: unknown, callback: ErrorCallback): void {
    if (id === undefined) {
      callback(error);
      return;
    }
    callStoreSafely(
      (done) => this.#store.destroy(id, done),
      (failed) => {
        this.#destroyAll(others, error ?? failed, callback);
      },
    );
  }

  /** The session was destroyed while it was being stored: it goes again (B225, B226). */
  #undo(storedId: string, callback: WriteCallback): void {
    callStoreSafely(
      (done) => this.#store.destroy(storedId, done),
      (error) => {
        callback(error, false);
      },
    );
  }

  /** Record first, retire after: until the forwarding record is stored, the old id goes on working (B232, B237). */
  #retire(predecessor: Predecessor, liveness: Liveness, callback: WriteCallback): void {
    liveness.predecessor = undefined;
    const finish: ErrorCallback = (error) => {
      if (error) liveness.predecessor = predecessor;
      callback(error, true);
    };
    const remove = (): void => {
      callStoreSafely((done) => {
        this.remove(predecessor.id, done);
      }, finish);
    };
    const { forwarding } = predecessor;
    if (!forwarding) {
      remove();
      return;
    }
    callStoreSafely(
      (done) => this.#store.set(forwarding.id, forwarding.record, done),
      (error) => {
        if (error) finish(error);
        else remove();
      },
    );
  }
}

function noop(): void {
  // Every call of a store gets a callback (B131).
}
