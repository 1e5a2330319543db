/** The way of a request to `next()`: checks, keys, candidates, store. What follows at the end of the response is in finish.ts. */
import { AsyncResource } from 'node:async_hooks';
import { check } from '../check/check';
import { createWarning, debug, traceRequest, wantsDetails } from '../diagnostics';
import { isOnPath } from '../http/cookie-path';
import type { Carrier } from '../http/transports';
import { keysRequired } from '../keys/key-ring';
import type { Config } from '../options/options';
import { managedOf, type Session } from '../session/session';
import type { Tokens } from '../token/token';
import type { Middleware, NextFunction, Request, RequestHandler, RequestLike } from '../types';
import { beginContext } from './begin-context';
import { type Candidate, findRawToken, readCandidates } from './credential';
import { Finder } from './find';
import { openSession } from './open';
import { watchResponse } from './response';
import { SessionMethods } from './session-methods';
import { Storages } from './storages';

const warnOfTwoMiddlewares = createWarning(
  'WARN_SESSION_TWO_MIDDLEWARES',
  'two session middlewares run on one request: express-session, or another one, has set req.session before, so this one does ' +
    'nothing. Remove the other one',
);

export function createMiddleware(config: Config): Middleware {
  const storages = new Storages(config);
  const handle = createHandler(config, storages);
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

function createHandler(config: Config, storages: Storages): RequestHandler {
  return (req, res, next) => {
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
    chooseTokens(config, req, candidates, next, (tokens) => {
      const context = beginContext(config, storages.of(tokens), tokens, req, res, next, carrier);
      context.owner = new SessionMethods(context);
      openSession(context, candidates, (error) => {
        if (error) fail(error, req, next);
        else {
          watchResponse(context);
          next();
        }
      });
    });
  };
}

/** Begins with the keys of the request. If there are none, the error goes to `next`. */
function chooseTokens(
  { tokens, provideTokens }: Config,
  req: Request,
  candidates: readonly Candidate[],
  next: NextFunction,
  begin: (tokens: Tokens) => void,
): void {
  if (tokens) begin(tokens);
  else if (!provideTokens) next(keysRequired());
  else {
    // The provider may lose the AsyncLocalStorage context of the request.
    const asyncContext = new AsyncResource('express-session-jwt');
    provideTokens(req, findRawToken(candidates), (error, provided) => {
      if (provided) asyncContext.runInAsyncScope(begin, undefined, provided);
      else asyncContext.runInAsyncScope(next, undefined, error);
    });
  }
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
