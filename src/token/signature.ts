/** Makes and checks signatures by jsonwebtoken, with ES256 alone: nothing else calls that library. */
import type { KeyObject } from 'node:crypto';
import jwt = require('jsonwebtoken');

const ALGORITHM = 'ES256';

/** Keys on secp256k1 sign under ES256 as well: those that the README of express-session-jwt 0.2.2 had made. */
const KEY_CHECKS = { allowInvalidAsymmetricKeyTypes: true } as const;

/** Times are checked by our own rules, which are stricter, before a signature is. */
const VERIFY_OPTIONS: jwt.VerifyOptions & { complete?: false } = {
  ...KEY_CHECKS,
  algorithms: [ALGORITHM],
  ignoreExpiration: true,
  ignoreNotBefore: true,
};

/** @param payload JSON text: as an object jsonwebtoken would take it to JSON again, and lose a member `__proto__` */
export function signToken(payload: string, kid: string, key: KeyObject): string {
  return jwt.sign(payload, key, {
    ...KEY_CHECKS,
    algorithm: ALGORITHM,
    header: { alg: ALGORITHM, typ: 'JWT', kid },
  });
}

/** Whether the key has signed this token. Its header and its claims are the caller's to check. */
export function isSignedBy(key: KeyObject, text: string): boolean {
  const { stackTraceLimit } = Error;
  // Nobody sees the error of a forged signature: to collect its stack would be a seventh of what that costs. Where a program
  // has frozen Error, Reflect.set leaves the stack as it is.
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    jwt.verify(text, key, VERIFY_OPTIONS);
    return true;
  } catch {
    return false;
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}
