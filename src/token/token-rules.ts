/** Writes and checks the claims of a token that options ask for: times, issuer and audience. */
import type { SessionClaim } from './session-claim';
import type { JwtPayload } from '../types';

/** The checked options `jwt` and `absoluteTimeout`. Times are in seconds, except `absoluteTimeout`. */
export interface RuleOptions {
  readonly expiresIn?: number | undefined;
  readonly issuer?: readonly string[] | undefined;
  readonly audience?: readonly (string | RegExp)[] | undefined;
  /** Whether `aud` is written as a bare string. */
  readonly isSingleAudience?: boolean;
  readonly clockTolerance?: number;
  readonly maxTokenAge?: number | undefined;
  /** In ms. */
  readonly absoluteTimeout?: number | undefined;
}

/** Claims that are points in time, in seconds (RFC 7519, section 4.1; OpenID Connect Core, section 2). */
const TIMES = ['iat', 'nbf', 'exp', 'auth_time'] as const;

type Times = Partial<Record<(typeof TIMES)[number], number>>;

/** The rules for the claims of RFC 7519, section 4.1, and for `auth_time` of OpenID Connect Core, section 2. */
export class TokenRules {
  readonly #options: RuleOptions;
  /** The claims that the library writes because of an option, with the name of the option. */
  readonly written: ReadonlyMap<string, string>;
  /** How long a session may last, however active it is, in ms. Undefined: for ever. */
  readonly absoluteTimeout: number | undefined;

  constructor(options: RuleOptions = {}) {
    this.#options = options;
    this.absoluteTimeout = options.absoluteTimeout;
    const { expiresIn, issuer, audience } = options;
    this.written = new Map(
      [
        ['exp', 'jwt.expiresIn', expiresIn] as const,
        ['iss', 'jwt.issuer', issuer] as const,
        ['aud', 'jwt.audience', audience] as const,
      ]
        .filter(([, , value]) => value !== undefined)
        .map(([claim, option]) => [claim, option] as const),
    );
  }

  /** Whether tokens get an `exp`, and are replaced before that. */
  get refreshes(): boolean {
    return this.#options.expiresIn !== undefined;
  }

  /** Whether each token is refused at some age, even if it has no `exp`. */
  get limitsAge(): boolean {
    return this.#options.maxTokenAge !== undefined;
  }

  /** Whether a pattern is among the audiences. It can verify tokens, but cannot be written into one. */
  get hasAudiencePattern(): boolean {
    return this.#options.audience?.some((one) => one instanceof RegExp) ?? false;
  }

  /**
   * The claims `exp`, `iss` and `aud` for a new token, as far as options ask for them.
   *
   * @param now in seconds since 1970
   * @param endsAt when the session ends, in ms since 1970. `exp` is never later
   */
  claimsAt(now: number, endsAt: number | undefined): JwtPayload {
    const { expiresIn, issuer, audience, isSingleAudience } = this.#options;
    const claims: JwtPayload = {};
    if (expiresIn !== undefined) claims.exp = Math.min(now + expiresIn, toSeconds(endsAt));
    if (issuer) claims.iss = issuer[0];
    if (audience) claims.aud = isSingleAudience ? audience[0] : audience;
    return claims;
  }

  /** Whether the issuer and the audience of a token are right. */
  accepts({ iss, aud }: Record<string, unknown>): boolean {
    const { issuer, audience } = this.#options;
    if (issuer && !(typeof iss === 'string' && issuer.includes(iss))) return false;
    if (!audience) return true;
    const values: unknown[] = Array.isArray(aud) ? aud : [aud];
    if (!values.every((value) => typeof value === 'string')) return false;
    return values.some((value) =>
      audience.some((one) => (typeof one === 'string' ? one === value : value.search(one) >= 0)),
    );
  }

  /**
   * Whether a token is in force now. A time that is no finite number refuses it, because JSON can express 1e999.
   *
   * @param isIssuer whether this service can replace tokens. Then it accepts a token that is past an `exp` of the library's own
   */
  isTimely(payload: JwtPayload, session: SessionClaim | undefined, isIssuer: boolean): boolean {
    if (!hasTimes(payload)) return false;
    const { exp, nbf, iat } = payload;
    const { clockTolerance = 0, maxTokenAge } = this.#options;
    const now = Math.floor(Date.now() / 1000);
    if (nbf !== undefined && nbf > now + clockTolerance) return false;
    if (exp !== undefined && now >= exp + clockTolerance && !(isIssuer && session?.hasOwnExpiry))
      return false;
    if (exp === undefined && this.refreshes && !isIssuer) return false;
    if (maxTokenAge === undefined) return true;
    // An `iat` in the future would make a token live longer.
    if (iat === undefined || iat > now + clockTolerance) return false;
    return now < iat + maxTokenAge + clockTolerance || (isIssuer && this.refreshes);
  }

  /**
   * When a session ends because of its age, in ms since 1970. Undefined: never.
   *
   * @param authTime when its user has signed in, in seconds since 1970. Undefined: nobody has
   * @param created when the session began, in ms since 1970
   */
  endOf(authTime: number | undefined, created: number): number | undefined {
    if (this.absoluteTimeout === undefined) return undefined;
    return (authTime === undefined ? created : authTime * 1000) + this.absoluteTimeout;
  }

  /** When a token has to be replaced by one with later times, in ms since 1970. Infinity: never. */
  dueAt({ exp, iat, auth_time: authTime }: JwtPayload, session: SessionClaim | undefined): number {
    if (!session?.hasOwnExpiry) return this.refreshes && exp === undefined ? 0 : Infinity;
    // The option was removed since, or the token lacks a time that we would have written. It is replaced at once.
    if (!this.refreshes || exp === undefined || iat === undefined) return 0;
    const end = authTime === undefined ? undefined : this.endOf(authTime, 0);
    // A new token could not live longer, because the session ends.
    if (end !== undefined && exp >= toSeconds(end)) return Infinity;
    return (iat + (exp - iat) / 2) * 1000;
  }
}

function hasTimes(payload: JwtPayload): payload is JwtPayload & Times {
  for (const name of TIMES) {
    if (payload[name] !== undefined && !Number.isFinite(payload[name])) return false;
  }
  return true;
}

/** @returns Infinity if there is no time */
function toSeconds(ms: number | undefined): number {
  return ms === undefined ? Infinity : Math.floor(ms / 1000);
}

export const NO_RULES = new TokenRules();
