/** Makes and checks signatures with jsonwebtoken, only with ES256. No other file calls that library. */
import type { KeyObject } from 'node:crypto';
import jwt = require('jsonwebtoken');

const ALGORITHM = 'ES256';

/** Also allows keys on secp256k1, because the README of express-session-jwt 0.2.2 told users to make such keys. */
const KEY_CHECKS = { allowInvalidAsymmetricKeyTypes: true } as const;

/** Times are ignored here, because our own rules are stricter and check them before the signature. */
const VERIFY_OPTIONS: jwt.VerifyOptions & { complete?: false } = {
  ...KEY_CHECKS,
  algorithms: [ALGORITHM],
  ignoreExpiration: true,
  ignoreNotBefore: true,
};

/** @param payload JSON text. From an object jsonwebtoken would make the JSON anew, and lose a member `__proto__` */
export function signToken(payload: string, kid: string, key: KeyObject): string {
  return jwt.sign(payload, key, {
    ...KEY_CHECKS,
    algorithm: ALGORITHM,
    header: { alg: ALGORITHM, typ: 'JWT', kid },
  });
}

/** Whether the key has signed this token. The caller has to check its header and claims. */
export function isSignedBy(key: KeyObject, text: string): boolean {
  const { stackTraceLimit } = Error;
  // Nobody sees the error of a forged signature, and its stack would take a seventh of the time. Reflect.set does not throw if
  // a program has frozen Error.
  Reflect.set(Error, 'stackTraceLimit', 0);
  let isGood = true;
  try {
    jwt.verify(text, key, VERIFY_OPTIONS);
  } catch {
    isGood = false;
  }
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return isGood;
}
