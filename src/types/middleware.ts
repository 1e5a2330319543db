/** The middleware and its members: `find`, `check`, `store` and `guarantee`. */
import type expressSession = require('#express-session');
import type { RequestHandler } from './express';

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
