/** Fetches the issuer's JWK Set for services that only verify, and keeps the last good keys. */
import { createPublicKey, type JsonWebKeyInput } from 'node:crypto';
import { SessionError, SessionTypeError } from '../errors';
import { debug } from '../diagnostics';
import { isForSignatures, isOnKnownCurve } from './key-material';
import { fetchKeySet } from './key-set-request';
import { thumbprint } from './key-ring';
import type { JsonWebKey, KeyPair, RemoteKeys, RemoteKeysOptions } from '../types';

const DEFAULT_TIMEOUT = 5_000;
const DEFAULT_MAX_AGE = 10 * 60_000;
const DEFAULT_COOLDOWN = 30_000;

/** In ms. While there are no keys at all each request asks for them, but not more often than this. */
const RETRY_AFTER = 1_000;

/**
 * Makes a `keys` function of the issuer's JWK Set.
 *
 * @throws TypeError that names the wrong address or option
 */
export function remoteKeys(url: string | URL, options: RemoteKeysOptions = {}): RemoteKeys {
  const keySet = new RemoteKeySet(readUrl(url), {
    timeout: milliseconds('timeout', options.timeout, DEFAULT_TIMEOUT),
    maxAge: milliseconds('maxAge', options.maxAge, DEFAULT_MAX_AGE),
    cooldown: milliseconds('cooldown', options.cooldown, DEFAULT_COOLDOWN),
  });
  return (_req, rawJwtToken) => keySet.keysFor(kidOf(rawJwtToken));
}

/** The `kid` in the header of a token that is not verified. Undefined if there is none. */
function kidOf(token = ''): unknown {
  const [header = ''] = token.split('.', 1);
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString());
    return typeof value === 'object' && value !== null && 'kid' in value ? value.kid : undefined;
  } catch {
    return undefined;
  }
}

type Settings = Record<keyof RemoteKeysOptions, number>;

/** The keys that were fetched last. All times are from `performance.now()`, because the system clock can be set. */
class RemoteKeySet {
  readonly #url: URL;
  readonly #options: Settings;
  /** The keys by `kid`. Undefined before the first success. They stay when the endpoint fails. */
  #keys: Map<unknown, KeyPair> | undefined;
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  /** The error of the last try. Undefined if it was a success. */
  #error: Error | undefined;
  #underWay: Promise<void> | undefined;

  constructor(url: URL, options: Settings) {
    this.#url = url;
    this.#options = options;
  }

  /**
   * All keys. If none of them has this kid, the set is fetched again first.
   *
   * @throws SessionError if there are no keys, not even old ones
   */
  async keysFor(kid: unknown): Promise<KeyPair[]> {
    const isKnown = kid === undefined || this.#keys?.has(kid) === true;
    if (!isKnown || !this.#isFresh) {
      const trial = this.#refresh();
      // If the key is known, the request does not wait for an endpoint that failed the last time.
      if (!this.#keys || !isKnown || !this.#error) await trial;
    }
    if (this.#keys) return [...this.#keys.values()];
    throw new SessionError(
      'ERR_SESSION_REMOTE_KEYS',
      `remoteKeys: no keys from ${this.#url.origin}${this.#url.pathname}`,
      this.#error,
    );
  }

  get #isFresh(): boolean {
    return performance.now() - this.#fetchedAt < this.#options.maxAge;
  }

  /**
   * Fetches the set, one request at a time. After a failure, or for an unknown key, it waits until `cooldown` has passed.
   * Never rejects.
   */
  #refresh(): Promise<void> | undefined {
    const { cooldown } = this.#options;
    const pause = this.#keys ? cooldown : Math.min(cooldown, RETRY_AFTER);
    const isDue = (!this.#isFresh && !this.#error) || performance.now() - this.#triedAt >= pause;
    if (isDue) {
      this.#underWay ??= this.#fetch().finally(() => {
        this.#triedAt = performance.now();
        this.#underWay = undefined;
      });
    }
    return this.#underWay;
  }

  async #fetch(): Promise<void> {
    try {
      const members = await fetchKeySet(this.#url, this.#options.timeout);
      const keys = new Map(members.flatMap(readMember));
      // An issuer always has keys, so this answer is a mistake, or comes from somebody else.
      if (keys.size === 0)
        throw new SessionError('ERR_SESSION_REMOTE_KEYS', 'the answer has no key that verifies ES256');
      this.#keys = keys;
      this.#fetchedAt = performance.now();
      this.#error = undefined;
      debug('remote keys: %d', keys.size);
    } catch (error) {
      this.#error = error as Error;
      debug('remote keys failed: %s', this.#error.message);
    }
  }
}

/** Reads one member of the set. One that cannot be used is ignored (RFC 7517, section 5). Private members are never read. */
function readMember(member: unknown): [kid: string, pair: KeyPair][] {
  if (typeof member !== 'object' || member === null) return [];
  if (!isForSignatures(member as Record<string, unknown>)) return [];
  const { kty, crv, x, y } = member as JsonWebKey;
  try {
    const key = createPublicKey({ key: { kty, crv, x, y } as JsonWebKeyInput['key'], format: 'jwk' });
    return isOnKnownCurve(key) ? [[thumbprint(key), { public: key }]] : [];
  } catch {
    return [];
  }
}

/** @throws TypeError if keys cannot be fetched from this address */
function readUrl(given: unknown): URL {
  if (!URL.canParse(String(given)))
    throw new SessionTypeError('ERR_SESSION_ARGUMENT', 'remoteKeys: url must be an absolute URL');
  const url = new URL(String(given));
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new SessionTypeError('ERR_SESSION_ARGUMENT', 'remoteKeys: url must begin with https:// or http://');
  }
  if (url.username || url.password) {
    throw new SessionTypeError(
      'ERR_SESSION_ARGUMENT',
      'remoteKeys: url must not hold a user name or password: public keys need none',
    );
  }
  return url;
}

/** @throws TypeError that names the option */
function milliseconds(name: keyof Settings, value: unknown, byDefault: number): number {
  if (value === undefined) return byDefault;
  // Timers cannot run longer.
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31) return Number(value);
  throw new SessionTypeError(
    'ERR_SESSION_ARGUMENT',
    `remoteKeys: ${name} must be a whole number of milliseconds`,
  );
}
