// Types only: nothing to run, and so left out of the coverage.
import type { KeyObject } from 'node:crypto';
import type expressSession = require('express-session');

export type RequestHandler = ReturnType<typeof expressSession>;

/**
 * How a session that was destroyed is kept from being stored again by a request that had loaded it before.
 * atomic: by the store itself, in one step. check: by a look into the store just before. process: by what this process
 * knows, so that a request in another process can still store it.
 */
export type Guarantee = 'atomic' | 'check' | 'process';

/** What `session()` returns. */
export interface Middleware extends RequestHandler {
  readonly guarantee: Guarantee;
}

export type Request = Parameters<RequestHandler>[0];
export type Response = Parameters<RequestHandler>[1];
export type NextFunction = Parameters<RequestHandler>[2];

/** One key pair of the `keys` option. */
export interface KeyPair {
  /** PEM text or Buffer (SPKI). Default: derived from `private`. */
  public?: string | Buffer | KeyObject | undefined;
  /** PEM text or Buffer (SEC1 or PKCS#8). Without it the pair verifies tokens but issues none. */
  private?: string | Buffer | KeyObject | undefined;
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
  /**
   * What to do for a destroyed session on a store that cannot update a record only if it exists. 'check': one more `get`
   * before each `set` of a session that was loaded. Default: 'process', what this process knows.
   */
  guard?: 'check' | 'process' | undefined;
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
  update?(id: string, record: SessionRecord, callback: (error?: unknown, saved?: boolean) => void): unknown;
}

/**
 * A store as an object of async functions, for `session.Store.from`. Ids are 64 hexadecimal characters; what a function
 * rejects with is the store's error.
 */
export interface AsyncStoreMethods {
  /** The record, or null or undefined if there is none (any more). */
  get(id: string): Promise<SessionRecord | null | undefined>;
  /** Creates or replaces the record, to be kept until `record.cookie.expires`. */
  set(id: string, record: SessionRecord): Promise<unknown>;
  /** Removes the record. That there is none is no error. */
  destroy(id: string): Promise<unknown>;
  /** Sets the record's expiry to `record.cookie.expires`. It must not create a record. */
  touch?(id: string, record: SessionRecord): Promise<unknown>;
  /** As `set`, only if there is a record, in one step of the store's engine; false if there was none. */
  update?(id: string, record: SessionRecord): Promise<boolean>;
}
