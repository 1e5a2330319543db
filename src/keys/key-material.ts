/** Parses one key in any form, and refuses keys that cannot sign or verify ES256. */
import { createPrivateKey, createPublicKey, KeyObject, type JsonWebKeyInput } from 'node:crypto';
import { SessionTypeError } from '../errors';
import { deprecate } from '../diagnostics';

/** The curves that are accepted under `alg` ES256. Only the first one conforms to RFC 7518, section 3.4. */
const P256 = 'prime256v1';
const SECP256K1 = 'secp256k1';

type KeyType = 'public' | 'private';

/**
 * Parses one key: PEM text or Buffer, KeyObject or JWK.
 *
 * @param name of the option that holds it, for errors
 * @throws TypeError that names the key, if it is not of this type or not on one of the two curves
 */
export function parseKey(material: unknown, name: string, type: KeyType): KeyObject {
  const key = material instanceof KeyObject ? material : readKey(material, name, type);
  if (key.type !== type)
    throw new SessionTypeError('ERR_SESSION_KEY', `${name} must be a ${type} key, it is a ${key.type} one`);
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (!isOnKnownCurve(key)) {
    const found = String(curve ?? key.asymmetricKeyType);
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} must be an EC key on the curve P-256 (prime256v1), it is of type ${found}: ` +
        'make one with session.generateKeys()',
    );
  }
  if (curve === SECP256K1) {
    deprecate('keys on curve secp256k1: ES256 means P-256 (RFC 7518), other verifiers refuse these tokens');
  }
  return key;
}

/** Whether ES256 signatures can be made or verified with this key. */
export function isOnKnownCurve(key: KeyObject): boolean {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return key.asymmetricKeyType === 'ec' && (curve === P256 || curve === SECP256K1);
}

/** Whether a JWK may be used for ES256 signatures: its members `use`, `alg` and `key_ops` say so (RFC 7517, sections 4.2 to 4.4). */
export function isForSignatures(jwk: Record<string, unknown>): boolean {
  const { use = 'sig', alg = 'ES256', key_ops: operations = ['sign', 'verify'] } = jwk;
  return (
    use === 'sig' &&
    alg === 'ES256' &&
    Array.isArray(operations) &&
    (operations.includes('sign') || operations.includes('verify'))
  );
}

function readKey(material: unknown, name: string, type: KeyType): KeyObject {
  if (typeof material === 'string' || Buffer.isBuffer(material)) return readPem(String(material), name, type);
  if (typeof material === 'object' && material !== null && 'kty' in material) {
    return readJwk(material, name, type);
  }
  throw new SessionTypeError(
    'ERR_SESSION_KEY',
    `${name} must be a PEM text or Buffer, a KeyObject or a JWK, it is of type ${typeof material}`,
  );
}

function readPem(text: string, name: string, type: KeyType): KeyObject {
  // In environment variables and .env files a line break is often written as a backslash and an n.
  const pem = text.replaceAll('\\r', '').replaceAll('\\n', '\n').trim();
  if (!pem.includes('-----BEGIN ')) {
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} must be a PEM text that starts with -----BEGIN: if it is a path, give readFileSync(path) instead`,
    );
  }
  requireType(pem.includes('PRIVATE KEY-----'), name, type);
  try {
    return type === 'private' ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    // OpenSSL's own message is left out, because it may quote the key.
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} cannot be read: it must be an unencrypted PEM key on the curve P-256 (prime256v1), ` +
        (type === 'private' ? 'SEC1 or PKCS#8' : 'SPKI'),
    );
  }
}

function readJwk(jwk: Record<string, unknown>, name: string, type: KeyType): KeyObject {
  requireType('d' in jwk, name, type);
  if (!isForSignatures(jwk)) {
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} must be a JWK for ES256 signatures: its use, alg or key_ops say otherwise`,
    );
  }
  try {
    const input = { key: jwk as JsonWebKeyInput['key'], format: 'jwk' } as const;
    return type === 'private' ? createPrivateKey(input) : createPublicKey(input);
  } catch {
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} cannot be read: it must be a JWK with kty EC, crv P-256, x and y`,
    );
  }
}

function requireType(isPrivate: boolean, name: string, type: KeyType): void {
  if (type === 'public' && isPrivate) {
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} must be a public key, it holds a private key: keep that in ${name.replace(/public$/, 'private')}`,
    );
  }
  if (type === 'private' && !isPrivate) {
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} must be a private key, it holds a public key or a certificate`,
    );
  }
}
