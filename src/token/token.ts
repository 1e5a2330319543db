import { LRUCache } from 'lru-cache';
import { type Claims, claimsOf, NO_CLAIMS, type TokenClaims } from './claims';
import { isSignedBy, parseSegment, signCompact } from './jws';
import { IssueError, type KeyRing, type NamedKey } from '../keys/key-ring';
import type { StoreKey } from '../store-key';
import { NO_RULES, type Origins, type TokenRules } from './token-rules';
import type { JwtPayload } from '../types';

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
  readonly #rules: TokenRules;
  #payload: JwtPayload | undefined;
  #claims: TokenClaims | undefined;
  #storedId: string | undefined;
  #dueAt: number | undefined;
  #mayBeReplacedFrom: number | undefined;
  /** Whether this process has seen to it that the tokens which it replaces end (replacement.ts). */
  hasRetiredOthers = false;

  /** @param payload that of `text`, where it is known */
  constructor(text: string, kid: string, rules: TokenRules, payload?: JwtPayload) {
    this.text = text;
    this.kid = kid;
    this.#rules = rules;
    this.#payload = payload;
  }

  /** Shared by all requests that carry the token: handed out as a copy only. */
  get payload(): Readonly<JwtPayload> {
    return (this.#payload ??= parseSegment(this.text, 1) as JwtPayload);
  }

  /** The application's claims. */
  get claims(): TokenClaims {
    return (this.#claims ??= claimsOf(this.payload, this.#rules.written));
  }

  /** The id under which stores know the token; computed once, as the token is remembered with it. */
  storedId(storeKey: StoreKey): string {
    return (this.#storedId ??= storeKey(this.text));
  }

  /** When its session ends however active it is, in ms since 1970; undefined: never. */
  get endsAt(): number | undefined {
    return this.#rules.endsSessions ? this.#rules.endOf(this.payload) : undefined;
  }

  /** When it is to be replaced, in ms since 1970. */
  get dueAt(): number {
    return (this.#dueAt ??= this.#rules.dueAt(this.payload));
  }

  /** From when on another process may have replaced it, in ms since 1970. */
  get mayBeReplacedFrom(): number {
    return (this.#mayBeReplacedFrom ??= this.#rules.mayBeReplacedFrom(this.payload));
  }

  /** What a token that takes its place has to say as well. */
  get origins(): Origins {
    return this.#rules.originsOf(this.payload);
  }
}

export const AUDIENCE_PATTERN =
  'jwt.audience must be a string or an array of strings where tokens are issued: a RegExp cannot be written into one';

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
  readonly #rules: TokenRules;

  /**
   * @param cache may be shared with other key rings: a token counts only where the key that has signed it does
   * @param rules the same for all who share the cache
   */
  constructor(keyRing: KeyRing, cache: TokenCache, rules = NO_RULES) {
    this.#keyRing = keyRing;
    this.#cache = cache;
    this.#rules = rules;
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
   * @param origins default: those of somebody who signs in now
   * @throws IssueError naming keys if there is no private key, naming jwt.audience if that is a pattern, or naming
   * jwtFromReq if the token gets too long
   */
  issue(claims: Claims, jti: string, maxLength: number, origins?: Origins): Token {
    const { key, kid, header } = this.#keyRing.signing;
    if (this.#rules.hasAudiencePattern) throw new IssueError(AUDIENCE_PATTERN);
    const { iat, ...others } = this.#rules.claimsAt(Math.floor(Date.now() / 1000), origins);
    const own: JwtPayload = { iat, jti, ...others };
    const isAll = claims === NO_CLAIMS;
    const ownText = JSON.stringify(own);
    const text = signCompact(header, isAll ? ownText : `${claims.slice(0, -1)},${ownText.slice(1)}`, key);
    if (text.length > maxLength) {
      throw new IssueError(
        `jwtFromReq returned too many claims: the token has ${String(text.length)} characters, ` +
          `with its cookie name it may have no more than ${String(MAX_COOKIE_LENGTH)}`,
      );
    }
    const token = new Token(text, kid, this.#rules, isAll ? own : undefined);
    this.#cache.set(text, token);
    return token;
  }

  /**
   * The token of this text, or undefined if it is not one that these keys have signed, if it is of another purpose or out
   * of its time. One that has expired is good where it can be replaced, if its session lives.
   */
  verify(text: string): Token | undefined {
    const cached = this.#cache.get(text);
    const token = cached && this.accept(cached) ? cached : this.#verifySignature(text);
    return token && this.#isTimely(token) ? token : undefined;
  }

  #isTimely({ payload }: Token): boolean {
    const timeliness = this.#rules.timelinessOf(payload);
    if (!this.#rules.refreshes) return timeliness === 'timely';
    if (this.canIssue) return timeliness !== 'refused';
    return timeliness === 'timely' && payload.exp !== undefined;
  }

  #verifySignature(text: string): Token | undefined {
    if (!isTokenShaped(text)) return undefined;
    const signer = this.#candidatesFor(text).find(({ key }) => isSignedBy(key, text));
    const payload = signer && parseSegment(text, 1);
    if (!payload || !this.#rules.accepts(payload)) return undefined;
    // A copy of its own: a slice would keep the whole Cookie header in memory.
    const own = Buffer.from(text, 'latin1').toString('latin1');
    const token = new Token(own, signer.kid, this.#rules, payload);
    this.#cache.set(own, token);
    return token;
  }

  #candidatesFor(text: string): readonly NamedKey[] {
    // Not parsed where it is known to the letter: 4 % of a verification, of which a client may ask for many.
    const known = this.#keyRing.candidateFor(text.slice(0, text.indexOf('.')));
    if (known) return [known];
    const header = parseSegment(text, 0);
    return header && isExpected(header) ? this.#keyRing.candidates(header.kid) : [];
  }
}

/** Algorithm and type are pinned before a key is chosen, critical extensions refused (RFC 8725, section 3.1; RFC 7515, 4.1.11). */
function isExpected({ alg, typ, crit }: Record<string, unknown>): boolean {
  return alg === 'ES256' && (typ === undefined || typ === 'JWT') && crit === undefined;
}
