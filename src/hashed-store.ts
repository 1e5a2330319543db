import { debug } from './diagnostics';
import type { Identity } from './identity';
import { Liveness, livenessIn } from './liveness';
import { MemoryStore } from './memory-store';
import { internalsOf, Session } from './session';
import { toRecord } from './snapshot';
import { Store } from './store';
import { callStore, callStoreSafely } from './store-call';
import { abbreviate, toStoredId } from './stored-id';
import type { AnyStore, ErrorCallback, Request, SessionRecord } from './types';

type GetCallback = (error?: unknown, record?: SessionRecord | null) => void;

/** Tells beside the error whether the record was stored: a later step may have failed all the same. */
type SetCallback = (error?: unknown, stored?: boolean) => void;

/**
 * The application's store, spoken to in tokens: the only place where a token becomes a digest on its way to a store.
 * A session that was destroyed is not stored again by a request that had it before (B223–B228).
 */
export class HashedStore extends Store {
  readonly #store: AnyStore;
  readonly #generate: (req: Request) => void;
  /** The own MemoryStore refuses destroyed sessions by itself (B223). */
  readonly #isGuarded: boolean;
  declare touch?: (id: unknown, session: SessionRecord, callback?: ErrorCallback) => void;

  /** Whether `touch` exists is settled here, once (B009). */
  constructor(store: AnyStore, generate: (req: Request) => void) {
    super();
    this.#store = store;
    this.#generate = generate;
    this.#isGuarded = !(store instanceof MemoryStore);
    if (store.touch) this.touch = this.#touch.bind(this);
  }

  /** The session stored under this token, as this process knows it. Hold it as long as the session may be stored. */
  livenessOf(id: string): Liveness {
    return livenessIn(this.#store).obtain(toStoredId(id), () => new Liveness());
  }

  override get(id: unknown, callback: GetCallback): void {
    this.getStored(toStoredId(id), callback);
  }

  /** The record under an id as the store knows it: a digest, or a legacy id. */
  getStored(storedId: string, callback: GetCallback): void {
    callStoreSafely<SessionRecord | null>((done) => this.#store.get(storedId, done as never), callback);
  }

  /** A stored record as the request's session; `identity`: that of the session it takes the place of. */
  override createSession(req: Request, record: SessionRecord, identity?: Identity): Session {
    return super.createSession(req, record, identity ?? internalsOf(req.session)?.identity);
  }

  /** @throws what the store throws */
  override set(id: unknown, session: SessionRecord | Session, callback: SetCallback = noop): void {
    const storedId = toStoredId(id);
    const liveness = livenessIn(this.#store).obtain(storedId, () => new Liveness());
    const internals = internalsOf(session);
    if (internals) internals.identity.liveness = liveness;
    if (this.#isGuarded && liveness.isDead) {
      debug('not saving destroyed session %s', abbreviate(storedId));
      setImmediate(callback, undefined, false);
      return;
    }
    debug('saving %s', abbreviate(storedId));
    const record = session instanceof Session ? toRecord(session) : session;
    if (!liveness.isStored) liveness.whenStored ??= [];
    callStore(
      (done) => this.#store.set(storedId, record, done),
      (error) => {
        liveness.isStored ||= !error;
        const waiting = liveness.whenStored?.splice(0);
        liveness.whenStored = undefined;
        waiting?.forEach((one) => {
          one(error);
        });
        if (error) callback(error, false);
        else if (liveness.isDead) this.#undo(storedId, callback);
        else {
          this.#retirePredecessor(liveness, (failed) => {
            callback(failed, true);
          });
        }
      },
    );
  }

  /** As `set`, unless an overlapping request has stored the same session by then: what it has changed stays. */
  setOnce(id: string, session: Session, callback: SetCallback): void {
    const liveness = this.livenessOf(id);
    if (liveness.isStored) {
      callback(undefined, true);
      return;
    }
    if (!liveness.whenStored) {
      this.set(id, session, callback);
      return;
    }
    const record = toRecord(session);
    liveness.whenStored.push((error) => {
      if (error) this.setLater(id, record, callback);
      else callback(undefined, true);
    });
  }

  /** As `set`, for a time when nobody could catch what the store throws: that is its answer. */
  setLater(id: string, record: SessionRecord, callback: SetCallback): void {
    callStoreSafely((done) => {
      this.set(id, record, done);
    }, callback);
  }

  /** @throws what the store throws */
  override destroy(id: unknown, callback: ErrorCallback = noop): void {
    if (typeof id !== 'string') {
      // A session that has no id, because there is no private key to issue one, was never stored.
      setImmediate(callback);
      return;
    }
    const storedId = toStoredId(id);
    const liveness = livenessIn(this.#store).get(storedId);
    if (liveness) liveness.destroyed = true;
    const predecessor = liveness?.predecessor;
    debug('destroying %s', abbreviate(storedId));
    callStore(
      (done) => this.#store.destroy(storedId, done),
      (error) => {
        debug('destroyed %s', abbreviate(storedId));
        if (!predecessor) {
          callback(error);
          return;
        }
        callStoreSafely(
          (done) => this.#store.destroy(predecessor.id, done),
          (failed) => {
            callback(error ?? failed);
          },
        );
      },
    );
  }

  /** @throws Error if there is no private key to issue the new session's token with */
  override generate(req: Request): void {
    this.#generate(req);
  }

  #touch(id: unknown, session: SessionRecord | Session, callback: ErrorCallback = noop): void {
    const storedId = toStoredId(id);
    const liveness = this.livenessOf(storedId);
    if (this.#isGuarded && liveness.isDead) {
      setImmediate(callback);
      return;
    }
    debug('touching %s', abbreviate(storedId));
    const record = session instanceof Session ? toRecord(session) : session;
    callStore(
      (done) => this.#store.touch?.(storedId, record, done),
      (error) => {
        debug('touched %s', abbreviate(storedId));
        if (this.#isGuarded && liveness.isDead) this.#undo(storedId, callback);
        else callback(error);
      },
    );
  }

  /** The session was destroyed while it was being stored: it goes again (B225, B226). */
  #undo(storedId: string, callback: SetCallback): void {
    callStoreSafely(
      (done) => this.#store.destroy(storedId, done),
      (error) => {
        callback(error, false);
      },
    );
  }

  /** Record first, retire after: until the forwarding record is stored, the old id goes on working (B232, B237). */
  #retirePredecessor(liveness: Liveness, callback: ErrorCallback): void {
    const { predecessor } = liveness;
    if (!predecessor) {
      callback();
      return;
    }
    liveness.predecessor = undefined;
    const finish: ErrorCallback = (error) => {
      if (error) liveness.predecessor = predecessor;
      callback(error);
    };
    const retire = () => {
      try {
        this.destroy(predecessor.id, finish);
      } catch (error) {
        finish(error);
      }
    };
    const { forwarding } = predecessor;
    if (!forwarding) {
      retire();
      return;
    }
    callStoreSafely(
      (done) => this.#store.set(forwarding.id, forwarding.record, done),
      (error) => {
        if (error) finish(error);
        else retire();
      },
    );
  }
}

function noop(): void {
  // Every call of a store gets a callback (B131).
}

const TAKES_TOKENS = new Set<PropertyKey>([
  'get',
  'set',
  'touch',
  'destroy',
  'load',
  'regenerate',
  'generate',
  'createSession',
]);

/**
 * The store as the application sees it, `req.sessionStore`: methods that take ids take tokens, everything else is the
 * store's own, with the store itself as `this` (B175).
 */
export function asSessionStore(hashed: HashedStore, store: AnyStore): object {
  // Not the store itself as target: a proxy may not answer otherwise for the members of a frozen object.
  const target = Object.create(Object.getPrototypeOf(store) as object | null) as object;
  return new Proxy(target, {
    get(_, name) {
      const owner = TAKES_TOKENS.has(name) ? hashed : store;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === 'function' ? (value.bind(owner) as unknown) : value;
    },
    set: (_, name, value) => Reflect.set(store, name, value, store),
    has: (_, name) => TAKES_TOKENS.has(name) || name in store,
  });
}
