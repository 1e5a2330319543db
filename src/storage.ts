import type { SessionMaker } from './request/generate';
import { FollowingRecords } from './following-records';
import { guardOf } from './store/guarantee';
import { HashedStore } from './hashed-store';
import { type Config, createDefaultStore } from './options/options';
import { type Readiness, watchReadiness } from './store/readiness';
import type { Calls, Records } from './store/records';
import { asSessionStore } from './store/request-store';
import { inTime } from './store/timed-store';
import type { Tokens } from './token/token';
import type { AnyStore, ErrorCallback, Guarantee } from './types';

/** Where a middleware keeps sessions. */
export interface Storage {
  readonly records: Records;
  /** The store as the application speaks to it. */
  readonly store: HashedStore;
  /** The application's store itself. */
  readonly origin: AnyStore;
  /** `req.sessionStore` */
  readonly sessionStore: object;
  readonly readiness: Readiness;
  readonly guarantee: Guarantee;
  /** How the application's store is called: in the time that `storeTimeout` gives it. */
  readonly calls: Calls;
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

  constructor(config: Config, sessions: SessionMaker) {
    const { store, tokens, provideTokens } = config;
    this.#open = (one) => open(one, config, sessions);
    this.#isGiven = store !== undefined;
    const canIssue = tokens ? tokens.canIssue : !provideTokens;
    if (store) this.#stored = this.#open(store);
    else if (canIssue) this.#stored = this.#open(createDefaultStore());
  }

  /** Whether the store can be used; a store that is not there cannot be down. */
  get isConnected(): boolean {
    return this.#stored?.readiness.isConnected ?? true;
  }

  /** Looks, now and then, whether a store that is not connected answers again. */
  probe(): void {
    this.#stored?.readiness.probe();
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

function open(store: AnyStore, config: Config, sessions: SessionMaker): Storage {
  const { guarantee, update } = guardOf(store, config.guard);
  const calls = config.storeTimeout ? inTime(store, update, config.storeTimeout) : { store, update };
  const records = new FollowingRecords(store, calls, config.storeKey);
  const hashed = new HashedStore(store, records, sessions);
  return {
    records,
    store: hashed,
    origin: store,
    sessionStore: asSessionStore(hashed, store),
    readiness: watchReadiness(store),
    guarantee,
    calls,
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
