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

/** As long as there are no keys at all every request asks for them, but no more often than this, in ms. */
const RETRY_AFTER = 1_000;

/**
 * A `keysProvider` over the issuer's JWK Set.
 *
 * @throws TypeError naming what is wrong with the address or an option
 */
export function remoteKeys(url: string | URL, options: RemoteKeysOptions = {}): RemoteKeys {
  const keySet = new RemoteKeySet(readUrl(url), {
    timeout: milliseconds('timeout', options.timeout, DEFAULT_TIMEOUT),
    maxAge: milliseconds('maxAge', options.maxAge, DEFAULT_MAX_AGE),
    cooldown: milliseconds('cooldown', options.cooldown, DEFAULT_COOLDOWN),
  });
  return (_req, rawJwtToken) => keySet.keysFor(kidOf(rawJwtToken));
}

/** The name of a key in the header of a token, which is not verified; undefined if there is none. */
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

/** The keys as last fetched. Times are of a clock that nobody sets. */
class RemoteKeySet {
  readonly #url: URL;
  readonly #options: Settings;
  /** By kid; undefined before the first success. Kept when the endpoint fails. */
  #keys: Map<unknown, KeyPair> | undefined;
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  /** Of the last try; undefined where that was a success. */
  #error: Error | undefined;
  #underWay: Promise<void> | undefined;

  constructor(url: URL, options: Settings) {
    this.#url = url;
    this.#options = options;
  }

  /**
   * All keys; if there is none of this kid, after another look.
   *
   * @throws Error if there are none, now or from before
   */
  async keysFor(kid: unknown): Promise<KeyPair[]> {
    const isKnown = kid === undefined || this.#keys?.has(kid) === true;
    if (!isKnown || !this.#isFresh) {
      const trial = this.#refresh();
      // Who has a known key does not wait for an endpoint that failed the last time.
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

  /** One request at a time. For the sake of unknown keys, and after a failure, none before the cool-down has passed. Never rejects. */
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
      // No issuer is without keys: its endpoint is out of order, or somebody else's.
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

/** RFC 7517, section 5: members that cannot be used are passed over. Of a private key only the public half is taken. */
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

/** @throws TypeError if it is no address that keys can be fetched from */
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

/** @throws TypeError naming the option */
function milliseconds(name: keyof Settings, value: unknown, byDefault: number): number {
  if (value === undefined) return byDefault;
  // Timers take no more than that.
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 31) return Number(value);
  throw new SessionTypeError(
    'ERR_SESSION_ARGUMENT',
    `remoteKeys: ${name} must be a whole number of milliseconds`,
  );
}
