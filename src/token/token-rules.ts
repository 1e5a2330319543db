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
  readonly grace?: number;
  /** In ms. */
  readonly absoluteTimeout?: number | undefined;
}

/** What a token takes over from the one whose place it takes. */
export interface Origins {
  /** When the user signed in, in seconds since 1970. */
  readonly signedInAt: number;
  /** Stored ids of the tokens that lead to it. */
  readonly replaces?: readonly string[];
}

/** Whether times admit a token: yes, not any more, or never. */
type Timeliness = 'timely' | 'expired' | 'refused';

/** How long another process's clock may be ahead, as part of a token's life. */
const MARGIN = 0.1;

/**
 * What a token must say beside what the application says in it: when it ends, who has issued it for whom, and since when
 * the user is signed in (RFC 7519, section 4.1; `auth_time` is that of OpenID Connect Core, section 2).
 */
export class TokenRules {
  readonly #options: RuleOptions;
  /** Claims that the library writes because of an option, with the option's name. */
  readonly written: ReadonlyMap<string, string>;
  /** How long a replaced token goes on working once its successor has been used, in ms. */
  readonly grace: number;
  /** How long a token is good by itself, in ms; 0: for ever. */
  readonly life: number;

  constructor(options: RuleOptions = {}) {
    this.#options = options;
    this.grace = (options.grace ?? 0) * 1000;
    this.life = (options.expiresIn ?? 0) * 1000;
    const { expiresIn, issuer, audience, absoluteTimeout } = options;
    this.written = new Map(
      [
        ['exp', 'jwt.expiresIn', expiresIn] as const,
        ['replaces', 'jwt.expiresIn', expiresIn] as const,
        ['iss', 'jwt.issuer', issuer] as const,
        ['aud', 'jwt.audience', audience] as const,
        ['auth_time', 'absoluteTimeout', absoluteTimeout] as const,
      ]
        .filter(([, , value]) => value !== undefined)
        .map(([claim, option]) => [claim, option] as const),
    );
  }

  /** Whether tokens are replaced as they grow old. */
  get refreshes(): boolean {
    return this.#options.expiresIn !== undefined;
  }

  /** Whether every accepted token ends by itself, whatever it says. */
  get limitsAge(): boolean {
    return this.#options.maxTokenAge !== undefined;
  }

  /** Whether sessions end because of their age. */
  get endsSessions(): boolean {
    return this.#options.absoluteTimeout !== undefined;
  }

  /** A pattern among the audiences: good to verify with, but nothing that could be written. */
  get hasAudiencePattern(): boolean {
    return this.#options.audience?.some((one) => one instanceof RegExp) ?? false;
  }

  /** The claims of a token issued now that are not the application's, beside `jti`. */
  claimsAt(now: number, origins: Origins | undefined): JwtPayload {
    const { expiresIn, issuer, audience, isSingleAudience, absoluteTimeout } = this.#options;
    const claims: JwtPayload = { iat: now };
    const signedInAt = origins?.signedInAt ?? now;
    if (expiresIn !== undefined) {
      const end = absoluteTimeout === undefined ? Infinity : toEnd(signedInAt, absoluteTimeout);
      claims.exp = Math.min(now + expiresIn, Math.floor(end / 1000));
    }
    if (issuer) claims.iss = issuer[0];
    if (audience) claims.aud = isSingleAudience ? audience[0] : audience;
    if (absoluteTimeout !== undefined) claims.auth_time = signedInAt;
    if (origins?.replaces) claims.replaces = origins.replaces;
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
   * What `exp`, `nbf` and the age of a token say of it now. What is no number of seconds refuses it, and so does an `exp`
   * that never comes: JSON can express 1e999.
   */
  timelinessOf({ exp, nbf, iat }: Record<string, unknown>): Timeliness {
    const { clockTolerance = 0, maxTokenAge } = this.#options;
    if (exp === undefined && nbf === undefined && maxTokenAge === undefined) return 'timely';
    const now = Math.floor(Date.now() / 1000);
    if (exp !== undefined && !Number.isFinite(exp)) return 'refused';
    if (nbf !== undefined && !(Number.isFinite(nbf) && (nbf as number) <= now + clockTolerance))
      return 'refused';
    if (maxTokenAge !== undefined && !Number.isFinite(iat)) return 'refused';
    const ends = [
      (exp as number | undefined) ?? Infinity,
      maxTokenAge === undefined ? Infinity : (iat as number) + maxTokenAge,
    ];
    return now < Math.min(...ends) + clockTolerance ? 'timely' : 'expired';
  }

  /** When the session of a token ends, in ms since 1970; undefined: never because of its age. */
  endOf({ auth_time: authTime, iat }: Record<string, unknown>): number | undefined {
    const { absoluteTimeout } = this.#options;
    if (absoluteTimeout === undefined) return undefined;
    // Tokens from before the option was there count from their issue. What is no time has been long ago.
    const signedInAt = authTime ?? iat;
    return Number.isFinite(signedInAt) ? toEnd(signedInAt as number, absoluteTimeout) : 0;
  }

  /** When a token is to be replaced, in ms since 1970; Infinity: never. */
  dueAt(payload: JwtPayload): number {
    const { exp, iat } = payload;
    // From before the option was there.
    if (exp === undefined || iat === undefined) return 0;
    const end = this.endOf(payload);
    // Nothing that took its place could live longer.
    if (end !== undefined && exp >= Math.floor(end / 1000)) return Infinity;
    return (iat + (exp - iat) / 2) * 1000;
  }

  /** As `dueAt`, where another process may have a clock that is ahead, or no options of ours may say so at all. */
  mayBeReplacedFrom(payload: JwtPayload): number {
    const { exp, iat } = payload;
    if (exp === undefined || iat === undefined) return this.refreshes ? 0 : Infinity;
    return (iat + (exp - iat) * (1 / 2 - MARGIN)) * 1000;
  }

  /** What a token that takes this one's place takes over from it. */
  originsOf({ auth_time: authTime, iat }: Record<string, unknown>): Origins {
    const signedInAt = authTime ?? iat;
    return { signedInAt: typeof signedInAt === 'number' ? signedInAt : 0 };
  }
}

/** Stored ids of the tokens that lead to this one. */
export function replacedBy({ replaces }: JwtPayload): string[] {
  return Array.isArray(replaces) ? replaces.filter((id): id is string => typeof id === 'string') : [];
}

function toEnd(signedInAt: number, absoluteTimeout: number): number {
  return signedInAt * 1000 + absoluteTimeout;
}

export const NO_RULES = new TokenRules();
