import { type Claims, sameClaims } from '../token/claims';
import type { Cookie } from '../session/cookie';
import type { RequestState } from './request-state';
import { internalsOf } from '../session/session';
import { sameCookie, sameData, sameSnapshot, type Snapshot } from '../session/snapshot';

/* What happens to a session at the end of its request: predicates without effects. */

/** Whether the session differs from what the request began with (B032, B035). */
export function isModified(state: RequestState, now: Snapshot): boolean {
  return !state.isSame || !sameData(state.before, now) || (state.isStored && !sameCookie(state.before, now));
}

export function shouldSave(state: RequestState, now: Snapshot): boolean {
  const { config } = state;
  const internals = internalsOf(state.req.session);
  if (internals?.saved) return !sameSnapshot(internals.saved, now);
  if (internals?.mustStore) return true;
  return (state.isStored ? config.resave : config.saveUninitialized) || isModified(state, now);
}

/** Only asked where nothing is to be saved. */
export function shouldTouch(state: RequestState): boolean {
  return state.isStored && internalsOf(state.req.session)?.saved === undefined && !isFresh(state);
}

/**
 * Whether the stored expiry is young enough to stay. Never longer than half of the lifetime: a session that is in use
 * shall not expire because `touchAfter` is longer than it lives.
 */
function isFresh({ config, storedExpires, req }: RequestState): boolean {
  if (config.touchAfter === 0) return false;
  const { expires, originalMaxAge } = req.session.cookie as unknown as Cookie;
  if (!(storedExpires instanceof Date) || !(expires instanceof Date)) return false;
  const renewal = expires.valueOf() - storedExpires.valueOf();
  return renewal < Math.min(config.touchAfter, (originalMaxAge as number) / 2);
}

/** B062; a change of the cookie's settings is sent even if the cookie has no expiry (B035). */
export function shouldSetCookie(state: RequestState, now: Snapshot): boolean {
  const { config, req } = state;
  if (state.mustSetCookie) return true;
  if (!state.isStored) return config.saveUninitialized || isModified(state, now);
  if (config.rolling || !sameCookie(state.before, now)) return true;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- for applications; here it is what counts
  return (req.session.cookie.expires ?? null) !== null && isModified(state, now);
}

/** Whether `req.session` was removed and the store's record shall go with it. */
export function shouldDestroy(state: RequestState): boolean {
  const session: unknown = state.req.session;
  return state.config.unset === 'destroy' && (session === undefined || session === null);
}

/** B210; a token that has just taken the place of an old one has that one's claims, which nobody has looked at since. */
export function shouldRotate(state: RequestState, current: Claims, inToken: Claims): boolean {
  const mayHaveChanged = state.origin === 'replaced' || !sameClaims(current, state.claims);
  return mayHaveChanged && !sameClaims(current, inToken);
}
