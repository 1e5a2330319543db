/** Decides what happens to a session and its token when a response is due. All functions here are pure. */
import type { CookieSettings } from '../session/cookie';
import type { SessionState } from '../session/session-state';
import { sameCookie, sameData, sameSnapshot, type Snapshot } from '../session/snapshot';
import { type Claims, NO_CLAIMS, sameClaims, subjectOf } from '../token/claims';

/** What is known about the session from earlier in the request. */
export type Before = Readonly<
  Pick<
    SessionState,
    | 'origin'
    | 'cookieFormat'
    | 'before'
    | 'saved'
    | 'claims'
    | 'isStored'
    | 'isSent'
    | 'hasEnded'
    | 'hasFailed'
    | 'mustStore'
    | 'mustSend'
    | 'headersWrittenAt'
    | 'storedExpires'
  >
>;

/** The session and its response as they are now. */
export interface Now {
  readonly snapshot: Snapshot;
  readonly claims: Claims;
  /** The claims in its token. Undefined if it has no token of ours. */
  readonly tokenClaims: Claims | undefined;
  /** Whether the token is so old that a new one is due. */
  readonly isTokenDue: boolean;
  /** Whether the stored expiry stays (the `touch` option). */
  readonly keepsExpiry: boolean;
  /** When the cookie expires, in ms since 1970. Undefined: when the browser is closed. */
  readonly expires: number | undefined;
  /** Whether the cookie's `expires` is neither null nor undefined. False counts as an expiry, as in express-session. */
  readonly hasExpires: boolean;
  /** Whether the response can carry a token. */
  readonly canSend: boolean;
  /** Whether the response may carry a token that nobody has asked for. Not if shared caches may keep the response. */
  readonly canRefresh: boolean;
  /** `performance.now()`, in ms, because the system clock can be set. */
  readonly time: number;
}

/** The options that count. */
export interface Settings {
  readonly rolling: boolean;
  readonly resave: boolean;
  readonly saveUninitialized: boolean;
  readonly touchAfter: number;
}

/**
 * How the claims have changed.
 *
 * soft: another claim of the same user. The generation stays.
 * hard: somebody has signed in or out, or has changed the account. The generation ends.
 */
export type ClaimsChange = 'none' | 'soft' | 'hard';

/**
 * Which token goes out. For a session whose cookie is one of express-session, read "cookie" for "token".
 *
 * keep: none.
 * send: the token that the session has, or its first one.
 * refresh: a new token of the same generation, which nobody has asked for.
 * rotate: the first token of the next generation.
 */
export type TokenDecision = 'keep' | 'send' | 'refresh' | 'rotate';

export type StoreDecision = 'save' | 'touch' | 'nothing';

/** In ms. The end of a stream renews the expiry, unless the write for its headers has done so just before. */
const RENEWED_JUST_NOW = 1000;

/** Compares the claims with those in the token, and with those at the beginning of the request. */
export function decideClaims(before: Before, { claims, tokenClaims }: Now): ClaimsChange {
  if (!before.isStored || before.origin === 'verified') return 'none';
  // A cookie of express-session carries no claims.
  if (before.cookieFormat === 'express-session') return 'none';
  // The session was made in this request, so nobody has an older token of it.
  if (before.origin !== 'loaded' && !before.isSent) return 'none';
  const known = tokenClaims ?? before.claims;
  if (sameClaims(claims, known)) return 'none';
  const subject = subjectOf(claims);
  // Compared with the token, because an earlier response may not have been able to carry the change.
  if (subject !== undefined && subject === subjectOf(known)) return 'soft';
  return sameClaims(claims, before.claims) ? 'none' : 'hard';
}

/** Whether somebody has signed in. Then even the session of a superseded request is stored. */
export function signsIn(before: Before, claims: Claims): boolean {
  return claims !== NO_CLAIMS && !sameClaims(claims, before.claims);
}

export function isModified({ before, isStored, origin }: Before, { snapshot }: Now): boolean {
  if (origin === 'regenerated') return true;
  return !sameData(before, snapshot) || (isStored && origin === 'loaded' && !sameCookie(before, snapshot));
}

/** Decides which token goes out. */
export function decideHeaders(before: Before, now: Now, settings: Settings): TokenDecision {
  const { origin, hasEnded } = before;
  if (origin === 'verified' || hasEnded) return 'keep';
  if (origin === 'superseded') {
    return now.canSend && (before.mustSend || signsIn(before, now.claims)) ? 'send' : 'keep';
  }
  const change = decideClaims(before, now);
  if (change === 'hard' && !before.hasFailed) return 'rotate';
  if (!now.canSend) return 'keep';
  if (before.mustSend) return 'send';
  if (before.hasFailed) return 'keep';
  if (origin !== 'loaded') {
    return settings.saveUninitialized || isModified(before, now) ? 'send' : 'keep';
  }
  const isWanted = change === 'soft' || now.isTokenDue || !before.isSent;
  if (isWanted && now.canRefresh) return 'refresh';
  if (!before.isSent) return 'keep';
  if (!sameCookie(before.before, now.snapshot)) return 'send';
  const hasNewExpiry = now.hasExpires && isModified(before, now);
  return !now.keepsExpiry && (settings.rolling || hasNewExpiry) ? 'send' : 'keep';
}

/** Decides what is done in the store. */
export function decideStore(
  before: Before,
  now: Now,
  token: TokenDecision,
  settings: Settings,
): StoreDecision {
  const { origin, saved } = before;
  // After a rotation has failed, its data are not stored in the old generation: older tokens would read them.
  if (origin === 'verified' || before.hasEnded || before.hasFailed) return 'nothing';
  if (token === 'rotate') return 'save';
  if (origin === 'superseded' && !before.isStored && !signsIn(before, now.claims)) return 'nothing';
  if (saved) {
    if (!sameSnapshot(saved, now.snapshot)) return 'save';
    const isDone = before.headersWrittenAt === undefined || isRenewed(before, now) || now.keepsExpiry;
    return isDone ? 'nothing' : 'touch';
  }
  if (before.mustStore || origin === 'superseded') return 'save';
  // `resave` stores an unchanged session only to renew the expiry.
  const always = before.isStored ? settings.resave && !now.keepsExpiry : settings.saveUninitialized;
  if (always || isModified(before, now)) return 'save';
  if (!before.isStored || now.keepsExpiry || isRenewed(before, now)) return 'nothing';
  return isFresh(before, now, settings) ? 'nothing' : 'touch';
}

function isRenewed({ headersWrittenAt }: Before, { time }: Now): boolean {
  return headersWrittenAt !== undefined && time - headersWrittenAt < RENEWED_JUST_NOW;
}

/**
 * Whether the stored expiry is new enough, by `touchAfter`. At most half of the lifetime counts. Otherwise a session in use
 * would expire if `touchAfter` is longer than its lifetime.
 */
function isFresh(before: Before, { expires, snapshot }: Now, { touchAfter }: Settings): boolean {
  const { storedExpires } = before;
  if (touchAfter === 0 || expires === undefined || !(storedExpires instanceof Date)) return false;
  const { originalMaxAge } = snapshot.cookie as CookieSettings & { originalMaxAge: number };
  return expires - storedExpires.valueOf() < Math.min(touchAfter, originalMaxAge / 2);
}
