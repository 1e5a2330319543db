/** Holds the parsed keys of a service by their names, and knows which one signs. */
import { createHash, createPublicKey, KeyObject, sign, verify } from 'node:crypto';
import { SessionError, SessionTypeError } from '../errors';
import { parseKey } from './key-material';
import type { KeyPair } from '../types';

/** A token is needed and cannot be issued. The message names the option at fault. */
export class IssueError extends SessionError {}

/** A token is needed, but this service only verifies. */
export class NoPrivateKeyError extends IssueError {
  constructor() {
    super(
      'ERR_SESSION_NO_PRIVATE_KEY',
      'keys option: the first pair has no private key, so this service verifies tokens, ' +
        'but cannot issue any',
    );
  }
}

/** The error of every request of an application without keys. */
export function keysRequired(): SessionError {
  const error = new SessionError('ERR_SESSION_KEYS_REQUIRED', 'keys option required for sessions');
  const remedy =
    'Make a key pair, and give it to the middleware as session({ keys: { private: process.env.SESSION_PRIVATE_KEY } }):\n' +
    '  npx express-session-jwt keygen --env | grep ^SESSION_ > .env\n' +
    '  node --env-file=.env app.js';
  error.stack = String(error.stack).replace(error.message, `${error.message}\n${remedy}`);
  return error;
}

/** A public or private key. */
export interface NamedKey {
  /** Its name in tokens: the thumbprint of RFC 7638. */
  readonly kid: string;
  readonly key: KeyObject;
  /** The header of tokens that are issued with this key: JSON text in base64url. */
  readonly header: string;
}

/** Parsed keys. A private key leaves the ring only for the signing call in token/. */
export class KeyRing {
  readonly #verificationKeys: readonly NamedKey[];
  readonly #byKid: ReadonlyMap<unknown, NamedKey>;
  readonly #byHeader: ReadonlyMap<string, NamedKey>;
  readonly #signingKey: NamedKey | undefined;

  /** @param privateKey the private half of the first public key. Undefined: the ring only verifies */
  constructor(publicKeys: readonly KeyObject[], privateKey: KeyObject | undefined) {
    this.#verificationKeys = publicKeys.map(toNamedKey);
    this.#byKid = new Map(this.#verificationKeys.map((named) => [named.kid, named]));
    this.#byHeader = new Map(this.#verificationKeys.map((named) => [named.header, named]));
    const [first] = this.#verificationKeys;
    this.#signingKey = privateKey && first && { ...first, key: privateKey };
  }

  get canSign(): boolean {
    return this.#signingKey !== undefined;
  }

  /** @throws NoPrivateKeyError if the first key pair has no private key */
  get signing(): NamedKey {
    if (!this.#signingKey) throw new NoPrivateKeyError();
    return this.#signingKey;
  }

  /** Whether a public key of this name is in the ring. */
  has(kid: string): boolean {
    return this.#byKid.has(kid);
  }

  /** The keys that may have signed a token with this `kid` in its header. All of them if it has no `kid`, as in 0.2.2. */
  candidates(kid?: unknown): readonly NamedKey[] {
    if (kid === undefined) return this.#verificationKeys;
    const named = this.#byKid.get(kid);
    return named ? [named] : [];
  }

  /** The only key that can have signed a token with this header. Undefined if we do not issue tokens with this header. */
  candidateFor(header: string): NamedKey | undefined {
    return this.#byHeader.get(header);
  }
}

function toNamedKey(key: KeyObject): NamedKey {
  const kid = thumbprint(key);
  const header = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'JWT', kid })).toString('base64url');
  return { key, kid, header };
}

/** The thumbprint of a key (RFC 7638): SHA-256 of the required members in lexicographic order. */
export function thumbprint(publicKey: KeyObject): string {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/**
 * Parses the `keys` option: one pair, or an array of pairs whose first one signs.
 *
 * @param source where the keys come from, for errors
 * @returns undefined if there are none (undefined, null or an empty array)
 * @throws TypeError that names the key at fault, if it is no key or not on one of the two curves
 */
export function createKeyRing(keys: unknown, source = 'keys'): KeyRing | undefined {
  if (keys === undefined || keys === null) return undefined;
  const pairs: unknown[] = Array.isArray(keys) ? keys : [keys];
  if (pairs.length === 0) return undefined;
  const parsed = pairs.map((pair, index) =>
    parsePair(pair, Array.isArray(keys) ? `${source}[${String(index)}]` : source),
  );
  return new KeyRing(
    parsed.map((pair) => pair.publicKey),
    parsed[0]?.privateKey,
  );
}

function parsePair(pair: unknown, name: string): { publicKey: KeyObject; privateKey: KeyObject | undefined } {
  if (typeof pair !== 'object' || pair === null || Buffer.isBuffer(pair) || pair instanceof KeyObject) {
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} must be an object { public, private } of PEM texts, KeyObjects or JWKs, or an array of such`,
    );
  }
  const { public: publicMaterial, private: privateMaterial } = pair as KeyPair;
  const privateKey =
    privateMaterial === undefined ? undefined : parseKey(privateMaterial, `${name}.private`, 'private');
  const publicKey =
    publicMaterial === undefined
      ? privateKey && createPublicKey(privateKey)
      : parseKey(publicMaterial, `${name}.public`, 'public');
  if (!publicKey) {
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name} must have a public or a private key: PEM text or Buffer, KeyObject or JWK`,
    );
  }
  if (privateKey && !isPair(publicKey, privateKey)) {
    throw new SessionTypeError(
      'ERR_SESSION_KEY',
      `${name}.public does not belong to ${name}.private: give the two halves of one key pair`,
    );
  }
  return { publicKey, privateKey };
}

/** Tries a signature, because a JWK or a SEC1 key may state a wrong public half. */
function isPair(publicKey: KeyObject, privateKey: KeyObject): boolean {
  const text = Buffer.from('express-session-jwt');
  return verify('sha256', text, publicKey, sign('sha256', text, privateKey));
}
