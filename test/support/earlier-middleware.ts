// Middleware that ran before ours and left something on the request or the response.
import type { RequestHandler } from 'express';
import session from '../../src';
import { keys } from './keys';
import { type Handler, type Options, serverOf } from './server';
import { open, type Site } from './site';

/** A site whose middleware finds what `before` has left. */
export function serveAfter(before: RequestHandler, options: Options, handler: Handler): Promise<Site> {
  const middleware = session({ keys, ...options } as session.SessionOptions);
  const both: RequestHandler = (req, res, next) => {
    void before(req, res, () => {
      void middleware(req, res, next);
    });
  };
  return open(serverOf(both, handler));
}

/** Puts these members on the request. */
export function adding(members: object): RequestHandler {
  return (req, _res, next) => {
    Object.assign(req, members);
    next();
  };
}
