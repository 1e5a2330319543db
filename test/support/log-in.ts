/** How a user signs in, in the two ways that applications have: onto the request, as Passport does, and into the session. */
import type { Request } from 'express';
import type { Handler } from './server';
import { countHits, data } from './site';

/** Puts a user onto the request, as Passport does. */
export function logIn(req: Request, user: unknown = 101): void {
  Object.assign(req, { user });
}

export const logInAndCount: Handler = (req, res) => {
  logIn(req);
  return countHits(req, res);
};

/** Claims from what earlier middleware or the handler left in `req.user`, as Passport does. */
export const userClaims = (req: Request) => ('user' in req ? { user_id: req.user } : null);

/** Puts a user, and something that nobody else may see, into the session. */
export function signIn(req: Request, user = 'victim'): void {
  data(req).user = user;
  data(req).secret = 'of the victim';
}

/** Signs Ada in and counts the hit. */
export const signInAndCount: Handler = (req, res) => {
  data(req).user = 'ada';
  return countHits(req, res);
};

/** The claims of a session that `signIn` has changed. */
export function signedInClaims(req: object): object | null {
  const { session: current } = req as { session?: { user?: unknown } };
  return current?.user === undefined ? null : { user: current.user };
}

/** Says whose session this is. */
export const who: Handler = (req, res) => res.end(String(data(req).user));
