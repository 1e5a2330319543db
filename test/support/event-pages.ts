// The pages at which sessions begin, change hands and end, for the tests of what is told about that.
import { createHash } from 'node:crypto';
import type { Request } from 'express';
import type { Gate } from './gate';
import { logOut, slowly, unset } from './pages';
import { legacySecret } from './legacy';
import type { Handler, Options } from './server';
import { answer, data, serve, type Site } from './site';
import type { ForeignStore } from './stores';

/** The name of a session, as docs/observability.md says how to compute it. */
export const nameOf = (id: string) =>
  createHash('sha256').update(`event:${id}`).digest('base64url').slice(0, 16);

/** The user is in the query: `/sign-in?ann`. */
const userIn = (req: Request) => (req.url || '').split('?')[1];

export const userClaims = (req: Request) => {
  const { user, role } = (req as { session?: { user?: string; role?: string } }).session ?? {};
  return user === undefined ? null : { sub: user, role };
};

const write: Handler = (req, res) => {
  data(req).hits = Number(data(req).hits ?? 0) + 1;
  res.end();
};

const signIn: Handler = (req, res) => {
  data(req).user = userIn(req);
  res.end();
};

export function eventPages(slow: Gate): Record<string, Handler> {
  return {
    '/write': write,
    '/sign-in': signIn,
    '/role': (req, res) => {
      data(req).role = userIn(req);
      res.end();
    },
    '/regenerate': async (req, res) => {
      await req.session.regenerate();
      signIn(req, res);
    },
    '/renew': async (req, res) => {
      await req.session.renewToken();
      res.end();
    },
    '/logout': logOut,
    '/unset': unset,
    '/store-destroy': async (req, res) => {
      await answer((done) => req.sessionStore.destroy(req.sessionID, done));
      res.end();
    },
    '/slow-write': slowly(slow, write),
    '/slow-sign-in': slowly(slow, signIn),
  };
}

/** A site with these pages on this store, whose claims are those of the user. */
export function startEventSite(store: ForeignStore, slow: Gate, options: Options = {}): Promise<Site> {
  return serve({ store, jwtFromReq: userClaims, secret: legacySecret, ...options }, eventPages(slow));
}
