import { type Claims, NO_CLAIMS } from '../token/claims';
import { Cookie, isSecure } from '../session/cookie';
import { Identity, type Issuer } from '../identity';
import { IssueError } from '../keys/key-ring';
import type { Config } from '../options/options';
import { Session } from '../session/session';
import { nonce } from '../random';
import { MAX_COOKIE_LENGTH, type Token, type Tokens } from '../token/token';
import type { Origins } from '../token/token-rules';
import type { Request } from '../types';

/** Makes new sessions for requests that the middleware has seen. */
export interface SessionMaker {
  generate(req: Request): void;
  /** Why this request can get no new session: there is no key to issue its token with. */
  refusal(req: Request): Error | undefined;
}

/**
 * Puts a new session on the request. Its token is signed when somebody reads the id, saves the session or sets the cookie.
 *
 * @returns the session's claims
 * @throws what genid, jwtFromReq or the cookie options throw
 */
export function generateSession(config: Config, tokens: Tokens, req: Request): Claims {
  const issuer = new TokenIssuer(config, tokens, req);
  const identity = issuer.jtiIsUsable ? Identity.pending(issuer) : Identity.plain(issuer.jti);
  const session = new Session(req, undefined, identity);
  session.cookie = createCookie(config, req);
  req.session = session as never;
  defineSessionID(req, identity);
  issuer.claims = config.readClaims(req);
  return issuer.claims;
}

/** A new token for a session that stays (B208). @throws what issuing throws */
export function reissue(
  config: Config,
  tokens: Tokens,
  req: Request,
  claims: Claims,
  origins: Origins | undefined,
): Token {
  return new TokenIssuer(config, tokens, req).issueWith(claims, origins);
}

const IDENTITY = Symbol('session identity');

type IdentifiedRequest = Request & { [IDENTITY]?: Identity };

/** One descriptor for all requests: accessors made anew would give each request a hidden class of its own. */
const sessionIDProperty: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: IdentifiedRequest) {
    return this[IDENTITY]?.id;
  },
  set(this: IdentifiedRequest, value: unknown) {
    Object.defineProperty(this, 'sessionID', { configurable: true, enumerable: true, writable: true, value });
  },
};

/** `req.sessionID`: an own, assignable property (B039) that does not sign a token before it is read. */
export function defineSessionID(req: Request, identity: Identity): void {
  (req as IdentifiedRequest)[IDENTITY] = identity;
  Object.defineProperty(req, 'sessionID', sessionIDProperty);
}

/** @throws TypeError if the cookie options are unusable (B006) */
export function createCookie(config: Config, req: Request): Cookie {
  const options = config.cookieOptions(req);
  const cookie = new Cookie(options);
  if (options.secure === 'auto') cookie.secure = isSecure(req, config.proxy);
  if (options.sameSite === 'auto') cookie.sameSite = isSecure(req, config.proxy) ? 'none' : 'lax';
  return cookie;
}

export class TokenIssuer implements Issuer {
  readonly #config: Config;
  readonly #tokens: Tokens;
  readonly #req: Request;
  #isReadingClaims = false;
  /** What genid returned; undefined where the library makes the id, at the last moment. */
  readonly jti: unknown;
  /** What is signed if jwtFromReq fails now (B206). */
  claims = NO_CLAIMS;

  constructor(config: Config, tokens: Tokens, req: Request) {
    this.#config = config;
    this.#tokens = tokens;
    this.#req = req;
    this.jti = config.genid?.(req);
  }

  get jtiIsUsable(): boolean {
    return !this.#config.genid || typeof this.jti === 'string';
  }

  get canIssue(): boolean {
    return this.#tokens.canIssue;
  }

  issue(): Token {
    return this.issueWith(this.#currentClaims());
  }

  /** When a session that begins now will end, in ms since 1970. */
  get endsAt(): number | undefined {
    const { rules } = this.#config;
    return rules.endsSessions ? rules.endOf({ auth_time: Date.now() / 1000 }) : undefined;
  }

  issueWith(claims: Claims, origins?: Origins): Token {
    const jti = this.jti ?? nonce();
    if (typeof jti !== 'string') throw new IssueError('genid must return a string: no token can be issued');
    return this.#tokens.issue(claims, jti, MAX_COOKIE_LENGTH - this.#config.name.length, origins);
  }

  /** jwtFromReq itself may read the id: then the token is signed with the claims known so far. */
  #currentClaims(): Claims {
    if (this.#isReadingClaims) return this.claims;
    this.#isReadingClaims = true;
    try {
      this.claims = this.#config.readClaims(this.#req);
    } catch {
      // Reported when the headers are due, where jwtFromReq is called once more (B206).
    }
    this.#isReadingClaims = false;
    return this.claims;
  }
}
