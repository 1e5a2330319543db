/** Turns the application's claims into JSON, finds them again in a token, and compares them. */
import { isDeepStrictEqual } from 'node:util';
import { SessionTypeError } from '../errors';
import { createWarning } from '../diagnostics';
import { readSessionClaim } from './session-claim';
import type { JwtPayload, Request } from '../types';

/**
 * Claims that the library writes by itself. If an application returns one it is dropped, because applications pass the claims
 * of an OpenID ID token on, with `iat` and sometimes `auth_time`.
 */
const OWN_CLAIMS = new Set(['iat', 'auth_time']);

/** The claim that says which session a token opens. */
const SESSION_CLAIM = 'ses';

/** Finds JSON text that may have a claim which has to be checked: one that the library writes, or an option. */
const SPECIAL = /"(?:iat|ses|auth_time|exp|nbf|iss|aud)":/;

const warnOfAuthTime = createWarning(
  'WARN_SESSION_AUTH_TIME',
  'jwtFromReq returned "auth_time", which the library writes itself: the time of the sign-in here. ' +
    'To pass on that of an identity provider, give it another name',
);

/** The application's claims as JSON text, without the library's own claims. */
export type Claims = string;

export const NO_CLAIMS: Claims = '{}';

/** The application's claims in a token. */
export interface TokenClaims {
  readonly text: Claims;
  readonly value: object;
}

/** The claims that the library writes because of an option, with the name of the option. */
type Written = ReadonlyMap<string, string>;

/**
 * Calls `jwtFromReq` and turns its result into JSON. Values that JSON drops or converts are then no change later.
 *
 * @param token a token that probably has the same claims
 * @throws TypeError that names jwtFromReq, if its result is no plain object, or has `ses` or a claim that an option writes; and
 * what jwtFromReq throws
 */
export function readClaims(
  jwtFromReq: ((req: Request) => unknown) | undefined,
  req: Request,
  written: Written,
  token: { readonly claims: TokenClaims } | undefined,
): Claims {
  const result = jwtFromReq?.(req);
  if (result === null || result === undefined) return NO_CLAIMS;
  if (typeof result !== 'object' || Array.isArray(result) || 'then' in result) {
    const kind = Array.isArray(result) ? 'array' : typeof result === 'object' ? 'promise' : typeof result;
    throw new SessionTypeError(
      'ERR_SESSION_CLAIMS',
      `jwtFromReq must return a plain object of claims, null or undefined; it returned a ${kind}`,
    );
  }
  // Most requests do not change the claims, and comparing takes a third of the time of JSON.stringify.
  if (token && isSameInJson(result, token.claims.value)) return token.claims.text;
  const text = (JSON.stringify(result) as string | undefined) ?? 'null';
  // Most claims have nothing to check or to drop. Then JSON.parse, half of the cost of claims, is not needed.
  if (text.startsWith('{') && !SPECIAL.test(text)) return text;
  const claims = JSON.parse(text) as unknown;
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new SessionTypeError(
      'ERR_SESSION_CLAIMS',
      'jwtFromReq must return an object that is a JSON object',
    );
  }
  for (const name of ['exp', 'nbf'] as const) {
    const time = (claims as JwtPayload)[name];
    if (time !== undefined && typeof time !== 'number') {
      throw new SessionTypeError('ERR_SESSION_CLAIMS', `jwtFromReq: "${name}" should be a number of seconds`);
    }
  }
  if (Object.hasOwn(claims, SESSION_CLAIM)) {
    throw new SessionTypeError(
      'ERR_SESSION_CLAIMS',
      'jwtFromReq returned "ses", which the library writes: give that claim another name',
    );
  }
  if (Object.hasOwn(claims, 'auth_time')) warnOfAuthTime();
  for (const [name, option] of written) {
    if (Object.hasOwn(claims, name)) {
      throw new SessionTypeError(
        'ERR_SESSION_CLAIMS',
        `jwtFromReq returned "${name}", which the ${option} option writes: leave one of them out`,
      );
    }
  }
  return filter(claims, (name) => !OWN_CLAIMS.has(name)).text;
}

/** The claims that the application has put into a token. */
export function claimsOf(payload: JwtPayload, written: Written): TokenClaims {
  const session = readSessionClaim(payload);
  return filter(payload, (name) => {
    if (OWN_CLAIMS.has(name) || name === SESSION_CLAIM) return false;
    // In a token of express-session-jwt 0.2.2, which has no `ses`, the library wrote `nonce`.
    if (name === 'nonce') return session !== undefined;
    if (name === 'exp') return !session?.hasOwnExpiry;
    return !written.has(name);
  });
}

/** The claim `sub`, the user whom the claims are about (RFC 7519, section 4.1.2). Undefined if there is none. */
export function subjectOf(claims: Claims): string | undefined {
  const { sub } = JSON.parse(claims) as { sub?: unknown };
  return typeof sub === 'string' && sub !== '' ? sub : undefined;
}

/** Whether two claims are deeply equal. The order of names does not count. */
export function sameClaims(a: Claims, b: Claims): boolean {
  return a === b || isDeepStrictEqual(JSON.parse(a), JSON.parse(b));
}

function filter(claims: object, isKept: (name: string) => boolean): TokenClaims {
  const value = Object.fromEntries(Object.entries(claims).filter(([name]) => isKept(name)));
  return { value, text: JSON.stringify(value) };
}

/** Whether a value has the same JSON text as a parsed one. False also if only JSON.stringify could tell. */
function isSameInJson(value: unknown, parsed: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === parsed;
  if (typeof parsed !== 'object' || parsed === null || (value as { toJSON?: unknown }).toJSON) return false;
  if (Array.isArray(value)) {
    if (!Array.isArray(parsed) || value.length !== parsed.length) return false;
    for (let at = 0; at < value.length; at++) if (!isSameInJson(value[at], parsed[at])) return false;
    return true;
  }
  if (!isPlain(value)) return false;
  const names = Object.keys(value);
  const expected = Object.keys(parsed);
  if (Array.isArray(parsed) || names.length !== expected.length) return false;
  for (const [at, name] of names.entries()) {
    if (name !== expected[at] || !isSameInJson(value[name as never], parsed[name as never])) return false;
  }
  return true;
}

/** Whether an object is plain. JSON unwraps some others, such as boxed texts and numbers. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
