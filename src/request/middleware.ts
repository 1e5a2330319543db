/** The way of a request to `next()`: checks, keys, candidates, store. What follows at the end of the response is in finish.ts. */
import { AsyncResource } from 'node:async_hooks';
import { SessionError } from '../errors';
import { check, type CheckedStorage } from '../check/check';
import { createWarning, debug, traceRequest, wantsDetails } from '../diagnostics';
import { isOnPath } from '../http/cookie-path';
import type { Carrier } from '../http/transports';
import { NoPrivateKeyError } from '../keys/key-ring';
import { type Config, createDefaultStore } from '../options/options';
import { managedOf, Session } from '../session/session';
import { restoreCookie } from '../session/cookie';
import type { SessionMaker } from '../store/request-store';
import { openNoStorage, openStorage, type Storage } from '../store/storage';
import type { Tokens } from '../token/token';
import type { Guarantee, Middleware, NextFunction, Request, RequestHandler, RequestLike } from '../types';
import { RequestContext } from './context';
import { findRawToken, readCandidates } from './credential';
import { Finder, noKeys } from './find';
import { generateSession } from './generate';
import { openSession } from './open';
import { contextOf, linkContext } from './request-link';
import { watchResponse } from './response';
import { restoreSession } from './restore';
import { SessionMethods } from './session-methods';

const warnOfTwoMiddlewares = createWarning(
  'WARN_SESSION_TWO_MIDDLEWARES',
  'two session middlewares run on one request: express-session, or another one, has set req.session before, so this one does ' +
    'nothing. Remove the other one',
);

export function createMiddleware(config: Config): Middleware {
  const storages = new Storages(config);

  const handle: RequestHandler = (req, res, next) => {
    if (req.session as unknown) {
      if (!managedOf(req.session)) warnOfTwoMiddlewares();
      next();
      return;
    }
    if (!storages.isConnected) {
      debug('store is disconnected');
      storages.probe();
      next();
      return;
    }
    let carrier: Carrier;
    try {
      carrier = config.transport(req);
      if (carrier.isCookie && !isOnPath(req, config.cookieOptions(req).path || '/')) {
        debug('pathname mismatch');
        next();
        return;
      }
    } catch (error) {
      next(error);
      return;
    }
    const candidates = readCandidates(config, req, carrier);
    const begin = (tokens: Tokens): void => {
      const { repository, requestStores, isNone } = storages.of(tokens);
      const context = new RequestContext(config, tokens, repository, isNone, req, res, next, carrier);
      context.owner = new SessionMethods(context);
      linkContext(req, context);
      req.sessionStore = requestStores.forRequest(context) as never;
      openSession(context, candidates, (error) => {
        if (error) fail(error, req, next);
        else {
          watchResponse(context);
          next();
        }
      });
    };
    if (config.tokens) begin(config.tokens);
    else if (!config.provideTokens) next(noKeys());
    else {
      // The provider may lose the AsyncLocalStorage context of the request.
      const asyncContext = new AsyncResource('express-session-jwt');
      config.provideTokens(req, findRawToken(candidates), (error, tokens) => {
        if (tokens) asyncContext.runInAsyncScope(begin, undefined, tokens);
        else asyncContext.runInAsyncScope(next, undefined, error);
      });
    }
  };
  const session: RequestHandler = (req, res, next) => {
    if (!wantsDetails()) handle(req, res, next);
    else {
      traceRequest(req, () => {
        handle(req, res, next);
      });
    }
  };
  const finder = new Finder(config, storages);
  Object.defineProperty(session, 'find', {
    value: (request: RequestLike) => finder.find(request),
    enumerable: true,
  });
  Object.defineProperty(session, 'guarantee', { get: () => storages.guarantee, enumerable: true });
  Object.defineProperty(session, 'store', { get: () => storages.requestStore, enumerable: true });
  Object.defineProperty(session, 'check', { value: () => check(config, storages.checked) });
  return session as Middleware;
}

function fail(error: unknown, req: Request, next: NextFunction): void {
  Reflect.deleteProperty(req, 'session');
  next(error);
}

/** The text of the token of the session on a request. */
export function tokenOf(req: Request): string | undefined {
  const session: unknown = req.session;
  return managedOf(session)?.owner.tokenOf(session as Session)?.text;
}

/**
 * Chooses the storage of a request. It is the `store` option if that is given. Otherwise it is a MemoryStore, made as soon as
 * there is a private key. Requests whose keys only verify get no store then, because they could store nothing.
 */
class Storages {
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
