/** Describes the session on a request as it is now, for decide.ts. */
import { createWarning, debug } from '../diagnostics';
import { isShared } from '../http/cache-control';
import { areHeadersTaken } from '../http/response-kind';
import { isSecure } from '../http/secure-connection';
import type { Cookie } from '../session/cookie';
import type { Session } from '../session/session';
import type { SessionState } from '../session/session-state';
import { type Snapshot, takeSnapshot } from '../session/snapshot';
import type { Response } from '../types';
import { claimsNow } from './claims-now';
import type { RequestContext } from './context';
import type { Now } from './decide';
import { renewedCookie, resetExpiry } from './expiry';
import { hasUsableSessionID } from './request-link';

const warnOfPlainConnection = createWarning(
  'WARN_SESSION_PLAIN_CONNECTION',
  'the session cookie is secure and the connection is not, so no cookie is sent and nobody stays signed in. Behind a proxy ' +
    "that ends TLS: app.set('trust proxy', 1), or the proxy option. Without TLS, as in development: cookie: { secure: 'auto' }",
);

/**
 * When the session is observed.
 *
 * headers: the headers of a stream are due.
 * end: a stream ends, whose headers have left before.
 * whole: the response is sent by one `end`.
 */
export type Moment = 'headers' | 'end' | 'whole';

/** A session, and all that decisions about it need. */
export interface Observed {
  /** The session, or another object with its data, for the store. */
  readonly source: object;
  readonly cookie: Cookie;
  /** The cookie with the expiry that was loaded, if the stored expiry has to stay. */
  readonly kept: Cookie | undefined;
  readonly state: SessionState;
  readonly now: Now;
  /** The error of jwtFromReq. If there is one, the claims are not known, and no token is made. */
  readonly claimsError: unknown;
}

/**
 * The session, with its expiry reset. Undefined if there is none to store or to send.
 *
 * @param then the session as it was when the response ended, if that was earlier. Later changes do not count
 * @throws TypeError if `req.session` is no session, or if its data cannot be expressed in JSON
 */
export function observe(context: RequestContext, moment: Moment, then?: Snapshot): Observed | undefined {
  const { req } = context;
  if (!(req.session as unknown)) {
    debug('no session');
    return undefined;
  }
  const session = req.session as unknown as Session;
  const state = context.stateOf(session);
  // This comes first, because it throws if `req.session` is no session.
  const keepsExpiry = resetExpiry(context, session, state);
  if (state.origin === 'verified') {
    debug('no store: session not saved');
    return undefined;
  }
  if (!state.id.isUsable || !hasUsableSessionID(req)) {
    debug('bogus session id');
    return undefined;
  }
  const observed = observeSession(context, session, state, keepsExpiry, moment, then);
  if (!then) return observed;
  return { ...observed, source: { cookie: observed.cookie, ...(JSON.parse(then.data) as object) } };
}

/** In the middle of the request. @throws TypeError if its data cannot be expressed in JSON */
export function observeNow(context: RequestContext, session: Session, state: SessionState): Observed {
  return observeSession(context, session, state, resetExpiry(context, session, state));
}

/** @param moment undefined: in the middle of the request */
function observeSession(
  context: RequestContext,
  session: Session,
  state: SessionState,
  keepsExpiry: boolean,
  moment?: Moment,
  then?: Snapshot,
): Observed {
  const cookie = keepsExpiry ? renewedCookie(context, session, state) : session.cookie;
  const snapshot = then ?? takeSnapshot(session, undefined, state.before);
  let claims = state.claims;
  let claimsError: unknown;
  if (context.config.hasClaims) {
    try {
      claims = claimsNow(context, state.token);
    } catch (error) {
      claimsError = error;
    }
  }
  const canSend = claimsError === undefined && canCarry(context, cookie, moment);
  const { token } = state;
  const isTokenDue = token !== undefined && token.dueAt <= Date.now();
  // Most responses need no new token, so only the others are checked for shared caches.
  const tokenClaims = token?.claims.text;
  const mayNeedToken = isTokenDue || !state.isSent || claims !== tokenClaims;
  return {
    source: session,
    cookie,
    kept: keepsExpiry ? session.cookie : undefined,
    state,
    claimsError,
    now: {
      snapshot,
      claims,
      tokenClaims,
      isTokenDue,
      keepsExpiry,
      expires: cookie._expires instanceof Date ? cookie._expires.valueOf() : undefined,
      hasExpires: (cookie._expires ?? undefined) !== undefined,
      canSend,
      canRefresh: mayNeedToken && canSend && context.tokens.canIssue && !isShared(context.res),
      time: state.headersWrittenAt === undefined ? 0 : performance.now(),
    },
  };
}

/** Whether the response can carry a token. Not if the cookie is secure and the connection is not, nor without headers. */
function canCarry(
  { carrier, config, req, res, headersAreOut }: RequestContext,
  cookie: Cookie,
  moment: Moment | undefined,
): boolean {
  const { setHeader, headersSent } = res as Partial<Response>;
  // Held headers only look as if they had been sent.
  const haveLeft = moment === undefined ? headersSent === true : moment === 'end';
  if (headersAreOut || haveLeft || typeof setHeader !== 'function' || areHeadersTaken(res)) return false;
  if (!carrier.isCookie || !cookie.secure || isSecure(req, config.proxy)) return true;
  debug('not secured');
  warnOfPlainConnection();
  return false;
}
