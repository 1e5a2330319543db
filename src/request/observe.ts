/** What the session on a request is now, in the terms of decide.ts. */
import { createWarning, debug } from '../diagnostics';
import { isShared } from '../http/cache-control';
import { isSecure } from '../http/secure-connection';
import type { Cookie } from '../session/cookie';
import type { Session } from '../session/session';
import type { SessionState } from '../session/session-state';
import { type Snapshot, takeSnapshot } from '../session/snapshot';
import type { Response } from '../types';
import { claimsNow } from './claims-now';
import type { RequestContext } from './context';
import type { Now } from './decide';
import { keepsExpiry, renewedCookie, touchOnce } from './expiry';
import { hasUsableSessionID } from './request-link';

const warnOfPlainConnection = createWarning(
  'WARN_SESSION_PLAIN_CONNECTION',
  'the session cookie is secure and the connection is not, so no cookie is sent and nobody stays signed in. Behind a proxy ' +
    "that ends TLS: app.set('trust proxy', 1), or the proxy option. Without TLS, as in development: cookie: { secure: 'auto' }",
);

/** headers: those of a stream are due. end: its headers have left before. whole: one `end` is the whole response. */
export type Moment = 'headers' | 'end' | 'whole';

/** A session with what is known of it. */
export interface Observed {
  /** The session, or another object with its data: what stores get. */
  readonly source: object;
  readonly cookie: Cookie;
  /** The cookie with the expiry that was loaded, where that is to stay. */
  readonly kept: Cookie | undefined;
  readonly state: SessionState;
  readonly now: Now;
  /** What jwtFromReq has thrown: then no token is made for what it might have said. */
  readonly claimsError: unknown;
}

/**
 * The session with its expiry reset; undefined where there is none to store or to send.
 *
 * @param then what it was when the response ended, where that was before: later changes do not count
 * @throws TypeError if it is no session, or if its data cannot be expressed in JSON
 */
export function observe(context: RequestContext, moment: Moment, then?: Snapshot): Observed | undefined {
  const { req } = context;
  if (!(req.session as unknown)) {
    debug('no session');
    return undefined;
  }
  const session = req.session as unknown as Session;
  const state = context.stateOf(session);
  // First of all, since it tells what is no session.
  touchOnce(context, session, state);
  if (state.origin === 'verified') {
    debug('no store: session not saved');
    return undefined;
  }
  if (!state.id.isUsable || !hasUsableSessionID(req)) {
    debug('bogus session id');
    return undefined;
  }
  const observed = observeSession(context, session, state, moment, then);
  if (!then) return observed;
  return { ...observed, source: { cookie: observed.cookie, ...(JSON.parse(then.data) as object) } };
}

/**
 * @param moment default: in the middle of the request
 * @throws TypeError if it is no session, or if its data cannot be expressed in JSON
 */
export function observeSession(
  context: RequestContext,
  session: Session,
  state: SessionState,
  moment?: Moment,
  then?: Snapshot,
): Observed {
  touchOnce(context, session, state);
  const keeps = keepsExpiry(context, session, state);
  const cookie = keeps ? renewedCookie(context, session, state) : session.cookie;
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
  // Most responses need no new token: then nobody asks whether they may carry one.
  const tokenClaims = token?.claims.text;
  const mayNeedToken = isTokenDue || !state.isSent || claims !== tokenClaims;
  return {
    source: session,
    cookie,
    kept: keeps ? session.cookie : undefined,
    state,
    claimsError,
    now: {
      snapshot,
      claims,
      tokenClaims,
      isTokenDue,
      keepsExpiry: keeps,
      expires: cookie._expires instanceof Date ? cookie._expires.valueOf() : undefined,
      hasExpires: (cookie._expires ?? undefined) !== undefined,
      canSend,
      canRefresh: mayNeedToken && canSend && context.tokens.canIssue && !isShared(context.res),
      time: state.headersWrittenAt === undefined ? 0 : performance.now(),
    },
  };
}

/** A secure cookie does not go out on an insecure connection, and no token with what is no response, as in a handshake. */
function canCarry(
  { carrier, config, req, res, headersAreOut }: RequestContext,
  cookie: Cookie,
  moment: Moment | undefined,
): boolean {
  const { setHeader, headersSent } = res as Partial<Response>;
  // Headers that are held only look as if they had been sent.
  const haveLeft = moment === undefined ? headersSent === true : moment === 'end';
  if (headersAreOut || haveLeft || typeof setHeader !== 'function') return false;
  if (!carrier.isCookie || !cookie.secure || isSecure(req, config.proxy)) return true;
  debug('not secured');
  warnOfPlainConnection();
  return false;
}
