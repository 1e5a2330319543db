import { createHash, createPrivateKey, createPublicKey, KeyObject } from 'node:crypto';
import { deprecate } from './diagnostics';
import type { KeyPair } from './types';

/** Curves of keys that sign and verify under `alg` ES256; only the first is what RFC 7518, section 3.4 means. */
const P256 = 'prime256v1';
const SECP256K1 = 'secp256k1';

/** A token is needed and cannot be issued; the message names the option at fault. */
export class IssueError extends Error {}

/** A public key with its name in tokens: the thumbprint of RFC 7638. */
export interface VerificationKey {
  readonly kid: string;
  readonly key: KeyObject;
}

/** A private key, and the header of the tokens that it signs: JSON text in base64url. */
export interface SigningKey {
  readonly kid: string;
  readonly key: KeyObject;
  readonly header: string;
}

/** Parsed keys. Private ones do not leave it but into the signing call of token.ts. */
export class KeyRing {
  readonly #verificationKeys: readonly VerificationKey[];
  readonly #byKid: ReadonlyMap<unknown, VerificationKey>;
  readonly #signingKey: SigningKey | undefined;

  /** @param privateKey that of the first public key, if there is one */
  constructor(publicKeys: readonly KeyObject[], privateKey: KeyObject | undefined) {
    this.#verificationKeys = publicKeys.map((key) => ({ key, kid: thumbprint(key) }));
    this.#byKid = new Map(this.#verificationKeys.map((named) => [named.kid, named]));
    const [first] = this.#verificationKeys;
    this.#signingKey = privateKey && first && toSigningKey(privateKey, first.kid);
  }

  get canSign(): boolean {
    return this.#signingKey !== undefined;
  }

  /** @throws IssueError if the first key pair has no private key (B198) */
  get signing(): SigningKey {
    if (!this.#signingKey) {
      throw new IssueError(
        'keys option has no private key in its first pair: tokens can be verified, but not issued',
      );
    }
    return this.#signingKey;
  }

  /** Whether a public key of this name is in the ring. */
  has(kid: string): boolean {
    return this.#byKid.has(kid);
  }

  /** The keys that may have signed a token with this `kid` in its header: all, if it has none as those of 0.2.2. */
  candidates(kid: unknown): readonly VerificationKey[] {
    if (kid === undefined) return this.#verificationKeys;
    const named = this.#byKid.get(kid);
    return named ? [named] : [];
  }
}

function toSigningKey(key: KeyObject, kid: string): SigningKey {
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid })).toString('base64url');
  return { key, kid, header };
}

/** RFC 7638: SHA-256 of the required members in lexicographic order. */
function thumbprint(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/**
 * Parses the `keys` option: one pair or an array of pairs, the first of which signs.
 *
 * @returns undefined where there are none (undefined, null or an empty array)
 * @throws TypeError that names the key at fault, if a key is none or not on one of the two curves (B197)
 */
export function createKeyRing(keys: unknown): KeyRing | undefined {
  if (keys === undefined || keys === null) return undefined;
  const pairs: unknown[] = Array.isArray(keys) ? keys : [keys];
  if (pairs.length === 0) return undefined;
  const parsed = pairs.map((pair, index) =>
    parsePair(pair, Array.isArray(keys) ? `keys[${String(index)}]` : 'keys'),
  );
  return new KeyRing(
    parsed.map((pair) => pair.publicKey),
    parsed[0]?.privateKey,
  );
}

function parsePair(pair: unknown, name: string): { publicKey: KeyObject; privateKey: KeyObject | undefined } {
  if (typeof pair !== 'object' || pair === null || Buffer.isBuffer(pair) || pair instanceof KeyObject) {
    throw new TypeError(
      `${name} option must be an object { public, private } of PEM texts, or an array of such`,
    );
  }
  const material = pair as KeyPair;
  const privateKey =
    material.private === undefined ? undefined : parseKey(material.private, `${name}.private`, 'private');
  if (material.public === undefined) {
    if (!privateKey) throw new TypeError(`${name} option must have a public or a private key in PEM form`);
    return { publicKey: createPublicKey(privateKey), privateKey };
  }
  const publicKey = parseKey(material.public, `${name}.public`, 'public');
  if (privateKey && !createPublicKey(privateKey).equals(publicKey)) {
    throw new TypeError(
      `${name}.public does not belong to ${name}.private: give the two halves of one key pair`,
    );
  }
  return { publicKey, privateKey };
}

function parseKey(material: unknown, name: string, type: 'public' | 'private'): KeyObject {
  const key = material instanceof KeyObject ? material : parsePem(material, name, type);
  if (key.type !== type) throw new TypeError(`${name} must be a ${type} key, it is a ${key.type} one`);
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType !== 'ec' || (curve !== P256 && curve !== SECP256K1)) {
    const found = String(curve ?? key.asymmetricKeyType);
    throw new TypeError(
      `${name} must be an EC key on the curve P-256 (prime256v1), it is of type ${found}: ` +
        'make one with openssl ecparam -name prime256v1 -genkey -noout',
    );
  }
  if (curve === SECP256K1) {
    deprecate('keys on curve secp256k1: ES256 means P-256 (RFC 7518), other verifiers refuse these tokens');
  }
  return key;
}

function parsePem(material: unknown, name: string, type: 'public' | 'private'): KeyObject {
  if (typeof material !== 'string' && !Buffer.isBuffer(material)) {
    throw new TypeError(`${name} must be a PEM text or Buffer, it is of type ${typeof material}`);
  }
  // Environment variables and .env files often carry the line breaks as a backslash and an n.
  const pem = material.toString().replaceAll('\\r', '').replaceAll('\\n', '\n').trim();
  if (!pem.includes('-----BEGIN ')) {
    throw new TypeError(
      `${name} must be a PEM text that starts with -----BEGIN: if it is a path, give readFileSync(path) instead`,
    );
  }
  if (type === 'public' && pem.includes('PRIVATE KEY-----')) {
    throw new TypeError(
      `${name} must be a public key, it holds a private key: keep that in ${name.replace(/public$/, 'private')}`,
    );
  }
  if (type === 'private' && !pem.includes('PRIVATE KEY-----')) {
    throw new TypeError(`${name} must be a private key, it holds a public key or a certificate`);
  }
  try {
    return type === 'private' ? createPrivateKey(pem) : createPublicKey(pem);
  } catch {
    // OpenSSL's reason is left out: it may quote what it was given.
    throw new TypeError(
      `${name} cannot be read: it must be an unencrypted PEM key on the curve P-256 (prime256v1), ` +
        (type === 'private' ? 'SEC1 or PKCS#8' : 'SPKI'),
    );
  }
}
