// Pages that many tests serve: they end a session in one of the usual ways, or wait before they answer.
import type { Gate } from './gate';
import { signInAndCount } from './log-in';
import type { Handler } from './server';
import { countHits, showHits } from './site';

export const logOut: Handler = async (req, res) => {
  await req.session.destroy();
  res.end('bye');
};

export const regenerate: Handler = async (req, res) => {
  await req.session.regenerate();
  res.end();
};

/** Takes the session off the request, which `unset: 'destroy'` destroys. */
export const unset: Handler = (req, res) => {
  Object.assign(req, { session: null });
  res.end();
};

/** Waits at the gate, with the session loaded, and then does what another page does. */
export function slowly(slow: Pick<Gate, 'pass'>, page: Handler): Handler {
  return async (req, res) => {
    await slow.pass();
    return page(req, res);
  };
}

/** Pages for a request that waits with a session loaded, and for others that change or end the session meanwhile. */
export function meanwhilePages(slow: Gate): Record<string, Handler> {
  return {
    '/': countHits,
    '/look': showHits,
    '/slow-look': slowly(slow, showHits),
    '/login': signInAndCount,
    '/logout': logOut,
    '/regenerate': regenerate,
  };
}
