/** Pages on which users sign in, over to another account, and out, all by what is in the session. */
import type { Handler } from './server';
import { countHits, data } from './site';

export const login =
  (user: string | undefined): Handler =>
  (req, res) => {
    data(req).user = user;
    return countHits(req, res);
  };

export const signInPages: Record<string, Handler> = {
  '/': countHits,
  '/login': login('ada'),
  '/switch': login('bob'),
  '/sign-out': login(undefined),
  '/id': (req, res) => res.end(`${req.sessionID} ${req.session.id}`),
  '/renew': async (req, res) => {
    await req.session.renewToken();
    res.end();
  },
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    data(req).user = 'ada';
    res.end();
  },
};
