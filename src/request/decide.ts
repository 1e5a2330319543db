/** What is to happen to a session and its token at the end of a request: pure functions, without effects. */
import type { CookieSettings } from '../session/cookie';
import type { SessionState } from '../session/session-state';
import { sameCookie, sameData, sameSnapshot, type Snapshot } from '../session/snapshot';
import { type Claims, NO_CLAIMS, sameClaims, subjectOf } from '../token/claims';

/** What is known of a session from before; none of it is changed here. */
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

/** What the session is now. */
export interface Now {
  readonly snapshot: Snapshot;
  readonly claims: Claims;
  /** Claims of its token; undefined where it came with none of ours. */
  readonly tokenClaims: Claims | undefined;
  /** Whether the token is old enough for a new one. */
  readonly isTokenDue: boolean;
  /** Whether the response leaves the expiry as it is stored. */
  readonly keepsExpiry: boolean;
  /** When the cookie expires, in ms since 1970; undefined: with the browser's session. */
  readonly expires: number | undefined;
  /** Whether the cookie's `expires` is anything but null and undefined: false counts, as in express-session. */
  readonly hasExpires: boolean;
  /** Whether the response can carry a token. */
  readonly canSend: boolean;
  /** Whether it may carry a new one that nobody has asked for: not so if shared caches keep it. */
  readonly canRefresh: boolean;
  /** By a clock that nobody sets, in ms. */
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
 * soft: another claim of the same user. hard: the generation ends, since somebody has signed in, out, or over to another
 * account.
 */
export type ClaimsChange = 'none' | 'soft' | 'hard';

/**
 * keep: no token goes out. send: the token that the session has, or its first one. refresh: a new token of the same generation,
 * which nobody has asked for. rotate: the first token of the next generation. Where the cookie is express-session's, that
 * stands in the place of the token: it is sent, or refreshed where the client has a token as yet.
 */
export type TokenDecision = 'keep' | 'send' | 'refresh' | 'rotate';

export type StoreDecision = 'save' | 'touch' | 'nothing';

/** A response that has sent headers renews the expiry at its end, unless that was done so shortly before, in ms. */
const RENEWED_JUST_NOW = 1000;

/** What has become of the claims in a token: compared with those of the request's beginning, and with those in the token. */
export function decideClaims(before: Before, { claims, tokenClaims }: Now): ClaimsChange {
  if (!before.isStored || before.origin === 'verified') return 'none';
  // They are in no cookie of express-session.
  if (before.cookieFormat === 'express-session') return 'none';
  // Nobody has a token of a session that was stored in this request.
  if (before.origin !== 'loaded' && !before.isSent) return 'none';
  const known = tokenClaims ?? before.claims;
  if (sameClaims(claims, known)) return 'none';
  const subject = subjectOf(claims);
  // Also if they have changed before this request: the response at that time may have been one that carries no token.
  if (subject !== undefined && subject === subjectOf(known)) return 'soft';
  return sameClaims(claims, before.claims) ? 'none' : 'hard';
}

/** Whether a session that may not be stored otherwise is, because somebody has signed in with it. */
export function signsIn(before: Before, claims: Claims): boolean {
  return claims !== NO_CLAIMS && !sameClaims(claims, before.claims);
}

export function isModified({ before, isStored, origin }: Before, { snapshot }: Now): boolean {
  if (origin === 'regenerated') return true;
  return !sameData(before, snapshot) || (isStored && origin === 'loaded' && !sameCookie(before, snapshot));
}

/** Whether and how a token goes out. */
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
    return origin === 'regenerated' || settings.saveUninitialized || isModified(before, now)
      ? 'send'
      : 'keep';
  }
  const isWanted = change === 'soft' || now.isTokenDue || !before.isSent;
  if (isWanted && now.canRefresh) return 'refresh';
  if (!before.isSent) return 'keep';
  if (!sameCookie(before.before, now.snapshot)) return 'send';
  const hasNewExpiry = now.hasExpires && isModified(before, now);
  return !now.keepsExpiry && (settings.rolling || hasNewExpiry) ? 'send' : 'keep';
}

/** What is done with the session in the store. */
export function decideStore(
  before: Before,
  now: Now,
  token: TokenDecision,
  settings: Settings,
): StoreDecision {
  const { origin, saved } = before;
  // What a rotation could not store is not stored without one: other tokens of this generation would read it.
  if (origin === 'verified' || before.hasEnded || before.hasFailed) return 'nothing';
  if (token === 'rotate') return 'save';
  if (origin === 'superseded' && !before.isStored && !signsIn(before, now.claims)) return 'nothing';
  if (saved) {
    if (!sameSnapshot(saved, now.snapshot)) return 'save';
    const isDone = before.headersWrittenAt === undefined || isRenewed(before, now) || now.keepsExpiry;
    return isDone ? 'nothing' : 'touch';
  }
  if (before.mustStore || origin === 'superseded') return 'save';
  // What resave stores although nothing has changed, it stores for the sake of the expiry.
  const always = before.isStored ? settings.resave && !now.keepsExpiry : settings.saveUninitialized;
  if (always || isModified(before, now)) return 'save';
  if (!before.isStored || now.keepsExpiry || isRenewed(before, now)) return 'nothing';
  return isFresh(before, now, settings) ? 'nothing' : 'touch';
}

function isRenewed({ headersWrittenAt }: Before, { time }: Now): boolean {
  return headersWrittenAt !== undefined && time - headersWrittenAt < RENEWED_JUST_NOW;
}

/**
 * Whether the stored expiry is young enough to stay. Never longer than half of the lifetime: a session that is in use
 * shall not expire because `touchAfter` is longer than it lives.
 */
function isFresh(before: Before, { expires, snapshot }: Now, { touchAfter }: Settings): boolean {
  const { storedExpires } = before;
  if (touchAfter === 0 || expires === undefined || !(storedExpires instanceof Date)) return false;
  const { originalMaxAge } = snapshot.cookie as CookieSettings & { originalMaxAge: number };
  return expires - storedExpires.valueOf() < Math.min(touchAfter, originalMaxAge / 2);
}
