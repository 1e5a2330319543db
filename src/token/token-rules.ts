/** Says what a token must say beside the application's claims: when it ends, who has issued it, for whom. */
import type { SessionClaim } from './session-claim';
import type { JwtPayload } from '../types';

/** What the `jwt` and `absoluteTimeout` options say, checked; times in seconds but for `absoluteTimeout`. */
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

/** The rules of RFC 7519, section 4.1, as the options set them; `auth_time` is that of OpenID Connect Core, section 2. */
export class TokenRules {
  readonly #options: RuleOptions;
  /** Claims that the library writes because of an option, with the option's name. */
  readonly written: ReadonlyMap<string, string>;
  /** How long a session may last however active it is, in ms; undefined: for ever. */
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

  /** Whether tokens get an `exp`, and a new one as they grow old. */
  get refreshes(): boolean {
    return this.#options.expiresIn !== undefined;
  }

  /** Whether every accepted token ends by itself, whatever it says. */
  get limitsAge(): boolean {
    return this.#options.maxTokenAge !== undefined;
  }

  /** A pattern among the audiences: good to verify with, but nothing that could be written. */
  get hasAudiencePattern(): boolean {
    return this.#options.audience?.some((one) => one instanceof RegExp) ?? false;
  }

  /**
   * The claims `exp`, `iss` and `aud` of a token issued now, as far as options ask for them.
   *
   * @param now in seconds
   * @param endsAt when the session ends, in ms; no `exp` is beyond it
   */
  claimsAt(now: number, endsAt: number | undefined): JwtPayload {
    const { expiresIn, issuer, audience, isSingleAudience } = this.#options;
    const claims: JwtPayload = {};
    if (expiresIn !== undefined) claims.exp = Math.min(now + expiresIn, toSeconds(endsAt));
    if (issuer) claims.iss = issuer[0];
    if (audience) claims.aud = isSingleAudience ? audience[0] : audience;
    return claims;
  }

  /** Whether a token is from this issuer and for this audience. */
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
   * Whether a token is in force now. What is no finite number of seconds refuses it: JSON can express 1e999.
   *
   * @param isIssuer whether expired tokens can be replaced here: an `exp` of the library's own is for others to look at
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
    // An age that counts from a time to come would be no limit.
    if (iat === undefined || iat > now + clockTolerance) return false;
    return now < iat + maxTokenAge + clockTolerance || (isIssuer && this.refreshes);
  }

  /**
   * When a session ends because of its age, in ms since 1970; undefined: never.
   *
   * @param authTime when its user signed in, in seconds; undefined: nobody has
   * @param created when the session began, in ms
   */
  endOf(authTime: number | undefined, created: number): number | undefined {
    if (this.absoluteTimeout === undefined) return undefined;
    return (authTime === undefined ? created : authTime * 1000) + this.absoluteTimeout;
  }

  /** When a token is to be replaced by one with later times, in ms since 1970; Infinity: never. */
  dueAt({ exp, iat, auth_time: authTime }: JwtPayload, session: SessionClaim | undefined): number {
    if (!session?.hasOwnExpiry) return this.refreshes && exp === undefined ? 0 : Infinity;
    // The option is not there any more, or its token is not as we write it.
    if (!this.refreshes || exp === undefined || iat === undefined) return 0;
    const end = authTime === undefined ? undefined : this.endOf(authTime, 0);
    // No token of this session could live longer.
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

/** @returns Infinity where there is no time */
function toSeconds(ms: number | undefined): number {
  return ms === undefined ? Infinity : Math.floor(ms / 1000);
}

export const NO_RULES = new TokenRules();
