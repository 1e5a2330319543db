import { saveRecord } from '../conditional-save';
import { trace } from '../diagnostics';
import type { Update } from './guarantee';
import type { Identity } from '../identity';
import { originIn, withOrigin, withoutOrigin } from '../legacy/legacy';
import { Liveness, livenessIn, type Predecessor } from '../liveness';
import { MemoryStore } from './memory-store';
import { internalsOf, Session } from '../session/session';
import { toRecord } from '../session/snapshot';
import { callStore, callStoreSafely } from './store-call';
import type { StoreKey } from '../store-key';
import { toStoredId } from '../stored-id';
import type { AnyStore, ErrorCallback, SessionRecord } from '../types';

/** `saved`: false if the record was destroyed meanwhile, and nothing was stored. */
export type SavedCallback = (error?: unknown, saved?: boolean) => void;

/** `text`: JSON text of the record without its cookie, where the store has it. */
type ReadCallback = (error?: unknown, record?: SessionRecord | null, text?: string) => void;

/** Tells beside the error whether the record was stored: a later step may have failed all the same. */
export type WriteCallback = (error?: unknown, stored?: boolean) => void;

/** What is called of a store. */
export type StoreMethods = Pick<AnyStore, 'get' | 'set' | 'touch' | 'destroy'>;

/** How the store is called. */
export interface Calls {
  readonly store: StoreMethods;
  /** Undefined where the store cannot tell whether a record still exists. */
  readonly update: Update | undefined;
}

/**
 * The records in the application's store, by stored id. A session that was destroyed is not stored again by a request
 * that had it before (B223–B228).
 */
export class Records {
  readonly #store: AnyStore;
  /** The store, or what calls it in its place. */
  readonly #calls: Calls;
  /** The own MemoryStore: it refuses destroyed sessions by itself (B223), and takes and gives JSON text. */
  readonly #memory: MemoryStore | undefined;
  /** Settled here, once (B009). */
  readonly canTouch: boolean;
  readonly storeKey: StoreKey;

  constructor(store: AnyStore, calls: Calls, storeKey: StoreKey) {
    this.#store = store;
    this.#calls = calls;
    this.storeKey = storeKey;
    this.#memory = store instanceof MemoryStore ? store : undefined;
    this.canTouch = typeof store.touch === 'function';
  }

  /** The id under which the store knows this session. @throws what signing or the `storeKey` option throws */
  idOf(identity: Identity): string {
    return identity.token?.storedId(this.storeKey) ?? this.toStoredId(identity.requireId());
  }

  /** The same for a token or whatever else stands for a session. @throws what the `storeKey` option throws */
  toStoredId(id: unknown): string {
    return toStoredId(id, this.storeKey);
  }

  /** What this process knows of the session stored under this id; undefined where nobody holds it. */
  knownLiveness(storedId: string): Liveness | undefined {
    return livenessIn(this.#store).get(storedId);
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
      (done) => this.#calls.store.get(storedId, done as never),
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
    saveRecord(this.#calls, { storedId, record, liveness, storeKey: this.storeKey }, done);
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
    callStore((callback_) => this.#calls.store.touch?.(storedId, record, callback_), done);
  }

  /** `destroy`, of what is stored under another id for the same session, or leads to it, as well. @throws what the store throws */
  remove(storedId: string, callback: ErrorCallback): void {
    const liveness = this.knownLiveness(storedId);
    if (liveness) liveness.destroyed = true;
    const leading = [liveness?.predecessor?.id, liveness?.forwardedBy].filter((id) => id !== undefined);
    trace('destroying %s', storedId);
    callStore(
      (done) => this.#calls.store.destroy(storedId, done),
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
      (done) => this.#calls.store.destroy(id, done),
      (failed) => {
        this.#destroyAll(others, error ?? failed, callback);
      },
    );
  }

  /** The session was destroyed while it was being stored: it goes again (B225, B226). */
  #undo(storedId: string, callback: WriteCallback): void {
    callStoreSafely(
      (done) => this.#calls.store.destroy(storedId, done),
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
      (done) => this.#calls.store.set(forwarding.id, forwarding.record, done),
      (error) => {
        if (error) finish(error);
        else remove();
      },
    );
  }
}
