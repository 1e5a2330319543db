/** Puts a new session on a request. */
import { isSecure } from '../http/secure-connection';
import { Cookie } from '../session/cookie';
import { Managed, Session } from '../session/session';
import { SessionId } from '../session/session-id';
import type { Origin, SessionState } from '../session/session-state';
import type { Config } from '../options/options';
import type { Request } from '../types';
import { claimsNow } from './claims-now';
import { newState, type RequestContext } from './context';
import { givenId, randomId } from './cookie-format';
import { defineSessionID } from './request-link';

/**
 * The id is made when somebody reads it or when the session is stored. The token is made when one is needed.
 *
 * @throws what genid, jwtFromReq or the cookie options throw
 */
export function generateSession(
  context: RequestContext,
  origin: Origin,
  state: SessionState = newState(origin, newId(context), context.config.cookieFormat),
): void {
  const { config, req, owner } = context;
  const session = new Session(req, undefined, new Managed(owner, state));
  session.cookie = createCookie(config, req);
  req.session = session as never;
  context.current = state;
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not before the first session
  context.opened ??= state;
  // A loaded session has set `sessionID` as a plain member. Redefining it would slow down all members of the request.
  if (context.opened.origin === 'loaded') req.sessionID = state.id.value as string;
  else defineSessionID(req, state.id);
  state.claims = claimsNow(context, state.token);
}

/** @throws what genid throws */
function newId(context: RequestContext): SessionId {
  const { config, req } = context;
  if (!config.genid) return randomId(context);
  const id = config.genid(req);
  if (typeof id !== 'string') return SessionId.plain(id);
  return id === '' ? SessionId.plain(undefined) : givenId(context, id);
}

/** @throws TypeError if the cookie options are unusable */
export function createCookie(config: Config, req: Request): Cookie {
  const options = config.cookieOptions(req);
  const cookie = new Cookie(options);
  if (options.secure === 'auto') cookie.secure = isSecure(req, config.proxy);
  if (options.sameSite === 'auto') cookie.sameSite = isSecure(req, config.proxy) ? 'none' : 'lax';
  return cookie;
}
