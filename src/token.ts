import jsonwebtoken = require('jsonwebtoken');
import { LRUCache } from 'lru-cache';
import { type Claims, claimsOf } from './claims';
import { digestOf } from './digest';
import { IssueError, type KeyRing } from './keys';
import type { JwtPayload } from './types';

/** Browsers drop a cookie whose name and value are longer than this together; so no longer token can be ours. */
export const MAX_COOKIE_LENGTH = 4096;

/**
 * Three base64url segments (RFC 7515, section 3.1): two JSON objects, which begin with a brace, and an ES256 signature
 * of 64 bytes (RFC 7518, section 3.4). jsonwebtoken itself would also take a JSON text in a JSON text for an object.
 */
const TOKEN = /^e[w-z0-9_-][\w-]+\.e[w-z0-9_-][\w-]+\.[\w-]{86}$/;

/** A signed token: issued here, or verified. */
export class Token {
  readonly text: string;
  /** Shared by all requests that carry the token: handed out as a copy only. */
  readonly payload: Readonly<JwtPayload>;
  #claims: Claims | undefined;
  #digest: string | undefined;

  constructor(text: string, payload: JwtPayload) {
    this.text = text;
    this.payload = payload;
  }

  /** The application's claims. */
  get claims(): Claims {
    return (this.#claims ??= claimsOf(this.payload));
  }

  /** The id under which stores know the token; computed once, as the token is remembered with it. */
  get digest(): string {
    return (this.#digest ??= digestOf(this.text));
  }

  /** Whether `exp` and `nbf` (RFC 7519, section 4.1) admit the token now. */
  isTimely(): boolean {
    const now = Math.floor(Date.now() / 1000);
    const { exp, nbf } = this.payload;
    return (exp === undefined || now < exp) && (nbf === undefined || nbf <= now);
  }
}

/** Whether a text has the shape of a session token; says nothing about its signature. */
export function isTokenShaped(text: string): boolean {
  return text.length <= MAX_COOKIE_LENGTH && TOKEN.test(text);
}

/** Issues and verifies tokens with one key ring, and remembers those it has seen. */
export class Tokens {
  readonly #keyRing: KeyRing;
  readonly #seen: LRUCache<string, Token>;

  /** @param cacheSize how many tokens are remembered, about 1 KB each */
  constructor(keyRing: KeyRing, cacheSize: number) {
    this.#keyRing = keyRing;
    this.#seen = new LRUCache({ max: cacheSize });
  }

  /** Whether there is a private key to issue tokens with. */
  get canIssue(): boolean {
    return this.#keyRing.canSign;
  }

  /**
   * Signs a new token.
   *
   * @param maxLength how long the token may get, in characters
   * @throws IssueError naming keys if there is no private key, or naming jwtFromReq if the token gets too long
   */
  issue(claims: Claims, jti: string, maxLength: number): Token {
    const payload = { ...(JSON.parse(claims) as JwtPayload), iat: Math.floor(Date.now() / 1000), jti };
    const text = jsonwebtoken.sign(payload, this.#keyRing.signingKey, {
      algorithm: 'ES256',
      allowInvalidAsymmetricKeyTypes: true,
    });
    if (text.length > maxLength) {
      throw new IssueError(
        `jwtFromReq returned too many claims: the token has ${String(text.length)} characters, ` +
          `with its cookie name it may have no more than ${String(MAX_COOKIE_LENGTH)}`,
      );
    }
    const token = new Token(text, payload);
    this.#seen.set(text, token);
    return token;
  }

  /** The token of this text, or undefined if it is not one that these keys have signed or if it is out of its time. */
  verify(text: string): Token | undefined {
    const token = this.#seen.get(text) ?? this.#verifySignature(text);
    return token?.isTimely() ? token : undefined;
  }

  #verifySignature(text: string): Token | undefined {
    if (!isTokenShaped(text) || !hasExpectedHeader(text)) return undefined;
    for (const key of this.#keyRing.verificationKeys) {
      const payload = verifyWith(key, text);
      if (!payload) continue;
      // A copy of its own: a slice would keep the whole Cookie header in memory.
      const own = Buffer.from(text, 'latin1').toString('latin1');
      const token = new Token(own, payload);
      this.#seen.set(own, token);
      return token;
    }
    return undefined;
  }
}

/** Algorithm and type are pinned before a key is chosen, critical extensions refused (RFC 8725, section 3.1; RFC 7515, 4.1.11). */
function hasExpectedHeader(text: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(text.slice(0, text.indexOf('.')), 'base64url').toString());
    const { alg, typ, crit } = header as Record<string, unknown>;
    return alg === 'ES256' && (typ === undefined || typ === 'JWT') && crit === undefined;
  } catch {
    return false;
  }
}

function verifyWith(key: KeyRing['verificationKeys'][number], text: string): JwtPayload | undefined {
  try {
    const payload: unknown = jsonwebtoken.verify(text, key, {
      algorithms: ['ES256'],
      allowInvalidAsymmetricKeyTypes: true,
    });
    return typeof payload === 'object' && payload !== null && !Array.isArray(payload)
      ? (payload as JwtPayload)
      : undefined;
  } catch {
    return undefined;
  }
}
