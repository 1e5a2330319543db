/** Chooses where the sessions of a request are: in the application's store, in a MemoryStore, or nowhere. */
import type { CheckedStorage } from '../check/check';
import { SessionError } from '../errors';
import { NoPrivateKeyError } from '../keys/key-ring';
import { type Config, createDefaultStore } from '../options/options';
import { restoreCookie } from '../session/cookie';
import { Session } from '../session/session';
import type { SessionMaker } from '../store/request-store';
import { openNoStorage, openStorage, type Storage } from '../store/storage';
import type { Tokens } from '../token/token';
import type { Guarantee } from '../types';
import { generateSession } from './generate';
import { contextOf } from './request-link';
import { restoreSession } from './restore';

/**
 * Chooses the storage of a request. It is the `store` option if that is given. Otherwise it is a MemoryStore, made as soon as
 * there is a private key. Requests whose keys only verify get no store then, because they could store nothing.
 */
export class Storages {
  readonly #config: Config;
  /** Holds all sessions. Undefined while there is neither a `store` option nor a private key. */
  #stored: Storage | undefined;
  #none: Storage | undefined;

  constructor(config: Config) {
    this.#config = config;
    const { store, tokens, provideTokens } = config;
    const canIssue = tokens ? tokens.canIssue : !provideTokens;
    if (store ?? canIssue) this.#stored = this.#open();
  }

  /** Whether the store can be used. True where there is none. */
  get isConnected(): boolean {
    return this.#stored?.readiness.isConnected ?? true;
  }

  /** Asks a store that is not connected whether it answers again, but not at each request. */
  probe(): void {
    this.#stored?.readiness.probe();
  }

  get guarantee(): Guarantee {
    return this.#stored?.repository.guarantee ?? 'in this process';
  }

  /** The store that `check` tries. Undefined where there is none. */
  get checked(): CheckedStorage | undefined {
    const { guarantee, isConnected } = this;
    return this.#stored && { store: this.#stored.repository.store, guarantee, isConnected };
  }

  get requestStore(): object {
    return (this.#stored ?? this.#storeless).requestStores.outside;
  }

  /** The storage for a request with these keys. */
  of(tokens: Tokens): Storage {
    if (!this.#config.store && !tokens.canIssue) return this.#storeless;
    return (this.#stored ??= this.#open());
  }

  get #storeless(): Storage {
    return (this.#none ??= openNoStorage(sessionMaker));
  }

  #open(): Storage {
    const { store, storeTimeout } = this.#config;
    return openStorage(store ?? createDefaultStore(), storeTimeout, sessionMaker);
  }
}

const sessionMaker: SessionMaker = {
  generate: (req) => {
    const context = contextOf(req);
    if (!context)
      throw new SessionError(
        'ERR_SESSION_NO_REQUEST',
        'sessionStore.generate: this request did not come through the session middleware',
      );
    generateSession(context, 'regenerated');
  },
  refusal: (req) => (contextOf(req)?.tokens.canIssue === false ? new NoPrivateKeyError() : undefined),
  restore: (req, record) => {
    const context = contextOf(req);
    if (context) return restoreSession(context, record, context.current);
    const session = new Session(req, record);
    session.cookie = restoreCookie(record.cookie);
    req.session = session as never;
    return session;
  },
};
