import parseurl = require('parseurl');
import { pathMatches } from './cookie';
import { type Credential, readCredential } from './credential';
import { debug } from './diagnostics';
import { generateSession } from './generate';
import { guardOf } from './guarantee';
import { HashedStore } from './hashed-store';
import { loadSession, type Source } from './load';
import type { Config } from './options';
import { watchReadiness } from './readiness';
import { type Origin, RequestState } from './request-state';
import { patchResponse } from './response';
import { asSessionStore } from './session-store';
import type { Middleware, NextFunction, Request, RequestHandler, Response } from './types';

/** The way of a request: skip checks, cookie, store, `next()`. What follows when the response ends is in ending.ts. */
export function createMiddleware(config: Config): Middleware {
  const { tokens } = config;
  const readiness = watchReadiness(config.store);
  const guard = guardOf(config.store, config.guard);
  const store = new HashedStore(config.store, guard, (req) => {
    if (tokens) generateSession(config, tokens, req);
  });
  const sessionStore = asSessionStore(store, config.store);

  const session: RequestHandler = (req, res, next) => {
    if (req.session as unknown) {
      next();
      return;
    }
    if (!readiness.isConnected) {
      debug('store is disconnected');
      next();
      return;
    }
    let isOnPath: boolean;
    try {
      isOnPath = isOnCookiePath(config, req);
    } catch (error) {
      next(error);
      return;
    }
    if (!isOnPath) {
      debug('pathname mismatch');
      next();
      return;
    }
    if (!tokens) {
      next(new Error('keys option required for sessions'));
      return;
    }
    req.sessionStore = sessionStore as never;
    const source: Source = { config, tokens, store, req };
    let credential: Credential | undefined;
    try {
      credential = readCredential(config, tokens, req);
    } catch (error) {
      // Of a `req.secret` that is none; what a client sends throws nothing.
      next(error);
      return;
    }
    if (!credential) {
      begin(source, 'new', res, next);
      return;
    }
    loadSession(source, credential, (error, origin, text) => {
      if (error) fail(error, req, next);
      else begin(source, origin ?? 'new', res, next, text);
    });
  };
  Object.defineProperty(session, 'guarantee', { value: guard.guarantee, enumerable: true });
  return session as Middleware;
}

/** @throws what a cookie option that is a function throws */
function isOnCookiePath(config: Config, req: Request): boolean {
  const { path } = config.cookieOptions(req);
  return pathMatches(parseurl.original(req)?.pathname ?? '/', path || '/');
}

/** The session is there, or is generated now; from here on the response takes care of it. */
function begin(source: Source, origin: Origin, res: Response, next: NextFunction, text?: string): void {
  const { config, tokens, req } = source;
  let state: RequestState;
  try {
    const claims = origin === 'new' ? generateSession(config, tokens, req) : config.readClaims(req);
    state = new RequestState(source, origin, text, claims, res, next);
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
