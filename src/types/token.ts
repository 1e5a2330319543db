/** Tokens: their payload, the option `jwt`, and how they travel. */
import type expressSession = require('#express-session');
import type { Request, Response } from './express';

/** The payload of a session token (RFC 7519, section 4): the claims that `jwtFromReq` returns, and those of the library. */
export interface JwtPayload {
  /** When the token was issued, in seconds since 1970. */
  iat?: number;
  /**
   * The session that the token opens. `id` is its handle. `lid` stands in place of `id` if express-session or 0.2.2 has made the
   * session: it is the id of the record. `gen` is the generation. `exp` is true if the claim `exp` comes from `jwt.expiresIn`.
   */
  ses?: { id?: string; lid?: string; gen: number; exp?: true };
  /** When the user signed in, in seconds since 1970. It is in each token that has claims of `jwtFromReq`. */
  auth_time?: number;
  /** When the token expires, in seconds since 1970. */
  exp?: number;
  /** The time before which the token is refused, in seconds since 1970. */
  nbf?: number;
  [claim: string]: unknown;
}

/**
 * Lifetime, purpose and way of tokens. Names and forms are those of jsonwebtoken. A timespan is a whole number of SECONDS, or a text
 * with a unit ('15m', '2 days'). A wrong or unknown option is a TypeError that names it. `jwtFromReq` must not return a claim
 * that one of these options writes.
 *
 * @example
 * session({ keys, jwt: { expiresIn: '15m', issuer: 'https://accounts.example.com' } })
 */
export interface JwtOptions {
  /**
   * How long a token is good by itself (claim `exp`, RFC 7519, section 4.1.4), in seconds or with a unit. The issuer sends a new
   * token when less than half of the time is left. It also replaces an expired token while its session is in the store, so
   * nobody is signed out. A service without a private key that has this option refuses tokens without `exp`. Default: tokens do
   * not expire.
   */
  expiresIn?: number | string | undefined;
  /**
   * The issuer (claim `iss`, section 4.1.1). It is written into tokens; of an array the first one. A token that comes must have
   * one of them. Default: none, and it is not checked.
   */
  issuer?: string | readonly string[] | undefined;
  /**
   * The audience (claim `aud`, section 4.1.3). It is written into tokens. A token that comes must be for one of them. Only a
   * service without a private key may have a RegExp. Default: none, and it is not checked.
   */
  audience?: string | RegExp | readonly (string | RegExp)[] | undefined;
  /** By how many SECONDS the clocks of two machines may differ. Default: 0. */
  clockTolerance?: number | undefined;
  /**
   * How old a token may be, counted from its claim `iat`, in seconds or with a unit. With `expiresIn` the issuer still accepts
   * and replaces an older one. Default: any age.
   */
  maxTokenAge?: number | string | undefined;
  /**
   * How tokens come and go. Default: 'cookie'.
   *
   * - 'cookie'.
   * - 'bearer': `Authorization: Bearer` in requests (RFC 6750), and `X-Session-Token` for new tokens in responses.
   *   `{ bearer: { responseHeader } }` names another header for responses.
   * - `{ header }`: one header for both.
   * - `{ read, write }`: functions of the application.
   * - An array of these. The first one for which a request carries anything decides.
   *
   * @example
   * session({ keys, jwt: { transport: ['bearer', 'cookie'] } })
   */
  transport?: Transport | Transport[] | undefined;
}

/** How tokens come from the client and go back to it. */
export type Transport =
  'cookie' | 'bearer' | { bearer: { responseHeader: string } } | { header: string } | CustomTransport;

/**
 * A transport of the application's own. Each function is called at most once in a request.
 *
 * @example
 * jwt: { transport: {
 *   read: (req) => req.get('X-App-Token'),
 *   write: (req, res, token) => res.setHeader('X-New-App-Token', token),
 * } }
 */
export interface CustomTransport {
  /**
   * Reads the token of a request. It is verified later. Undefined and null mean that there is none; any other value is a token
   * that is refused. An error that it throws goes to `next(err)`, and so does a TypeError if it returns a promise.
   */
  read(req: Request): string | null | undefined;
  /**
   * Sets the headers that carry a token. Called when the headers are due and the session is stored. An error that it throws goes
   * to `next(err)` after the response, which then goes without the headers.
   */
  write(req: Request, res: Response, token: string, cookie: expressSession.Cookie): void;
}
