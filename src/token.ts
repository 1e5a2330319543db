import { LRUCache } from 'lru-cache';
import { type Claims, claimsOf, NO_CLAIMS } from './claims';
import { isSignedBy, parseSegment, signCompact } from './jws';
import { IssueError, type KeyRing } from './keys';
import type { StoreKey } from './store-key';
import type { JwtPayload } from './types';

/** Browsers drop a cookie whose name and value are longer than this together; so no longer token can be ours. */
export const MAX_COOKIE_LENGTH = 4096;

/**
 * Three base64url segments (RFC 7515, section 3.1): two JSON objects, which begin with a brace, and an ES256 signature
 * of 64 bytes (RFC 7518, section 3.4), whose last character has four bits to spare: zero, or one signature would have 16
 * texts.
 */
const TOKEN = /^e[w-z0-9_-][\w-]+\.e[w-z0-9_-][\w-]+\.[\w-]{85}[AQgw]$/;

/** A signed token: issued here, or verified. */
export class Token {
  readonly text: string;
  /** The key that has signed it. */
  readonly kid: string;
  #payload: JwtPayload | undefined;
  #claims: Claims | undefined;
  #storedId: string | undefined;

  /** @param payload that of `text`, where it is known */
  constructor(text: string, kid: string, payload?: JwtPayload) {
    this.text = text;
    this.kid = kid;
    this.#payload = payload;
  }

  /** Shared by all requests that carry the token: handed out as a copy only. */
  get payload(): Readonly<JwtPayload> {
    return (this.#payload ??= parseSegment(this.text, 1) as JwtPayload);
  }

  /** The application's claims. */
  get claims(): Claims {
    return (this.#claims ??= claimsOf(this.payload));
  }

  /** The id under which stores know the token; computed once, as the token is remembered with it. */
  storedId(storeKey: StoreKey): string {
    return (this.#storedId ??= storeKey(this.text));
  }

  /**
   * Whether `exp` and `nbf` (RFC 7519, section 4.1) admit the token now; what is no number of seconds does not, and
   * neither does an `exp` that never comes: JSON can express 1e999.
   */
  isTimely(): boolean {
    const { exp, nbf }: Record<string, unknown> = this.payload;
    if (exp === undefined && nbf === undefined) return true;
    const now = Math.floor(Date.now() / 1000);
    return (
      (exp === undefined || (typeof exp === 'number' && now < exp && exp < Infinity)) &&
      (nbf === undefined || (typeof nbf === 'number' && nbf <= now && nbf > -Infinity))
    );
  }
}

/** Whether a text has the shape of a session token; says nothing about its signature. */
export function isTokenShaped(text: string): boolean {
  return text.length <= MAX_COOKIE_LENGTH && TOKEN.test(text);
}

/** Tokens that were issued or verified, by text, so that the next request with one needs no cryptography. */
export type TokenCache = LRUCache<string, Token>;

/** @param size how many tokens are remembered, about 1 KB each */
export function createTokenCache(size: number): TokenCache {
  return new LRUCache({ max: size });
}

/** Issues and verifies tokens with one key ring. */
export class Tokens {
  readonly #keyRing: KeyRing;
  readonly #cache: TokenCache;

  /** @param cache may be shared with other key rings: a token counts only where the key that has signed it does */
  constructor(keyRing: KeyRing, cache: TokenCache) {
    this.#keyRing = keyRing;
    this.#cache = cache;
  }

  /** Whether there is a private key to issue tokens with. */
  get canIssue(): boolean {
    return this.#keyRing.canSign;
  }

  /** Whether a token that was verified elsewhere is one of these keys, too. */
  accept({ kid }: Token): boolean {
    return this.#keyRing.has(kid);
  }

  /**
   * Signs a new token.
   *
   * @param maxLength how long the token may get, in characters
   * @throws IssueError naming keys if there is no private key, or naming jwtFromReq if the token gets too long
   */
  issue(claims: Claims, jti: string, maxLength: number): Token {
    const { key, kid, header } = this.#keyRing.signing;
    const own = `"iat":${String(Math.floor(Date.now() / 1000))},"jti":${JSON.stringify(jti)}`;
    const payload = claims === NO_CLAIMS ? `{${own}}` : `${claims.slice(0, -1)},${own}}`;
    const text = signCompact(header, payload, key);
    if (text.length > maxLength) {
      throw new IssueError(
        `jwtFromReq returned too many claims: the token has ${String(text.length)} characters, ` +
          `with its cookie name it may have no more than ${String(MAX_COOKIE_LENGTH)}`,
      );
    }
    const token = new Token(text, kid);
    this.#cache.set(text, token);
    return token;
  }

  /** The token of this text, or undefined if it is not one that these keys have signed or if it is out of its time. */
  verify(text: string): Token | undefined {
    const cached = this.#cache.get(text);
    const token = cached && this.accept(cached) ? cached : this.#verifySignature(text);
    return token?.isTimely() ? token : undefined;
  }

  #verifySignature(text: string): Token | undefined {
    if (!isTokenShaped(text)) return undefined;
    const header = parseSegment(text, 0);
    if (!header || !isExpected(header)) return undefined;
    const signer = this.#keyRing.candidates(header.kid).find(({ key }) => isSignedBy(key, text));
    const payload = signer && parseSegment(text, 1);
    if (!payload) return undefined;
    // A copy of its own: a slice would keep the whole Cookie header in memory.
    const own = Buffer.from(text, 'latin1').toString('latin1');
    const token = new Token(own, signer.kid, payload);
    this.#cache.set(own, token);
    return token;
  }
}

/** Algorithm and type are pinned before a key is chosen, critical extensions refused (RFC 8725, section 3.1; RFC 7515, 4.1.11). */
function isExpected({ alg, typ, crit }: Record<string, unknown>): boolean {
  return alg === 'ES256' && (typ === undefined || typ === 'JWT') && crit === undefined;
}
