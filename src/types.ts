/** Types only: nothing to run, and so left out of the coverage. */
import type * as crypto from 'node:crypto';
import type expressSession = require('#express-session');

export type RequestHandler = ReturnType<typeof expressSession>;

/**
 * Where it holds that a session which was destroyed stays destroyed, and that a token which was replaced opens nothing.
 * everywhere: the store compares and sets in one step, so that it holds across processes. in this process: requests in
 * other processes can still store what they had loaded before.
 */
export type Guarantee = 'everywhere' | 'in this process';

/**
 * How a check went. ok: as it should be. note: works, with a limit that one should know. failed: sessions will not work.
 * skipped: could not be tried.
 */
export type CheckOutcome = 'ok' | 'note' | 'failed' | 'skipped';

/** One line of the report of `sessions.check()`. */
export interface CheckFinding {
  /** Which check: what it is called does not change. */
  readonly name:
    | 'keys'
    | 'store'
    | 'write'
    | 'ids'
    | 'data'
    | '__session'
    | 'cookie'
    | 'compareAndSet'
    | 'touch'
    | 'expiry'
    | 'destroy'
    | 'cleanup'
    | 'guarantee';
  readonly outcome: CheckOutcome;
  /** What was found, in plain words. */
  readonly text: string;
}

/** What `sessions.check()` has found. */
export interface CheckReport {
  /** Whether no check has failed. */
  readonly ok: boolean;
  readonly checks: readonly CheckFinding[];
}

/** What `session()` returns. */
export interface Middleware extends RequestHandler {
  readonly guarantee: Guarantee;
  /**
   * The store for code outside of requests: what `req.sessionStore` is in them. `get` and `all` show records without
   * what the library keeps in them. `set` of a record that `get` or `all` gave is stored only if the session still is in the
   * generation that was read; if it is over, or its user has signed in or out since, nothing is stored and it calls back with
   * an error whose code is `ERR_SESSION_OUTDATED`. A copy of such a record (`{ ...record }`) is another object: it takes the
   * place of what is there, whatever that is by now.
   *
   * @example
   * for (const id of idsOfDevices) sessions.store.destroy(id) // signs them out, all requests under way included
   */
  readonly store: expressSession.Store;
  /**
   * The session of any request, with the checks that the middleware makes: for WebSocket handshakes, and wherever code would
   * take the cookie apart by itself. Makes nothing, sends nothing, prolongs nothing and leaves the request as it is. The
   * cookie's path counts where the request has a `url`.
   *
   * Each method of the session looks first whether the request would still find it now, as sockets may live for days:
   * `save()` fulfils with false if the user has signed in anew, or out, meanwhile; `reload()` then rejects, else it updates
   * this very object; `destroy()` then ends nothing. No response can carry a new token: a `save()` whose claims have changed,
   * `renewToken()` and `regenerate()` reject with `ERR_SESSION_TOKEN_UNDELIVERABLE`.
   *
   * @returns undefined where there is no session. Rejects with the store's error, with `ERR_SESSION_STORE_DISCONNECTED` while
   * the store is known to be away, and with what `next(err)` of the middleware would be called with
   * @example
   * const sessions = session({ keys, store });
   * server.on('upgrade', async (req, socket, head) => {
   *   const found = await sessions.find(req).catch(() => undefined);
   *   if (!found?.userId) socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
   *   else wss.handleUpgrade(req, socket, head, (client) => wss.emit('connection', client, req, found));
   * });
   */
  readonly find: (req: RequestLike) => Promise<FoundSession | undefined>;
  /**
   * Tries keys and store: writes, reads, touches, compares and destroys one probe session on the application's own store, and
   * leaves none behind. Takes 1 to 3 seconds, some more where the store does not answer. Never rejects: what is wrong is
   * in the report.
   *
   * @example
   * const sessions = session({ keys, store });
   * const { ok, checks } = await sessions.check();
   * if (!ok) console.error(checks.filter(({ outcome }) => outcome === 'failed'));
   */
  check(): Promise<CheckReport>;
}

/** What `find` takes: a request of any kind, or no more than its headers. */
export interface RequestLike {
  /** With names in lower case, as Node has them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The target of the request, such as `/chat?room=1`. */
  readonly url?: string | undefined;
}

/** A session without a response. */
export type FoundSession = expressSession.Session & Partial<expressSession.SessionData>;

export type Request = Parameters<RequestHandler>[0];
export type Response = Parameters<RequestHandler>[1];
export type NextFunction = Parameters<RequestHandler>[2];

/**
 * A JSON Web Key (RFC 7517) of an elliptic curve (RFC 7518, section 6.2). Declared here, since releases of `@types/node`
 * differ in where they have it.
 */
export interface JsonWebKey {
  kty?: string | undefined;
  crv?: string | undefined;
  x?: string | undefined;
  y?: string | undefined;
  /** Of a private key only. */
  d?: string | undefined;
  kid?: string | undefined;
  alg?: string | undefined;
  use?: string | undefined;
  key_ops?: string[] | undefined;
  ext?: boolean | undefined;
}

/** One key: PEM text or Buffer, KeyObject of node:crypto, or JWK. */
export type KeyMaterial = string | Buffer | crypto.KeyObject | JsonWebKey;

/** One key pair of the `keys` option, on the curve P-256. */
export interface KeyPair {
  /** PEM is SPKI here. Default: derived from `private`. */
  public?: KeyMaterial | undefined;
  /** PEM is SEC1 or PKCS#8 here, unencrypted. Without it the pair verifies tokens but issues none. */
  private?: KeyMaterial | undefined;
}

/** Public keys, as `session.jwks` lists them (RFC 7517, section 5). No member is private. */
export interface JwkSet {
  keys: {
    kty: 'EC';
    crv: string;
    x: string;
    y: string;
    /** The key's name in tokens: its thumbprint (RFC 7638). */
    kid: string;
    alg: 'ES256';
    use: 'sig';
  }[];
}

/**
 * Keys of one tenant of several, for `keysProvider`.
 *
 * @example
 * keysProvider: async (req) => ({ keys: await keysOf(req.hostname), tenant: req.hostname })
 */
export interface TenantKeys {
  readonly keys: KeyPair | readonly KeyPair[];
  /**
   * Name of the tenant, not empty. It goes into the ids of sessions, so that a token signed with the keys of one tenant
   * opens no session of another, whatever it says. A tenant whose name changes loses its sessions.
   */
  readonly tenant: string;
}

/** What `keysProvider` may answer: the forms of the `keys` option, or those with the name of their tenant. */
export type ProvidedKeys = KeyPair | readonly KeyPair[] | TenantKeys;

/**
 * Gives the keys of one request.
 *
 * @param rawJwtToken the token that came with the request, not verified: it may tell which keys to look for, nothing else.
 * Undefined if none came
 * @param done takes the answer; so does the promise that the function may return instead. A function that declares
 * `done` may return a promise without a value
 */
export type KeysProvider = (
  req: Request,
  rawJwtToken: string | undefined,
  done: (error: unknown, keys?: ProvidedKeys | null) => void,
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- beside a promise, and in it, where done is called
) => PromiseLike<ProvidedKeys | null | undefined | void> | void;

/** Settings of `session.remoteKeys`, all in ms. A wrong one is a TypeError. */
export interface RemoteKeysOptions {
  /** How long an answer may take. Default: 5000. */
  timeout?: number | undefined;
  /** How old keys may get before they are fetched again, while the endpoint answers. Default: 600000 (10 minutes). */
  maxAge?: number | undefined;
  /** How long after a request none is made for the sake of an unknown key, or because one failed. Default: 30000. */
  cooldown?: number | undefined;
}

/** A `keysProvider` over a JWK Set. */
export type RemoteKeys = (req: Request, rawJwtToken: string | undefined) => Promise<KeyPair[]>;

/** Payload of a session token (RFC 7519, section 4): the claims that `jwtFromReq` returns, and those of the library. */
export interface JwtPayload {
  /** When the token was issued, in seconds since 1970. */
  iat?: number;
  /**
   * Which session the token opens: its handle `id`, or `lid`, the id of a session that express-session had stored, and
   * its generation. `exp` is true where the claim `exp` comes from the option `jwt.expiresIn`.
   */
  ses?: { id?: string; lid?: string; gen: number; exp?: true };
  /** When the user signed in, in seconds since 1970: in each token whose session has claims of `jwtFromReq`. */
  auth_time?: number;
  /** When the token expires, in seconds since 1970. */
  exp?: number;
  /** Before when the token is not accepted, in seconds since 1970. */
  nbf?: number;
  [claim: string]: unknown;
}

/** A way of tokens from the client and back to it. */
export type Transport =
  'cookie' | 'bearer' | { bearer: { responseHeader: string } } | { header: string } | CustomTransport;

/** A way of tokens that the application makes. Both functions are called at most once per request. */
export interface CustomTransport {
  /**
   * The token that the request carries, still to be verified; undefined or null if it carries none. Any other value is
   * a token that is refused. What it throws goes to `next(err)`, a promise is a TypeError.
   */
  read(req: Request): string | null | undefined;
  /**
   * Sets the headers that carry a new token, or the same one whose cookie's settings changed. Called as the headers are
   * due. What it throws goes to `next(err)` after the response. If the session cannot be stored under the new token,
   * the headers become what they were.
   */
  write(req: Request, res: Response, token: string, cookie: expressSession.Cookie): void;
}

/** Cookie options: those of express-session, and 'auto' for `sameSite`. */
export type CookieOptions = Omit<expressSession.CookieOptions, 'sameSite'> & {
  /** 'auto': `None` on a secure connection, else `Lax`. */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined;
};

/** The form of a session's cookie: this package's token, or the signed id that express-session sends. */
export type CookieFormat = 'jwt' | 'express-session';

/**
 * Lifetime and purpose of tokens; names and forms are those of jsonwebtoken. A timespan is a whole number of seconds, or a
 * text with a unit for the library `ms` ('15m', '2 days'). A wrong or unknown one is a TypeError that names it. Claims that
 * an option writes may not come from `jwtFromReq`.
 */
export interface JwtOptions {
  /**
   * How long tokens are good by themselves: `exp` (RFC 7519, section 4.1.4), demanded by services without a private key.
   * The issuer sends a token with later times when less than half of that is left, and for one that has expired as long as
   * its session is in the store. Default: tokens do not expire.
   */
  expiresIn?: number | string | undefined;
  /** `iss` (section 4.1.1): written, of an array the first; a token must have one of them. Default: none, not looked at. */
  issuer?: string | readonly string[] | undefined;
  /**
   * `aud` (section 4.1.3): written as it is; a token must be for one of them. A RegExp is for services without a private
   * key only. Default: none, not looked at.
   */
  audience?: string | RegExp | readonly (string | RegExp)[] | undefined;
  /** By how many seconds clocks may differ. Default: 0. */
  clockTolerance?: number | undefined;
  /** How old a token may get, counted from `iat`; like `exp` for the issuer that replaces tokens. Default: any age. */
  maxTokenAge?: number | string | undefined;
}

/**
 * Options of the middleware: express-session's, with `secret` optional and `keys` beside it.
 * Wrong values throw a TypeError that names the option when the middleware is made.
 */
export interface SessionOptions extends Omit<expressSession.SessionOptions, 'secret' | 'cookie'> {
  /**
   * Key pair(s) on the curve P-256. The first one signs, all of them verify. Required at run time, this or
   * `keysProvider`: without keys every request on the cookie's path is answered with `next(error)`. Without a private
   * key in the first pair tokens are verified, but not issued; then, without `store`, no session is looked up.
   */
  keys?: KeyPair | readonly KeyPair[] | undefined;
  /**
   * Gives the keys of each request on the cookie's path, in place of `keys`; giving both is a TypeError. Asked once a
   * request, before the session is looked up. An error, no keys or unusable ones go to `next(error)`.
   */
  keysProvider?: KeysProvider | undefined;
  /**
   * Claims to carry in the token, readable by everybody who sees it. Called with `req.session` in place; must
   * return a plain object, null or undefined, synchronously. When the result changes during a request the session
   * gets a new token, and the old one opens nothing any more; with the same `sub` before and after it goes on. Default: no
   * claims.
   */
  jwtFromReq?: ((req: Request) => object | null | undefined) | undefined;
  /** Lifetime and purpose of tokens. Default: they have neither. */
  jwt?: JwtOptions | undefined;
  /**
   * How long after sign-in a session ends, however active it is, in ms: counted from `auth_time` in the token, without claims
   * from the session's beginning. Default: never.
   */
  absoluteTimeout?: number | undefined;
  /** Secret(s) of express-session cookies that are still around: they are verified and upgraded. Default: none. */
  secret?: expressSession.SessionOptions['secret'] | undefined;
  /**
   * Which cookie a new or regenerated session gets. 'express-session': the one that express-session would send, its id
   * signed with the first `secret`, and a record as it would store, so that this package and express-session can run on one
   * store while a rolling deploy goes on. Both kinds of cookie are read. A session that came by one of express-session keeps
   * it and gets no token: `jwtFromReq` is in no cookie then, a login by claims ends no older cookie, `absoluteTimeout`
   * does not end it, and `renewToken` rejects (`ERR_SESSION_COOKIE_FORMAT`). A session that came by a token keeps that. It
   * needs `secret`, a private key in `keys`, and no other `transport` than the cookie; else it is a TypeError. Default: 'jwt'.
   *
   * @example
   * // Step one, beside express-session. Step two, once no express-session runs any more: without the option.
   * session({ keys, secret, cookieFormat: 'express-session', resave: false, saveUninitialized: false })
   */
  cookieFormat?: CookieFormat | undefined;
  /**
   * The way back to express-session: whether a session that it once made, and that has a token since, gets its cookie again
   * with the next response, unless a shared cache may keep that. Not so one that has rotated (a login by claims, `renewToken`)
   * or began under a token: it keeps its token. Only with `cookieFormat: 'express-session'`, else it is a TypeError; once no
   * instance without that runs. Default: false.
   *
   * @example
   * session({ keys, secret, cookieFormat: 'express-session', reissue: true })
   */
  reissue?: boolean | undefined;
  /** Settings of the session cookie, or a function of the request that returns them. */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined;
  /**
   * How tokens come and go: `'cookie'`; `'bearer'`, `Authorization: Bearer` (RFC 6750) for requests and `X-Session-Token`
   * or `responseHeader` for new tokens; `{ header }`, one header for both ways; functions of the application's own; or
   * an array of those, of which the first that carries anything decides. Default: `'cookie'`.
   */
  transport?: Transport | Transport[] | undefined;
  /**
   * Whether changes of two requests to different members of one session are both kept. Within a member the later one wins. It
   * makes states that no request wrote: an application that is safe without it may not be safe with it. Default: false, the
   * later write replaces the whole session, as with express-session.
   */
  merge?: boolean | undefined;
  /**
   * How long each call of the store may take, in ms, a whole number from 1. A call without an answer by then is an error
   * with `code` 'ETIMEDOUT': of `get` it goes to `next(err)`, any other is told late, and the response goes. What a late
   * answer says is ignored. Default: none.
   */
  storeTimeout?: number | undefined;
  /**
   * What becomes of a response whose session the store could not save, or destroy for `unset: 'destroy'`. 'late': it goes,
   * and the error is passed to `next(err)` after it, as with express-session. 'respond': `next(err)` in its place, without
   * the session's cookie, unless part of it was sent before. Default: 'late'.
   */
  saveErrors?: 'late' | 'respond' | undefined;
  /**
   * Whether a response prolongs the session that its request came with: true or false, synchronously. For requests that
   * nobody makes by hand, and that would keep people signed in for ever: polling, health checks, event streams that reconnect.
   * False: neither the stored expiry moves nor a `rolling` cookie; the store's `touch` is not called,
   * and `resave` stores nothing.
   *
   * Changes of such a request are stored all the same, and the store's expiry stays: in the own MemoryStore, and in every
   * store that the library has a `compareAndSet` for. Elsewhere storing prolongs, as it always does: to write back the expiry
   * that was loaded would shorten what other requests have prolonged meanwhile. A token that has to go out (a sign-in, one
   * that `jwt.expiresIn` makes due) goes out; its cookie has the stored expiry on the own MemoryStore, elsewhere a whole
   * lifetime, so that it never ends before the session.
   *
   * Asked once for each response, as its headers are due, so that status and headers can be looked at; earlier if the handler
   * calls `req.session.save()` or `renewToken()`. Not asked for a new or regenerated session, which gets its expiry in any
   * case, nor where the handler has set `cookie.maxAge` or `cookie.expires` or has called `req.session.touch()`: that counts.
   * What it throws, and that it returned neither true nor false, goes to `next(err)` after the response, which prolongs the
   * session then. Default: every response prolongs.
   *
   * @example
   * touch: (req, res) => !req.path.startsWith('/poll') && res.getHeader('Content-Type') !== 'text/event-stream'
   */
  touch?: ((req: Request, res: Response) => boolean) | undefined;
  /**
   * Leaves `touch` of the store out while it would renew the stored expiry by less than this, in ms (not in seconds as connect-mongo's
   * option of the same name), or by less than half of the session's lifetime. Default: 0, every request renews it.
   */
  touchAfter?: number | undefined;
  /**
   * Whether a response expires the cookie of a session that was destroyed, or that the store does not have any more.
   * Default: false.
   */
  clearCookie?: boolean | undefined;
  /** How many verified tokens are remembered, about 1 KB each. Default: 10000. */
  tokenCacheSize?: number | undefined;
}

/** A stored session: what `get` answers, and `set` and `touch` are given. */
export interface SessionRecord {
  cookie: expressSession.Cookie;
  [name: string]: unknown;
}

export type ErrorCallback = (error?: unknown) => void;

/**
 * Stores the record only if there is one under `id` that contains the text `tag`, or, for null, one without the member
 * `__session`; in one step of the store's engine. A record that has expired counts as absent. Answers whether it was
 * stored. A tag is made of letters, digits, `_`, `-` and `.`; case matters.
 */
export type CompareAndSet = (
  id: string,
  record: SessionRecord,
  tag: string | null,
  callback: (error?: unknown, stored?: boolean) => void,
) => unknown;

/** What the middleware needs of a store; `touch` is optional. Methods may answer by promise as well. */
export interface AnyStore {
  on(event: 'connect' | 'disconnect', listener: () => void): unknown;
  get(id: string, callback: (error?: unknown, record?: unknown) => void): unknown;
  set(id: string, record: SessionRecord, callback: ErrorCallback): unknown;
  destroy(id: string, callback: ErrorCallback): unknown;
  touch?(id: string, record: SessionRecord, callback: ErrorCallback): unknown;
  compareAndSet?: CompareAndSet;
}

/**
 * A store as an object of async functions, for `session.Store.from`. Ids are 32 characters; what a function rejects
 * with is the store's error.
 */
export interface AsyncStoreMethods {
  /** The record, or null or undefined if there is none (any more). */
  get(id: string): Promise<SessionRecord | null | undefined>;
  /** Creates or replaces the record, to be kept until `record.cookie.expires`. */
  set(id: string, record: SessionRecord): Promise<unknown>;
  /** Removes the record. That there is none is no error. */
  destroy(id: string): Promise<unknown>;
  /** Sets the record's expiry to `record.cookie.expires` and nothing else. It must not create a record. */
  touch?(id: string, record: SessionRecord): Promise<unknown>;
  /**
   * As `set`, only if there is a record under `id` that contains the text `tag`, or, for null, one without the member
   * `__session`; in one step of the store's engine. A record that has expired counts as absent. False if it was not stored.
   */
  compareAndSet?(id: string, record: SessionRecord, tag: string | null): Promise<boolean>;
}
