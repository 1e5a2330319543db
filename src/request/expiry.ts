/** Whether and how far a response moves the expiry of its session: the option `touch` decides. */
import { SessionTypeError } from '../errors';
import { Cookie } from '../session/cookie';
import { managedOf, type Session } from '../session/session';
import type { SessionState } from '../session/session-state';
import type { RequestContext } from './context';

/** Resets the expiry, the first time in a response, unless it stays. */
export function touchOnce(context: RequestContext, session: Session, state: SessionState): void {
  if (state.isTouched || keepsExpiry(context, session, state)) return;
  session.touch();
  state.isTouched = true;
  limitToEnd(context, session.cookie, state);
}

/** Whether the expiry stays as it is stored. A lifetime that the handler has set counts, whatever the application says. */
export function keepsExpiry(context: RequestContext, session: Session, state: SessionState): boolean {
  const isAsked = context.config.touch !== undefined && state.origin === 'loaded' && managedOf(session);
  return Boolean(isAsked) && !hasOtherLifetime(session.cookie, state) && !prolongs(context);
}

/** The session's cookie with its expiry reset, while the session has it as it was. */
export function renewedCookie(context: RequestContext, { cookie }: Session, state: SessionState): Cookie {
  const renewed = new Cookie(cookie);
  renewed.maxAge = renewed.originalMaxAge;
  limitToEnd(context, renewed, state);
  return renewed;
}

/** No record shall outlive its session. The lifetime as it was set stays what it is. */
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

/** The application is asked once for each response. */
function prolongs(context: RequestContext): boolean {
  return (context.prolongs ??= ask(context));
}

/** Where the application's function is at fault the session is prolonged: nobody is to be signed out for that. */
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
  // Nobody else would handle its rejection.
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
