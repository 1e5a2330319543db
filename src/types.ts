// Types only: nothing to run, and so left out of the coverage.
import type * as crypto from 'node:crypto';
import type expressSession = require('express-session');

export type RequestHandler = ReturnType<typeof expressSession>;
export type Request = Parameters<RequestHandler>[0];
export type Response = Parameters<RequestHandler>[1];
export type NextFunction = Parameters<RequestHandler>[2];

/** A JSON Web Key (RFC 7517); the members of an elliptic curve key are those of RFC 7518, section 6.2. */
export type JsonWebKey = crypto.JsonWebKey;

/** One key: PEM text or Buffer, KeyObject of node:crypto, or JWK. */
export type KeyMaterial = string | Buffer | crypto.KeyObject | JsonWebKey;

/** One key pair of the `keys` option, on the curve P-256. */
export interface KeyPair {
  /** PEM is SPKI here. Default: derived from `private`. */
  public?: KeyMaterial | undefined;
  /** PEM is SEC1 or PKCS#8 here, unencrypted. Without it the pair verifies tokens but issues none. */
  private?: KeyMaterial | undefined;
}

/** Payload of a session token (RFC 7519, section 4). */
export interface JwtPayload {
  /** When the token was issued, in seconds since 1970. */
  iat?: number;
  /** The token's random id. */
  jti?: string;
  /** When the token expires, in seconds since 1970. */
  exp?: number;
  /** Before when the token is not accepted, in seconds since 1970. */
  nbf?: number;
  [claim: string]: unknown;
}

/** Cookie options: those of express-session, and 'auto' for `sameSite`. */
export type CookieOptions = Omit<expressSession.CookieOptions, 'sameSite'> & {
  /** 'auto': `None` on a secure connection, else `Lax`. */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined;
};

/**
 * Options of the middleware: express-session's, with `secret` optional and `keys` beside it.
 * Wrong values throw a TypeError that names the option when the middleware is made.
 */
export interface SessionOptions extends Omit<expressSession.SessionOptions, 'secret' | 'cookie'> {
  /**
   * Key pair(s) on the curve P-256. The first one signs, all of them verify. Required at run time: without keys every
   * request on the cookie's path is answered with `next(error)`.
   */
  keys?: KeyPair | KeyPair[] | undefined;
  /**
   * Claims to carry in the token, readable by everybody who sees it. Called with `req.session` in place; must
   * return a plain object, null or undefined, synchronously. When the result changes during a request the session
   * gets a new token and the old one is dead. Default: no claims.
   */
  jwtFromReq?: ((req: Request) => object | null | undefined) | undefined;
  /** Secret(s) of express-session cookies that are still around: they are verified and upgraded. Default: none. */
  secret?: expressSession.SessionOptions['secret'] | undefined;
  /** Settings of the session cookie, or a function of the request that returns them. */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined;
  /** How many verified tokens are remembered, about 1 KB each. Default: 10000. */
  tokenCacheSize?: number | undefined;
}

/** A stored session: what `get` answers, and `set` and `touch` are given. */
export interface SessionRecord {
  cookie: expressSession.Cookie;
  [name: string]: unknown;
}

export type ErrorCallback = (error?: unknown) => void;

/** What the middleware needs of a store; `touch` is optional (B176). Methods may answer by promise as well. */
export interface AnyStore {
  on(event: 'connect' | 'disconnect', listener: () => void): unknown;
  get(id: string, callback: (error?: unknown, record?: unknown) => void): unknown;
  set(id: string, record: SessionRecord, callback: ErrorCallback): unknown;
  destroy(id: string, callback: ErrorCallback): unknown;
  touch?(id: string, record: SessionRecord, callback: ErrorCallback): unknown;
}
