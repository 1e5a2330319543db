/** Keys: what the option `keys` takes, and what `jwks` and `remoteKeys` give. */
import type * as crypto from 'node:crypto';
import type { Request } from './express';

/**
 * A JSON Web Key (RFC 7517) of an elliptic curve (RFC 7518, section 6.2). It is declared here, because it is in different
 * places in different releases of `@types/node`.
 */
export interface JsonWebKey {
  kty?: string | undefined;
  crv?: string | undefined;
  x?: string | undefined;
  y?: string | undefined;
  /** Only in a private key. */
  d?: string | undefined;
  kid?: string | undefined;
  alg?: string | undefined;
  use?: string | undefined;
  key_ops?: string[] | undefined;
  ext?: boolean | undefined;
}

/** One key: PEM as text or Buffer, a KeyObject of node:crypto, or a JWK. */
export type KeyMaterial = string | Buffer | crypto.KeyObject | JsonWebKey;

/**
 * One key pair of the `keys` option, on the curve P-256.
 *
 * @example
 * const keys = { private: readFileSync('private-key.pem') };
 */
export interface KeyPair {
  /** The public key. As PEM it is SPKI. Default: derived from `private`. */
  public?: KeyMaterial | undefined;
  /** The private key. As PEM it is SEC1 or PKCS#8, not encrypted. Default: none, so that the pair only verifies tokens. */
  private?: KeyMaterial | undefined;
}

/** The public keys that `session.jwks` gives (RFC 7517, section 5). No member is private. */
export interface JwkSet {
  keys: {
    kty: 'EC';
    crv: string;
    x: string;
    y: string;
    /** The name of the key in tokens: its thumbprint (RFC 7638). */
    kid: string;
    alg: 'ES256';
    use: 'sig';
  }[];
}

/**
 * The keys of one of several tenants, for a function as `keys`.
 *
 * @example
 * keys: async (req) => ({ keys: await keysOf(req.hostname), tenant: req.hostname })
 */
export interface TenantKeys {
  readonly keys: KeyPair | readonly KeyPair[];
  /**
   * The name of the tenant: a text that is not empty and has no zero byte. Session ids are made of it as well, so that a token
   * that one tenant's keys have signed never opens a session of another. If the name changes, the tenant's sessions are lost.
   */
  readonly tenant: string;
}

/** The answer of a function as `keys`: key pairs, or key pairs with the name of their tenant. */
export type ProvidedKeys = KeyPair | readonly KeyPair[] | TenantKeys;

/**
 * Gives the keys for one request: by `done`, or by the promise that it returns.
 *
 * @param rawJwtToken the token that came with the request, or undefined. It is NOT verified: use it only to choose keys
 * @param done takes an error or the keys. A function that declares `done` may return a promise as well, which then has no value
 * @example
 * keys: async (req) => keysOfTenant.get(req.hostname)
 */
export type KeysProvider = (
  req: Request,
  rawJwtToken: string | undefined,
  done: (error: unknown, keys?: ProvidedKeys | null) => void,
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- beside a promise, and in it, where done is called
) => PromiseLike<ProvidedKeys | null | undefined | void> | void;

/** The settings of `session.remoteKeys`, all in ms. A wrong one is a TypeError that names it. */
export interface RemoteKeysOptions {
  /** How long an answer may take, in ms. Default: 5000. */
  timeout?: number | undefined;
  /** The age at which keys are fetched again, in ms. If that fails the old keys stay. Default: 600000 (10 minutes). */
  maxAge?: number | undefined;
  /** How long to wait before keys are fetched again because of an unknown key or a failure, in ms. Default: 30000. */
  cooldown?: number | undefined;
}

/** A function for the option `keys` that fetches a JWK Set. It rejects with `ERR_SESSION_REMOTE_KEYS` while it has no keys. */
export type RemoteKeys = (req: Request, rawJwtToken: string | undefined) => Promise<KeyPair[]>;
