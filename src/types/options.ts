/** The options of `session()`, each with its meaning, unit, default and an example. */
import type expressSession = require('#express-session');
import type { Request, Response } from './express';
import type { KeyPair, KeysProvider } from './keys';
import type { JwtOptions } from './token';

/** The options of the cookie: those of express-session, and 'auto' for `sameSite`. */
export type CookieOptions = Omit<expressSession.CookieOptions, 'sameSite'> & {
  /** The attribute SameSite. 'auto': `None` on a secure connection, otherwise `Lax`. Default: the attribute is not set. */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined;
};

/** The form of a session's cookie: this package's token, or the signed id that express-session sends. */
export type CookieFormat = 'jwt' | 'express-session';

/**
 * The options of the middleware: those of express-session, with `secret` optional and `keys` beside it. They are checked when
 * the middleware is made. A wrong value is a TypeError that names the option. All times are in ms, except in `jwt`.
 *
 * Every option with an example: docs/options.md.
 */
export interface SessionOptions extends Omit<expressSession.SessionOptions, 'secret' | 'cookie'> {
  /**
   * One or more key pairs on the curve P-256. The first pair signs, all of them verify. Without keys each request on the cookie's
   * path ends in `next(err)` with `ERR_SESSION_KEYS_REQUIRED`. If the first pair has no private key, tokens are verified and not
   * issued; then, without `store`, no session is read from anywhere.
   *
   * Or a function that gives the keys for each request on the cookie's path: for several tenants, for a key service, or
   * `session.remoteKeys(url)`. It is called once in a request, before the session is read. Its error, no keys, or unusable keys go
   * to `next(err)`. Default: none.
   *
   * @example
   * session({ keys: { private: readFileSync('private-key.pem') } })
   * session({ keys: async (req) => keysOfTenant.get(req.hostname) })
   */
  keys?: KeyPair | readonly KeyPair[] | KeysProvider | undefined;
  /** The name that 0.2.2 has for a function as `keys`. To give both is a TypeError. Default: none. */
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
  /** Lifetime, purpose and way of tokens. Default: a cookie carries them, they do not expire by themselves, and have no issuer and no audience. */
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
   * with the next response. It signs nothing, except with another `cookieFormat` than 'jwt'. Default: none, such cookies open
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
   * private key in `keys`, and no `jwt.transport` but the cookie; otherwise it is a TypeError.
   *
   * 'back-to-express-session' is for the way back, when no instance with 'jwt' runs any more. A session that express-session has
   * made, and that has a token now, gets its old form of cookie again, with the next response that no shared cache may keep. A
   * session that has rotated (a login by claims, `renewToken`), or that began with a token, keeps its token. Default: 'jwt'.
   *
   * @example
   * // Step one, beside express-session. Step two, once no express-session runs any more: without the option.
   * session({ keys, secret, cookieFormat: 'express-session', resave: false, saveUninitialized: false })
   */
  cookieFormat?: CookieFormat | 'back-to-express-session' | undefined;
  /**
   * The attributes of the session cookie, or a function of the request that returns them. `maxAge` is in ms. Default:
   * `{ path: '/', httpOnly: true }`, without an expiry, so that the cookie ends with the browser.
   *
   * @example
   * session({ keys, cookie: { maxAge: 24 * 60 * 60 * 1000, secure: true, sameSite: 'lax' } })
   */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined;
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
   * Whether a response waits in any case until the store has answered the `touch` of its session. Set it where the platform
   * freezes a process as soon as its response is out (serverless functions). Default: false. A response without a cookie goes out
   * while the touch is under way, if the store's guarantee is 'everywhere' or it is our MemoryStore. With other stores it waits,
   * because their `touch` may write the whole record.
   *
   * @example
   * session({ keys, store, awaitTouch: true })
   */
  awaitTouch?: boolean | undefined;
  /** How many tokens are remembered, so that they need not be verified again. Each takes about 1 KB. Default: 10000. */
  tokenCacheSize?: number | undefined;
}
