import parseurl = require('parseurl');
import { pathMatches } from '../session/cookie';
import { type Credential, findRawToken, readCredential } from './credential';
import { debug } from '../diagnostics';
import { generateSession } from './generate';
import { NoPrivateKeyError } from '../keys/key-ring';
import { loadSession, type Source } from './open';
import type { Config } from '../options/options';
import { type Origin, RequestState } from './request-state';
import { patchResponse } from './response';
import { identityOf } from '../session/session';
import { StorageChoice } from '../storage';
import type { Tokens } from '../token/token';
import type { Carrier } from '../http/transports';
import type { Middleware, NextFunction, Request, RequestHandler, Response } from '../types';

/**
 * The way of a request: skip checks, keys, cookie, store, `next()`. What follows when the response ends is in ending.ts.
 */
export function createMiddleware(config: Config): Middleware {
  /** Beside the request: nothing on it leads to keys. */
  const tokensOf = new WeakMap<Request, Tokens>();
  const storages = new StorageChoice(config, {
    generate: (req) => {
      const tokens = config.tokens ?? tokensOf.get(req);
      if (!tokens) throw new Error('keys: this request did not come through the session middleware');
      generateSession(config, tokens, req);
    },
    refusal: (req) => {
      const tokens = config.tokens ?? tokensOf.get(req);
      return tokens?.canIssue === false ? new NoPrivateKeyError() : undefined;
    },
  });

  const session: RequestHandler = (req, res, next) => {
    if (req.session as unknown) {
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
    let isOnPath: boolean;
    try {
      carrier = config.transport(req);
      isOnPath = !carrier.isCookie || isOnCookiePath(config, req);
    } catch (error) {
      next(error);
      return;
    }
    if (!isOnPath) {
      debug('pathname mismatch');
      next();
      return;
    }
    if (config.tokens) {
      find({ config, tokens: config.tokens, storage: storages.of(config.tokens), req, carrier }, res, next);
      return;
    }
    if (!config.provideTokens) {
      next(new Error('keys option required for sessions'));
      return;
    }
    config.provideTokens(req, findRawToken(config, req, carrier), (error, tokens) => {
      if (!tokens) {
        next(error);
        return;
      }
      tokensOf.set(req, tokens);
      find({ config, tokens, storage: storages.of(tokens), req, carrier }, res, next);
    });
  };
  Object.defineProperty(session, 'guarantee', { value: storages.guarantee, enumerable: true });
  return session as Middleware;
}

/** Looks for the session that the request's cookie names. */
function find(source: Source, res: Response, next: NextFunction): void {
  const { config, tokens, storage, req, carrier } = source;
  req.sessionStore = storage.sessionStore as never;
  let credential: Credential | undefined;
  try {
    credential = readCredential(config, tokens, req, carrier);
  } catch (error) {
    // Of a `req.secret` that is none; what a client sends throws nothing.
    next(error);
    return;
  }
  if (!credential) {
    begin(source, 'new', false, res, next);
    return;
  }
  loadSession(source, credential, (error, origin, text) => {
    if (error) fail(error, req, next);
    else begin(source, origin ?? 'new', true, res, next, text);
  });
}

/** @throws what a cookie option that is a function throws */
function isOnCookiePath(config: Config, req: Request): boolean {
  const path = config.cookieOptions(req).path || '/';
  // Most cookies are for all paths. Parsing leaves its result on the request, 4 % of a visit under Express.
  const asked = (req.originalUrl || req.url) as string | undefined;
  if (path === '/' && asked?.startsWith('/')) return true;
  return pathMatches(parseurl.original(req)?.pathname ?? '/', path);
}

/** The session is there, or is generated now; from here on the response takes care of it. */
function begin(
  source: Source,
  origin: Origin,
  hasCredential: boolean,
  res: Response,
  next: NextFunction,
  text?: string,
): void {
  const { config, tokens, req } = source;
  let state: RequestState;
  try {
    const claims =
      origin === 'new'
        ? generateSession(config, tokens, req)
        : config.readClaims(req, identityOf(req.session).signedToken);
    state = new RequestState(source, origin, text, hasCredential, claims, res, next);
  } catch (error) {
    fail(error, req, next);
    return;
  }
  patchResponse(state);
  next();
}

function fail(error: unknown, req: Request, next: NextFunction): void {
  Reflect.deleteProperty(req, 'session');
  next(error);
}
