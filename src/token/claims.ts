import { isDeepStrictEqual } from 'node:util';
import type { JwtPayload, Request } from '../types';

/** Claims of a token that are the library's own; `nonce` is that of express-session-jwt 0.2.2. */
const OWN_CLAIMS = new Set(['iat', 'jti']);
const OWN_CLAIMS_0_2 = new Set(['iat', 'nonce']);

/** Claims that have to be looked at: the library's own, or so by an option. */
const SPECIAL = /"(?:iat|jti|exp|nbf|iss|aud|auth_time|replaces)":/;

/** JSON text of a claims object without the library's own ones: what sessions' claims are compared by. */
export type Claims = string;

export const NO_CLAIMS: Claims = '{}';

/** Claims that a token has. */
export interface TokenClaims {
  readonly text: Claims;
  readonly value: object;
}

type Written = ReadonlyMap<string, string>;

/**
 * Calls `jwtFromReq` and takes its result to JSON, so that what JSON drops or converts is no change later (B218).
 *
 * @param written claims that the library writes because of an option, with the option's name
 * @param token one that probably has the same claims
 * @throws TypeError naming jwtFromReq if the result is no plain object or has one of those claims, and whatever jwtFromReq
 * throws (B206)
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
    throw new TypeError(
      `jwtFromReq must return a plain object of claims, null or undefined; it returned a ${kind}`,
    );
  }
  // Most requests leave the claims as they are: comparing takes a third of the time of stringify, twice a request.
  if (token && isSameInJson(result, token.claims.value)) return token.claims.text;
  const text = (JSON.stringify(result) as string | undefined) ?? 'null';
  // Nothing to check or to leave out: spares most requests the way back from JSON, which is half the cost of claims.
  if (text.startsWith('{') && !SPECIAL.test(text)) return text;
  const claims = JSON.parse(text) as unknown;
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) {
    throw new TypeError('jwtFromReq must return an object that is a JSON object');
  }
  for (const name of ['exp', 'nbf'] as const) {
    const time = (claims as JwtPayload)[name];
    if (time !== undefined && typeof time !== 'number') {
      throw new TypeError(`jwtFromReq: "${name}" should be a number of seconds`);
    }
  }
  for (const [name, option] of written) {
    if (name in claims) {
      throw new TypeError(
        `jwtFromReq returned "${name}", which the ${option} option writes: leave one of them out`,
      );
    }
  }
  return without(claims, OWN_CLAIMS).text;
}

/** The claims that the application had put into a token. */
export function claimsOf(payload: JwtPayload, written: Written): TokenClaims {
  return without(payload, payload.jti === undefined ? OWN_CLAIMS_0_2 : OWN_CLAIMS, written);
}

/** Deep equality; the order of names does not count. */
export function sameClaims(a: Claims, b: Claims): boolean {
  return a === b || isDeepStrictEqual(JSON.parse(a), JSON.parse(b));
}

function without(claims: object, names: Set<string>, others?: Written): TokenClaims {
  const value = Object.fromEntries(
    Object.entries(claims).filter(([name]) => !names.has(name) && !others?.has(name)),
  );
  return { value, text: JSON.stringify(value) };
}

/** Whether a value becomes the same JSON text as one that came from JSON. False where only JSON.stringify itself can tell. */
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

/** Not so a boxed text or number, which JSON unwraps. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
