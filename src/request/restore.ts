/** Puts a stored record on a request as its session. */
import { restoreCookie } from '../session/cookie';
import { withoutState } from '../session/record-state';
import { Managed, Session } from '../session/session';
import type { SessionState } from '../session/session-state';
import { Store } from '../store/store';
import type { AnyStore, Request, SessionRecord } from '../types';
import type { RequestContext } from './context';

type Factory = (req: Request, record: SessionRecord) => Session;

/** @throws TypeError if the record has no cookie, and what a `createSession` of the application throws */
export function restoreSession(context: RequestContext, record: SessionRecord, state: SessionState): Session {
  const { req, repository, owner } = context;
  const override = overriddenIn(repository.store);
  let made: { cookie?: unknown } = record;
  if (override) made = override.call(repository.store, req, withoutState(record));
  const session = new Session(req, made, new Managed(owner, state));
  // Even a Cookie is copied, because the store may keep the object that it has answered.
  session.cookie = restoreCookie(made.cookie as object);
  req.session = session as never;
  return session;
}

/** The store's own `createSession`. Undefined if it is inherited from our base class or from that of express-session. */
export function overriddenIn(store: AnyStore): Factory | undefined {
  const { createSession } = store as { createSession?: Factory };
  if (typeof createSession !== 'function' || createSession === Store.prototype.createSession)
    return undefined;
  let owner: object | null = store;
  while (owner && !Object.hasOwn(owner, 'createSession'))
    owner = Object.getPrototypeOf(owner) as object | null;
  const isBase = owner !== null && Object.hasOwn(owner, 'load') && Object.hasOwn(owner, 'regenerate');
  return isBase ? undefined : createSession;
}
