/** The public types: what options, stores and sessions are, with units, defaults and examples. There is nothing to run here. */
import type * as crypto from 'node:crypto';
import type expressSession = require('#express-session');

export type RequestHandler = ReturnType<typeof expressSession>;

/**
 * Where the promise holds that a destroyed session stays destroyed, and that a replaced token opens nothing.
 *
 * - 'everywhere': in all processes, because the store compares and sets in one step.
 * - 'in this process': a request in another process can still store what it has loaded before.
 */
export type Guarantee = 'everywhere' | 'in this process';

/**
 * How a check went.
 *
 * - 'ok': as it should be.
 * - 'note': it works, with a limit that one should know.
 * - 'failed': sessions will not work.
 * - 'skipped': it could not be tried.
 */
export type CheckOutcome = 'ok' | 'note' | 'failed' | 'skipped';

/** One line of the report of `sessions.check()`. */
export interface CheckFinding {
  /** The name of the check. It never changes. */
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

/** The report of `sessions.check()`. */
export interface CheckReport {
  /** Whether no check has failed. */
  readonly ok: boolean;
  readonly checks: readonly CheckFinding[];
}

/** The middleware that `session()` returns. */
export interface Middleware extends RequestHandler {
  /** Where it holds that a destroyed session stays destroyed. The store decides it. */
  readonly guarantee: Guarantee;
  /**
   * The store for code outside of requests, as `req.sessionStore` is for code inside. `get` and `all` give records without the
   * library's member `__session`.
   *
   * `set` of a record that `get` or `all` gave stores it only if the session has not ended, and its user has not signed in or
   * out since. Otherwise nothing is stored, and the callback gets an error with the code `ERR_SESSION_OUTDATED`. A copy of such
   * a record (`{ ...record }`) is another object: `set` of it replaces the stored record in any case.
   *
   * @example
   * for (const id of idsOfDevices) sessions.store.destroy(id); // signs them out, even while they have requests under way
   */
  readonly store: expressSession.Store;
  /**
   * Finds the session of any request, with all checks of the middleware. It is for WebSocket handshakes, and for code that
   * would read the cookie by itself. It makes no session, sends no cookie, prolongs nothing, and does not change the request.
   * The cookie's path is compared if the request has a `url`.
   *
   * A socket may live for days, so each method of the session looks first whether the request would still find it. If the user
   * has signed out, or in again, meanwhile: `save()` fulfils with false, `reload()` rejects with `ERR_SESSION_NOT_FOUND`, and
   * `destroy()` does nothing. `reload()` updates this object. No response can carry a new token, so `renewToken()`,
   * `regenerate()`, and a `save()` with changed claims, reject with `ERR_SESSION_TOKEN_UNDELIVERABLE`.
   *
   * @returns undefined if there is no session. Rejects with the store's error, with `ERR_SESSION_STORE_DISCONNECTED` while the
   * store says that it is away, and with any error that the middleware would pass to `next`
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
   * Tries keys and store: writes, reads, touches, compares and destroys a probe session in the application's own store, and
   * leaves nothing behind. It takes 1 to 3 seconds, and a few more if the store does not answer. It never rejects: the report
   * says what is wrong.
   *
   * @example
   * const sessions = session({ keys, store });
   * const { ok, checks } = await sessions.check();
   * if (!ok) console.error(checks.filter(({ outcome }) => outcome === 'failed'));
   */
  check(): Promise<CheckReport>;
}

/** A request for `find`: any request, or an object with its headers. */
export interface RequestLike {
  /** The headers, with names in lower case, as Node has them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The target of the request, such as `/chat?room=1`. */
  readonly url?: string | undefined;
}

/** A session that `find` has found. It has no response. */
export type FoundSession = expressSession.Session & Partial<expressSession.SessionData>;

export type Request = Parameters<RequestHandler>[0];
export type Response = Parameters<RequestHandler>[1];
export type NextFunction = Parameters<RequestHandler>[2];

/**
 * A JSON Web Key (RFC 7517) of an elliptic curve (RFC 7518, section 6.2). It is declared here, because it is in different
 * places in different releases of `@types/node`.
 */
export interface JsonWebKey {
  kty?: string | undefined;
  crv?: string | undefined;
  x?: string | undefined;
  y?: string | undefined;
  /** Only in a private key. */
  d?: string | undefined;
  kid?: string | undefined;
  alg?: string | undefined;
  use?: string | undefined;
  key_ops?: string[] | undefined;
  ext?: boolean | undefined;
}

/** One key: PEM as text or Buffer, a KeyObject of node:crypto, or a JWK. */
export type KeyMaterial = string | Buffer | crypto.KeyObject | JsonWebKey;

/**
 * One key pair of the `keys` option, on the curve P-256.
 *
 * @example
 * const keys = { private: readFileSync('private-key.pem') };
 */
export interface KeyPair {
  /** The public key. As PEM it is SPKI. Default: derived from `private`. */
  public?: KeyMaterial | undefined;
  /** The private key. As PEM it is SEC1 or PKCS#8, not encrypted. Default: none, so that the pair only verifies tokens. */
  private?: KeyMaterial | undefined;
}

/** The public keys that `session.jwks` gives (RFC 7517, section 5). No member is private. */
export interface JwkSet {
  keys: {
    kty: 'EC';
    crv: string;
    x: string;
    y: string;
    /** The name of the key in tokens: its thumbprint (RFC 7638). */
    kid: string;
    alg: 'ES256';
    use: 'sig';
  }[];
}

/**
 * The keys of one of several tenants, for `keysProvider`.
 *
 * @example
 * keysProvider: async (req) => ({ keys: await keysOf(req.hostname), tenant: req.hostname })
 */
export interface TenantKeys {
  readonly keys: KeyPair | readonly KeyPair[];
  /**
   * The name of the tenant: a text that is not empty and has no zero byte. Session ids are made of it as well, so that a token
   * that one tenant's keys have signed never opens a session of another. If the name changes, the tenant's sessions are lost.
   */
  readonly tenant: string;
}

/** The answer of `keysProvider`: the same forms as for the `keys` option, or keys with the name of their tenant. */
export type ProvidedKeys = KeyPair | readonly KeyPair[] | TenantKeys;

/**
 * Gives the keys for one request: by `done`, or by the promise that it returns.
 *
 * @param rawJwtToken the token that came with the request, or undefined. It is NOT verified: use it only to choose keys
 * @param done takes an error or the keys. A function that declares `done` may return a promise as well, which then has no value
 * @example
 * keysProvider: async (req) => keysOfTenant.get(req.hostname)
 */
export type KeysProvider = (
  req: Request,
  rawJwtToken: string | undefined,
  done: (error: unknown, keys?: ProvidedKeys | null) => void,
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- beside a promise, and in it, where done is called
) => PromiseLike<ProvidedKeys | null | undefined | void> | void;

/** The settings of `session.remoteKeys`, all in ms. A wrong one is a TypeError that names it. */
export interface RemoteKeysOptions {
  /** How long an answer may take, in ms. Default: 5000. */
  timeout?: number | undefined;
  /** The age at which keys are fetched again, in ms. If that fails the old keys stay. Default: 600000 (10 minutes). */
  maxAge?: number | undefined;
  /** How long to wait before keys are fetched again because of an unknown key or a failure, in ms. Default: 30000. */
  cooldown?: number | undefined;
}

/** A `keysProvider` that fetches a JWK Set. It rejects with `ERR_SESSION_REMOTE_KEYS` while it has no keys. */
export type RemoteKeys = (req: Request, rawJwtToken: string | undefined) => Promise<KeyPair[]>;

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

/** How tokens come from the client and go back to it. */
export type Transport =
  'cookie' | 'bearer' | { bearer: { responseHeader: string } } | { header: string } | CustomTransport;

/**
 * A transport of the application's own. Each function is called at most once in a request.
 *
 * @example
 * transport: {
 *   read: (req) => req.get('X-App-Token'),
 *   write: (req, res, token) => res.setHeader('X-New-App-Token', token),
 * }
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

/** The options of the cookie: those of express-session, and 'auto' for `sameSite`. */
export type CookieOptions = Omit<expressSession.CookieOptions, 'sameSite'> & {
  /** The attribute SameSite. 'auto': `None` on a secure connection, otherwise `Lax`. Default: the attribute is not set. */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined;
};

/** The form of a session's cookie: this package's token, or the signed id that express-session sends. */
export type CookieFormat = 'jwt' | 'express-session';

/**
 * Lifetime and purpose of tokens. Names and forms are those of jsonwebtoken. A timespan is a whole number of SECONDS, or a text
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
}

/**
 * The options of the middleware: those of express-session, with `secret` optional and `keys` beside it. They are checked when
 * the middleware is made. A wrong value is a TypeError that names the option. All times are in ms, except in `jwt`.
 *
 * Every option with an example: docs/options.md.
 */
export interface SessionOptions extends Omit<expressSession.SessionOptions, 'secret' | 'cookie'> {
  /**
   * One or more key pairs on the curve P-256. The first pair signs, all of them verify. This option or `keysProvider` is
   * required: without keys each request on the cookie's path ends in `next(err)` with `ERR_SESSION_KEYS_REQUIRED`. If the first
   * pair has no private key, tokens are verified and not issued; then, without `store`, no session is read from anywhere.
   *
   * @example
   * session({ keys: { private: readFileSync('private-key.pem') } })
   */
  keys?: KeyPair | readonly KeyPair[] | undefined;
  /**
   * Gives the keys for each request on the cookie's path, in place of `keys`. To give both is a TypeError. It is called once in
   * a request, before the session is read. Its error, no keys, or unusable keys go to `next(err)`. Default: none.
   *
   * @example
   * session({ keysProvider: async (req) => keysOfTenant.get(req.hostname) })
   */
  keysProvider?: KeysProvider | undefined;
  /**
   * The claims in the token. Everybody who sees the token can read them. The function is called when `req.session` is there, and
   * has to return a plain object, null or undefined, not a promise. If the result changes in a request, the session gets a new
   * token, and the old one opens nothing any more. But if `sub` is there and stays the same, the old token goes on opening the
   * session. Default: no claims.
   *
   * @example
   * session({ keys, jwtFromReq: (req) => (req.session.userId ? { sub: req.session.userId } : null) })
   */
  jwtFromReq?: ((req: Request) => object | null | undefined) | undefined;
  /** Lifetime and purpose of tokens. Default: a token does not expire by itself, and has no issuer and no audience. */
  jwt?: JwtOptions | undefined;
  /**
   * How long after the sign-in a session ends, however active it is, in ms, 1000 or more. It counts from `auth_time` in the
   * token, or from the beginning of a session without claims. Default: never.
   *
   * @example
   * session({ keys, absoluteTimeout: 12 * 60 * 60 * 1000 }) // 12 hours
   */
  absoluteTimeout?: number | undefined;
  /**
   * One or more secrets of express-session cookies that browsers still have. Such a cookie opens its session, which gets a token
   * with the next response. It signs nothing, except with `cookieFormat: 'express-session'`. Default: none, such cookies open
   * nothing.
   */
  secret?: expressSession.SessionOptions['secret'] | undefined;
  /** The name of the cookie. `__Host-` and `__Secure-` names need `cookie.secure`. Default: 'connect.sid'. */
  name?: expressSession.SessionOptions['name'];
  /** An older name of the option `name`. If both are there, `name` counts. Default: 'connect.sid'. */
  key?: string | undefined;
  /**
   * The store of the sessions. Default: a new `MemoryStore`, which is for development: its sessions end with the process, and
   * other processes do not see them. There is no default store for keys that only verify.
   */
  store?: expressSession.SessionOptions['store'];
  /**
   * Makes the handle of a new session: a text that nobody can guess. The token carries it, and the id in the store is its hash.
   * The text must not be empty nor have a zero byte (`ERR_SESSION_GENID`). Default: 192 random bits.
   */
  genid?: expressSession.SessionOptions['genid'];
  /**
   * Whether a request stores its session even if nothing has changed. Only a store without `touch` needs it, to renew its expiry.
   * Default: false. In express-session it is true.
   */
  resave?: expressSession.SessionOptions['resave'];
  /**
   * Whether a new session is stored, and gets a cookie, even if the request has put nothing into it. Default: false. In
   * express-session it is true.
   */
  saveUninitialized?: expressSession.SessionOptions['saveUninitialized'];
  /**
   * Whether each response sends the cookie of its session again, so that `cookie.maxAge` starts anew in the browser.
   * Default: false.
   */
  rolling?: expressSession.SessionOptions['rolling'];
  /**
   * Who says whether a connection is secure. true: the header `X-Forwarded-Proto`. false: nobody, only a direct TLS connection
   * counts. Default: undefined, which asks Express (`app.set('trust proxy', …)`).
   */
  proxy?: expressSession.SessionOptions['proxy'];
  /**
   * What happens if the application takes the session away, as by `req.session = null`. 'destroy': it is destroyed at the end
   * of the response. 'keep': it stays in the store as it was. Default: 'keep'.
   */
  unset?: expressSession.SessionOptions['unset'];
  /**
   * The form of the cookie that a new or regenerated session gets. 'express-session' is for the first step of a rolling deploy,
   * when this package and express-session run on one store: the cookie and the record are those that express-session would
   * make, signed with the first `secret`. Both forms are read, and each session keeps the one that it came with.
   *
   * A session with a cookie of express-session has no token: no claims of `jwtFromReq`, no end by `absoluteTimeout`, a login by
   * claims does not end older cookies, and `renewToken` rejects with `ERR_SESSION_COOKIE_FORMAT`. The option needs `secret`, a
   * private key in `keys`, and no `transport` but the cookie; otherwise it is a TypeError. Default: 'jwt'.
   *
   * @example
   * // Step one, beside express-session. Step two, once no express-session runs any more: without the option.
   * session({ keys, secret, cookieFormat: 'express-session', resave: false, saveUninitialized: false })
   */
  cookieFormat?: CookieFormat | undefined;
  /**
   * For the way back to express-session: whether a session that express-session has made, and that has a token now, gets its old
   * form of cookie again. That happens with the next response that no shared cache may keep. A session that has rotated (a login
   * by claims, `renewToken`), or that began with a token, keeps its token. Only with `cookieFormat: 'express-session'`, otherwise
   * it is a TypeError. Set it when no instance without that option runs any more. Default: false.
   *
   * @example
   * session({ keys, secret, cookieFormat: 'express-session', reissue: true })
   */
  reissue?: boolean | undefined;
  /**
   * The attributes of the session cookie, or a function of the request that returns them. `maxAge` is in ms. Default:
   * `{ path: '/', httpOnly: true }`, without an expiry, so that the cookie ends with the browser.
   *
   * @example
   * session({ keys, cookie: { maxAge: 24 * 60 * 60 * 1000, secure: true, sameSite: 'lax' } })
   */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined;
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
   * session({ keys, transport: ['bearer', 'cookie'] })
   */
  transport?: Transport | Transport[] | undefined;
  /**
   * Whether changes of two requests to different top-level members of one session are both kept. Within one member the later
   * write wins. Merging makes states that no request has written, so an application that is safe without it may not be safe with
   * it. Default: false. The later write replaces the whole session, as in express-session.
   */
  merge?: boolean | undefined;
  /**
   * How long each call of the store may take, in ms, a whole number from 1. After that it is an error with the code 'ETIMEDOUT',
   * and a later answer is ignored. An error of `get` goes to `next(err)`. Any other goes to `next(err)` after the response
   * (see `saveErrors`). Default: none, a call may take any time.
   */
  storeTimeout?: number | undefined;
  /**
   * What happens to a response if the store fails to save its session, or to destroy it for `unset: 'destroy'`. 'late': the
   * response goes, and the error goes to `next(err)` after it, as in express-session. 'respond': the error goes to `next(err)`,
   * which answers in place of the response, without the session's cookie; unless a part of the response was sent before.
   * Default: 'late'.
   */
  saveErrors?: 'late' | 'respond' | undefined;
  /**
   * Says whether a response prolongs the session that its request came with. It returns true or false, not a promise. Return
   * false for requests that no person makes, and that would keep people signed in for ever: polling, health checks, event
   * streams that reconnect. Then the stored expiry stays, a `rolling` cookie is not sent, the store's `touch` is not called, and
   * `resave` stores nothing. Default: every response prolongs.
   *
   * Changes of such a request are stored all the same. The expiry stays then in our MemoryStore, and in all stores for which
   * this package brings a `compareAndSet`. In other stores a write prolongs, because the expiry that was loaded may be older than
   * the stored one. A token that has to be sent (a sign-in, or `jwt.expiresIn`) is sent. Its cookie has the stored expiry with
   * our MemoryStore, and a whole lifetime with other stores, so that it never ends before the session.
   *
   * The function is called once for each response, when its headers are due, so that it can look at status and headers. It is
   * called earlier if the handler calls `req.session.save()` or `renewToken()`. It is not called for a new or regenerated
   * session, nor if the handler has set `cookie.maxAge` or `cookie.expires` or has called `req.session.touch()`. If it throws, or
   * returns anything but true or false, the error goes to `next(err)` after the response, and the session is prolonged.
   *
   * @example
   * touch: (req, res) => !req.path.startsWith('/poll') && res.getHeader('Content-Type') !== 'text/event-stream'
   */
  touch?: ((req: Request, res: Response) => boolean) | undefined;
  /**
   * Does not call the store's `touch` while it would move the expiry by less than this, in ms (not in seconds, as connect-mongo's
   * option of the same name). At most half of the session's lifetime counts. Default: 0, each request renews the expiry.
   */
  touchAfter?: number | undefined;
  /**
   * Whether a response removes the cookie of a session that was destroyed, or that the store does not have any more.
   * Default: false.
   */
  clearCookie?: boolean | undefined;
  /** How many tokens are remembered, so that they need not be verified again. Each takes about 1 KB. Default: 10000. */
  tokenCacheSize?: number | undefined;
}

/** A stored session: what `get` answers, and what `set` and `touch` get. */
export interface SessionRecord {
  cookie: expressSession.Cookie;
  [name: string]: unknown;
}

export type ErrorCallback = (error?: unknown) => void;

/**
 * Stores the record only if the store has a record under `id` that contains the text `tag`, or, if `tag` is null, one without
 * the member `__session`. Comparing and storing have to be one step of the store's engine. A record that has expired counts as
 * absent. Calls back with true if the record was stored, false if not. A tag is made of letters, digits, `_`, `-` and `.`, and
 * case matters.
 *
 * @example
 * compareAndSet(id, record, tag, callback) {
 *   // for a tag that is null: AND position('"__session":' in data) = 0
 *   const sql = 'UPDATE sessions SET data = $1 WHERE id = $2 AND expires > now() AND position($3 in data) > 0';
 *   pool.query(sql, [JSON.stringify(record), id, tag], (error, result) => callback(error, result?.rowCount === 1));
 * }
 */
export type CompareAndSet = (
  id: string,
  record: SessionRecord,
  tag: string | null,
  callback: (error?: unknown, stored?: boolean) => void,
) => unknown;

/** What the middleware needs of a store. Methods may answer by callback or by promise. */
export interface AnyStore {
  on(event: 'connect' | 'disconnect', listener: () => void): unknown;
  get(id: string, callback: (error?: unknown, record?: unknown) => void): unknown;
  set(id: string, record: SessionRecord, callback: ErrorCallback): unknown;
  destroy(id: string, callback: ErrorCallback): unknown;
  touch?(id: string, record: SessionRecord, callback: ErrorCallback): unknown;
  compareAndSet?: CompareAndSet;
}

/**
 * A store as an object of async functions, for `session.Store.from`. Ids have 32 characters. If a function rejects, that is the
 * store's error.
 */
export interface AsyncStoreMethods {
  /** Fulfils with the record, or with null or undefined if there is none or it has expired. */
  get(id: string): Promise<SessionRecord | null | undefined>;
  /** Creates or replaces the record, and keeps it until `record.cookie.expires`. */
  set(id: string, record: SessionRecord): Promise<unknown>;
  /** Removes the record. It is no error if there is none. */
  destroy(id: string): Promise<unknown>;
  /** Sets only the record's expiry, to `record.cookie.expires`. It must not create a record. */
  touch?(id: string, record: SessionRecord): Promise<unknown>;
  /**
   * Stores the record only if there is one under `id` that contains the text `tag`, or, if `tag` is null, one without the member
   * `__session`. Comparing and storing have to be one step of the store's engine. A record that has expired counts as absent.
   * Fulfils with true if the record was stored, false if not.
   */
  compareAndSet?(id: string, record: SessionRecord, tag: string | null): Promise<boolean>;
}
