/** Decides whether and how far a response moves the expiry of its session (the `touch` option). */
import { SessionTypeError } from '../errors';
import { Cookie } from '../session/cookie';
import { managedOf, type Session } from '../session/session';
import type { SessionState } from '../session/session-state';
import type { RequestContext } from './context';

/**
 * Resets the expiry, once in a response, unless the stored one has to stay.
 *
 * @returns whether the stored expiry stays
 * @throws TypeError if it is no session
 */
export function resetExpiry(context: RequestContext, session: Session, state: SessionState): boolean {
  if (state.isTouched) return false;
  if (keepsExpiry(context, session, state)) return true;
  session.touch();
  state.isTouched = true;
  limitToEnd(context, session.cookie, state);
  return false;
}

/** Whether the stored expiry stays. It does not if the handler has set another lifetime, whatever the option says. */
function keepsExpiry(context: RequestContext, session: Session, state: SessionState): boolean {
  const isAsked = context.config.touch !== undefined && state.origin === 'loaded' && managedOf(session);
  return Boolean(isAsked) && !hasOtherLifetime(session.cookie, state) && !prolongs(context);
}

/** A copy of the session's cookie with its expiry reset. The session's own cookie does not change. */
export function renewedCookie(context: RequestContext, { cookie }: Session, state: SessionState): Cookie {
  const renewed = new Cookie(cookie);
  renewed.maxAge = renewed.originalMaxAge;
  limitToEnd(context, renewed, state);
  return renewed;
}

/** Moves the expiry back to the end that `absoluteTimeout` sets. `originalMaxAge` does not change. */
function limitToEnd({ config }: RequestContext, cookie: Cookie, state: SessionState): void {
  const end = config.rules.endOf(state.token?.authTime, state.created);
  const { _expires: expires } = cookie;
  if (end !== undefined && expires instanceof Date && expires.valueOf() > end) {
    cookie._expires = new Date(end);
  }
}

function hasOtherLifetime({ _expires: expires, originalMaxAge }: Cookie, state: SessionState): boolean {
  return (
    originalMaxAge !== state.before.cookie.originalMaxAge || timeOf(expires) !== timeOf(state.storedExpires)
  );
}

function timeOf(expires: unknown): unknown {
  return expires instanceof Date ? expires.valueOf() : expires;
}

/** Asks the application, once for each response. */
function prolongs(context: RequestContext): boolean {
  return (context.prolongs ??= ask(context));
}

/** Calls the `touch` option. If that fails the session is prolonged, so that no user is signed out by the mistake. */
function ask(context: RequestContext): boolean {
  let answer: unknown;
  try {
    answer = context.config.touch?.(context.req, context.res);
  } catch (error) {
    context.reportLate(error);
    return true;
  }
  if (typeof answer === 'boolean') return answer;
  const isPromise = typeof (answer as { then?: unknown } | null | undefined)?.then === 'function';
  // A rejection would end the process if nobody handled it.
  if (isPromise) Promise.resolve(answer).catch(() => undefined);
  const kind = isPromise ? 'a promise' : typeof answer;
  context.reportLate(
    new SessionTypeError(
      'ERR_SESSION_OPTION',
      `touch option: the function must return true or false; it returned ${kind}`,
    ),
  );
  return true;
}
