/** Session tokens: reads what one says, and issues and verifies them with the keys of a key ring. */
import { type Claims, claimsOf, NO_CLAIMS, type TokenClaims } from './claims';
import { isHandle } from './handle';
import { recordId } from './record-id';
import { readSessionClaim, type SessionClaim, writeSessionClaim } from './session-claim';
import { isSignedBy, signToken } from './signature';
import type { TokenCache } from './token-cache';
import { NO_RULES, type TokenRules } from './token-rules';
import { isExpectedHeader, isTokenShaped, MAX_COOKIE_LENGTH, parseSegment } from './token-text';
import { IssueError, type KeyRing, type NamedKey } from '../keys/key-ring';
import type { JwtPayload } from '../types';

export type { SessionClaim } from './session-claim';
export { createTokenCache, type TokenCache } from './token-cache';
export { isTokenShaped, MAX_COOKIE_LENGTH } from './token-text';

/** A token with a good signature: it was issued here, or verified. */
export class Token {
  readonly text: string;
  /** The name of the key that has signed it. */
  readonly kid: string;
  readonly #rules: TokenRules;
  #payload: JwtPayload | undefined;
  #session: { readonly claim: SessionClaim | undefined } | undefined;
  #claims: TokenClaims | undefined;
  #record: { readonly id: string | undefined; readonly tenant: string | undefined } | undefined;
  #dueAt: number | undefined;

  /** @param payload the payload of `text`, if it is known already */
  constructor(text: string, kid: string, rules: TokenRules, payload?: JwtPayload) {
    this.text = text;
    this.kid = kid;
    this.#rules = rules;
    this.#payload = payload;
  }

  /** All requests with this token share it, so applications get only copies. */
  get payload(): Readonly<JwtPayload> {
    return (this.#payload ??= parseSegment(this.text, 1) as JwtPayload);
  }

  /** The session that it opens. Undefined: it has a good signature, but is no session token. */
  get ses(): SessionClaim | undefined {
    return (this.#session ??= { claim: readSessionClaim(this.payload) }).claim;
  }

  /** The application's claims. */
  get claims(): TokenClaims {
    return (this.#claims ??= claimsOf(this.payload, this.#rules.written));
  }

  /** When the user signed in, in seconds since 1970. */
  get authTime(): number | undefined {
    return this.payload.auth_time;
  }

  /** When it has to be replaced by one with later times, in ms since 1970. Infinity: never. */
  get dueAt(): number {
    return (this.#dueAt ??= this.#rules.dueAt(this.payload, this.ses));
  }

  /** The id of its session's record. Undefined: it is no session token. The result is remembered. */
  recordId(tenant: string | undefined): string | undefined {
    if (!this.#record || this.#record.tenant !== tenant) {
      const { handle, legacyId } = this.ses ?? {};
      this.#record = { id: handle === undefined ? legacyId : recordId(handle, tenant), tenant };
    }
    return this.#record.id;
  }
}

/** How many more signatures may be checked. It limits the work of a request with many texts that look like tokens. */
export interface VerificationBudget {
  left: number;
}

const MAX_VERIFICATIONS = 10;

/** The budget of one request. All texts that came with it share one. */
export function verificationBudget(): VerificationBudget {
  return { left: MAX_VERIFICATIONS };
}

/** The contents of a new token. Either `handle` or `legacyId` names its session. */
export interface TokenContents {
  readonly claims: Claims;
  readonly handle?: string | undefined;
  readonly legacyId?: string | undefined;
  readonly generation: number;
  /** In seconds since 1970. */
  readonly authTime: number | undefined;
  /** When the session ends, however active it is, in ms since 1970. Undefined: never. */
  readonly endsAt: number | undefined;
}

export const AUDIENCE_PATTERN =
  'jwt.audience must be a string or an array of strings where tokens are issued: a RegExp cannot be written into one';

/** Issues and verifies tokens with one key ring. */
export class Tokens {
  readonly #keyRing: KeyRing;
  readonly #cache: TokenCache;
  readonly #rules: TokenRules;
  /** The tenant of these keys, if a function as `keys` names one. */
  readonly tenant: string | undefined;

  /**
   * @param cache may be shared with other key rings. A cached token counts only if its key is in this ring
   * @param rules the same for all that share the cache
   */
  constructor(keyRing: KeyRing, cache: TokenCache, rules = NO_RULES, tenant?: string) {
    this.#keyRing = keyRing;
    this.#cache = cache;
    this.#rules = rules;
    this.tenant = tenant;
  }

  /** Whether there is a private key to issue tokens with. */
  get canIssue(): boolean {
    return this.#keyRing.canSign;
  }

  /** The public keys in order. If there is a private key, it belongs to the first one. */
  get publicKeys(): readonly NamedKey[] {
    return this.#keyRing.candidates();
  }

  /** Whether the key that has signed a verified token is in this ring. */
  accept({ kid }: Token): boolean {
    return this.#keyRing.has(kid);
  }

  /**
   * Signs a new token. The same contents in the same second give the same token, so that parallel requests need only one
   * signature.
   *
   * @param maxLength how long the token may be, in characters
   * @throws IssueError that names keys if there is no private key, genid if the handle cannot be used, jwt.audience if that is a
   * pattern, or jwtFromReq if the token gets too long
   */
  issue(contents: TokenContents, maxLength: number): Token {
    const { key, kid, header } = this.#keyRing.signing;
    if (this.#rules.hasAudiencePattern) throw new IssueError('ERR_SESSION_OPTION', AUDIENCE_PATTERN);
    const { claims, handle, legacyId } = contents;
    if (legacyId === undefined && !isHandle(handle)) {
      throw new IssueError(
        'ERR_SESSION_GENID',
        'genid must return a string that is not empty and has no zero byte',
      );
    }
    const ownClaims = this.#ownClaims(contents);
    const own = JSON.stringify(ownClaims);
    const payload = claims === NO_CLAIMS ? own : `${claims.slice(0, -1)},${own.slice(1)}`;
    const known = claims === NO_CLAIMS ? ownClaims : undefined;
    const token =
      this.#cache.find(`${header}.${Buffer.from(payload).toString('base64url')}`) ??
      new Token(signToken(payload, kid, key), kid, this.#rules, known);
    if (token.text.length > maxLength) {
      throw new IssueError(
        'ERR_SESSION_TOKEN_TOO_LONG',
        `jwtFromReq returned too many claims: the token has ${String(token.text.length)} characters, ` +
          `with its cookie name it may have no more than ${String(MAX_COOKIE_LENGTH)}`,
      );
    }
    this.#cache.add(token);
    return token;
  }

  #ownClaims({ handle, legacyId, generation, authTime, endsAt }: TokenContents): JwtPayload {
    const iat = Math.floor(Date.now() / 1000);
    const { refreshes: hasOwnExpiry } = this.#rules;
    return {
      iat,
      ses: writeSessionClaim({ handle, legacyId, generation, hasOwnExpiry }),
      ...(authTime !== undefined && { auth_time: authTime }),
      ...this.#rules.claimsAt(iat, endsAt),
    };
  }

  /**
   * The token of this text. Undefined if none of these keys has signed it, or if its issuer, audience or times are wrong. A
   * token that is past its own `exp` is good if this service can replace it.
   */
  verify(text: string, budget = verificationBudget()): Token | undefined {
    const cached = this.#cache.get(text);
    if (!cached || !this.accept(cached)) return this.#verifyUnknown(text, budget);
    return this.#rules.isTimely(cached.payload, cached.ses, this.canIssue) ? cached : undefined;
  }

  /** Verifies a token that is not in the cache. All checks without cryptography come first. */
  #verifyUnknown(text: string, budget: VerificationBudget): Token | undefined {
    if (!isTokenShaped(text)) return undefined;
    const payload: JwtPayload | undefined = parseSegment(text, 1);
    if (!payload || !this.#rules.accepts(payload)) return undefined;
    if (!this.#rules.isTimely(payload, readSessionClaim(payload), this.canIssue)) return undefined;
    const signer = this.#candidatesFor(text).find(({ key }) => spend(budget) && isSignedBy(key, text));
    if (!signer) return undefined;
    // Copied, because a slice would keep the whole Cookie header in memory.
    const token = new Token(copyOf(text), signer.kid, this.#rules, payload);
    this.#cache.add(token);
    return token;
  }

  /** Why `verify` has refused a text. */
  refusalOf(text: string): 'malformed' | 'audience' | 'time' | 'signature' {
    const payload: JwtPayload | undefined = parseSegment(text, 1);
    if (!payload) return 'malformed';
    if (!this.#rules.accepts(payload)) return 'audience';
    return this.#rules.isTimely(payload, readSessionClaim(payload), this.canIssue) ? 'signature' : 'time';
  }

  #candidatesFor(text: string): readonly NamedKey[] {
    // A header that we write ourselves is known, and need not be parsed.
    const known = this.#keyRing.candidateFor(text.slice(0, text.indexOf('.')));
    if (known) return [known];
    const header = parseSegment(text, 0);
    return header && isExpectedHeader(header) ? this.#keyRing.candidates(header.kid) : [];
  }
}

function spend(budget: VerificationBudget): boolean {
  if (budget.left <= 0) return false;
  budget.left -= 1;
  return true;
}

function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
