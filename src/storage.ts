import type { SessionMaker } from './generate';
import { FollowingStore } from './following-store';
import { guardOf, type Update } from './guarantee';
import type { HashedStore } from './hashed-store';
import { type Config, createDefaultStore } from './options';
import { type Readiness, watchReadiness } from './readiness';
import { asSessionStore } from './session-store';
import type { Tokens } from './token';
import type { AnyStore, ErrorCallback, Guarantee } from './types';

/** Where a middleware keeps sessions. */
export interface Storage {
  readonly store: HashedStore;
  /** The application's store itself. */
  readonly origin: AnyStore;
  /** `req.sessionStore` */
  readonly sessionStore: object;
  readonly readiness: Readiness;
  readonly guarantee: Guarantee;
  /** Replaces a record only if it exists; undefined where the store cannot tell. */
  readonly update: Update | undefined;
  /** Whether there is no store: tokens are good by themselves, and nothing can be kept. */
  readonly isNone: boolean;
}

/**
 * The `store` option where it is given. Without it a MemoryStore, made when there is first a private key to issue tokens
 * with; and for those who have none, no store at all: they could put nothing into it.
 */
export class StorageChoice {
  readonly #open: (store: AnyStore) => Storage;
  /** The one place where all sessions are; undefined where there is no `store` option, or as yet no private key. */
  #stored: Storage | undefined;
  readonly #isGiven: boolean;
  #none: Storage | undefined;

  constructor({ store, tokens, provideTokens, guard }: Config, sessions: SessionMaker) {
    this.#open = (one) => open(one, guard, sessions);
    this.#isGiven = store !== undefined;
    const canIssue = tokens ? tokens.canIssue : !provideTokens;
    if (store) this.#stored = this.#open(store);
    else if (canIssue) this.#stored = this.#open(createDefaultStore());
  }

  /** What the store has told; a store that is not there cannot be down. */
  get isConnected(): boolean {
    return this.#stored?.readiness.isConnected ?? true;
  }

  /** Of the own MemoryStore where there is none, or none yet. */
  get guarantee(): Guarantee {
    return this.#stored?.guarantee ?? 'atomic';
  }

  /** For a request with these keys. */
  of(tokens: Tokens): Storage {
    if (!this.#isGiven && !tokens.canIssue) {
      return (this.#none ??= { ...this.#open(new NoStore()), isNone: true });
    }
    return (this.#stored ??= this.#open(createDefaultStore()));
  }
}

function open(store: AnyStore, wanted: Config['guard'], sessions: SessionMaker): Storage {
  const guard = guardOf(store, wanted);
  const hashed = new FollowingStore(store, guard, sessions);
  return {
    store: hashed,
    origin: store,
    sessionStore: asSessionStore(hashed, store),
    readiness: watchReadiness(store),
    guarantee: guard.guarantee,
    update: guard.update,
    isNone: false,
  };
}

/** Answers whatever asks for a store with the reason why there is none. */
class NoStore implements AnyStore {
  on(): this {
    return this;
  }

  get(_id: string, callback: ErrorCallback): void {
    refuse(callback);
  }

  set(_id: string, _record: unknown, callback: ErrorCallback): void {
    refuse(callback);
  }

  destroy(_id: string, callback: ErrorCallback): void {
    refuse(callback);
  }
}

function refuse(callback: ErrorCallback): void {
  const error = new Error(
    'store option: without it, and with keys that have no private key, this service verifies tokens, ' +
      'but cannot load, save or end a session',
  );
  setImmediate(callback, error);
}
