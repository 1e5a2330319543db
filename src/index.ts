/** The public face of the package: the function `session()` and its members. */
import type expressSession = require('#express-session');
import { Cookie as CookieClass } from './session/cookie';
import { generateKeys } from './keys/generate-keys';
import { jwks } from './keys/jwks';
import { MemoryStore as MemoryStoreClass } from './store/memory-store';
import { createMiddleware, tokenOf } from './request/middleware';
import { resolveOptions } from './options/options';
import { remoteKeys } from './keys/remote-keys';
import { Session as SessionClass } from './session/session';
import { Store as StoreClass } from './store/store';
import { storeFrom } from './store/store-from';
import type * as types from './types';

// Node's scanner for named exports of CommonJS modules looks for lines of this form.
/* eslint-disable @typescript-eslint/no-unsafe-member-access -- `exports` has no type beside `export =` */
exports.Cookie = exports.MemoryStore = exports.Session = exports.Store = undefined;
exports.generateKeys = exports.jwks = exports.remoteKeys = exports.tokenOf = undefined;
/* eslint-enable */

/**
 * Makes the session middleware. All options are checked now, not at the first request.
 *
 * @throws TypeError that names the wrong option, with a code such as `ERR_SESSION_OPTION`
 * @example
 * const sessions = session({ keys: { private: readFileSync('private-key.pem') }, store });
 * app.use(sessions);
 */
function session(options?: session.SessionOptions | null): types.Middleware {
  return createMiddleware(resolveOptions(options));
}

/**
 * Lets a constructor be called without `new`, as subclasses made with `util.inherits` do. The instance of such a subclass
 * gets the members of a new instance. Without an instance the call makes one.
 */
function callable<Constructor extends abstract new (...args: never) => object>(
  constructor: Constructor,
): Constructor {
  const proxy = new Proxy(constructor, {
    apply(target, self: unknown, args: never) {
      const instance = Reflect.construct(target as unknown as new () => object, args);
      if (!(self instanceof target)) return instance;
      for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(instance))) {
        const { configurable, enumerable } = property;
        const value: unknown = Reflect.get(instance, name);
        Object.defineProperty(self, name, property.get ? { value, configurable, enumerable } : property);
      }
      return undefined;
    },
  });
  Object.defineProperty(constructor.prototype, 'constructor', { value: proxy });
  return proxy;
}

Object.assign(session, {
  generateKeys,
  jwks,
  remoteKeys,
  tokenOf,
  Store: Object.assign(callable(StoreClass), { from: storeFrom }),
  MemoryStore: callable(MemoryStoreClass),
  Session: callable(SessionClass),
  Cookie: callable(CookieClass),
});

// eslint-disable-next-line @typescript-eslint/no-namespace -- `export =` with types takes a namespace
declare namespace session {
  export type SessionOptions = types.SessionOptions;
  export type KeyPair = types.KeyPair;
  export type KeyMaterial = types.KeyMaterial;
  export type KeysProvider = types.KeysProvider;
  export type TenantKeys = types.TenantKeys;
  export type CompareAndSet = types.CompareAndSet;
  export type ProvidedKeys = types.ProvidedKeys;
  export type RemoteKeys = types.RemoteKeys;
  export type RemoteKeysOptions = types.RemoteKeysOptions;
  export type JwkSet = types.JwkSet;
  export type JwtPayload = types.JwtPayload;
  export type JwtOptions = types.JwtOptions;
  export type CookieOptions = types.CookieOptions;
  export type CookieFormat = types.CookieFormat;
  export type Transport = types.Transport;
  export type CustomTransport = types.CustomTransport;

  /**
   * Makes a new key pair on the curve P-256, as PEM text: SPKI and PKCS#8. Keep it: tokens of another pair are refused.
   *
   * @example
   * const keys = session.generateKeys();
   * writeFileSync('private-key.pem', keys.private, { mode: 0o600 });
   */
  export function generateKeys(): { public: string; private: string };

  /**
   * The public keys of the `keys` option as a JWK Set (RFC 7517, section 5), for services that verify tokens. It holds no
   * private key.
   *
   * @throws TypeError that names the key at fault, or says that there is none
   * @example
   * app.get('/.well-known/jwks.json', (req, res) => res.json(session.jwks(keys)));
   */
  export function jwks(keys: KeyPair | readonly KeyPair[]): JwkSet;

  /**
   * Makes the `keys` option of a service that only verifies: a function that gives keys. It fetches the issuer's JWK Set when it needs it, and keeps the
   * last good keys.
   *
   * @param url the address of the set, http: or https:. Redirects are refused
   * @throws TypeError that names the wrong address or option. The provider itself rejects with `ERR_SESSION_REMOTE_KEYS` while
   * it has no keys
   * @example
   * app.use(session({ keys: session.remoteKeys('https://issuer.example/.well-known/jwks.json') }));
   */
  export function remoteKeys(url: string | URL, options?: RemoteKeysOptions): RemoteKeys;

  /**
   * The token of the session on this request, for a client without cookies or for a call to another service. It is a
   * credential: whoever has it can act as the user.
   *
   * @returns undefined if there is no token and none can be made
   * @example
   * await fetch(url, { headers: { authorization: `Bearer ${session.tokenOf(req)}` } });
   */
  export function tokenOf(req: types.Request): string | undefined;

  /**
   * The data of a session. Declare your members here, or in the interface of the same name in 'express-session'.
   *
   * @example
   * declare module 'express-session-jwt' {
   *   interface SessionData {
   *     userId: string;
   *   }
   * }
   */
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- applications fill it
  export interface SessionData extends expressSession.SessionData {}

  export type Guarantee = types.Guarantee;
  export type Middleware = types.Middleware;
  export type RequestLike = types.RequestLike;
  export type FoundSession = types.FoundSession;
  export type CheckReport = types.CheckReport;
  export type CheckFinding = types.CheckFinding;
  export type CheckOutcome = types.CheckOutcome;
  export type SessionRecord = types.SessionRecord;
  export type SessionEvents = types.SessionEvents;
  export type StoreCallEvent = types.StoreCallEvent;
  export type AsyncStoreMethods = types.AsyncStoreMethods;

  export type Store = expressSession.Store;
  export const Store: typeof expressSession.Store & {
    /**
     * Makes a store from an object of async functions. They are called as methods of that object.
     *
     * @throws TypeError that names the function that is missing or wrong
     * @example
     * const store = session.Store.from({
     *   get: (id) => db.find(id),
     *   set: (id, record) => db.save(id, record, record.cookie.expires),
     *   destroy: (id) => db.remove(id),
     * });
     */
    from(methods: AsyncStoreMethods): Store;
  };

  export type MemoryStore = expressSession.MemoryStore;
  export const MemoryStore: typeof expressSession.MemoryStore;

  export type Session = expressSession.Session;
  export const Session: typeof expressSession.Session;

  export type Cookie = expressSession.Cookie;
  export const Cookie: typeof expressSession.Cookie &
    (new (options?: CookieOptions | null) => expressSession.Cookie);
}

declare module '#express-session' {
  // Members that an application declares for 'express-session-jwt' are on `req.session` as well.
  interface Session extends Partial<Omit<session.SessionData, 'cookie'>> {
    /** The payload of the session's token, as a copy. Undefined if there is no token and none can be made. */
    readonly jwt: session.JwtPayload | undefined;
    /**
     * Stores the session now. Otherwise it is stored at the end of the response, if it has changed.
     *
     * @returns whether it was stored. False if another request has destroyed the session, or has signed in or out with it.
     * Rejects with the store's error
     */
    save(): Promise<boolean>;
    save(callback: (error?: unknown, stored?: boolean) => void): this;
    /**
     * Puts the data that the store has now on `req.session`, as a new object. Rejects with `ERR_SESSION_NOT_FOUND` if there is
     * no session any more; then the old object stays.
     */
    reload(): Promise<void>;
    /** Ends the session: takes it off the request at once, and out of the store. Rejects with the store's error. */
    destroy(): Promise<void>;
    /**
     * Ends the session and puts a new, empty one on `req.session`.
     *
     * @example
     * await req.session.regenerate();
     * req.session.userId = user.id;
     */
    regenerate(): Promise<void>;
    /**
     * Ends all tokens of the session, and sends a new one with this response. Data and id stay; `auth_time` becomes now.
     * Rejects with `ERR_SESSION_TOKEN_UNDELIVERABLE` if this response cannot carry the token; then nothing has changed.
     *
     * @example
     * await req.session.renewToken(); // after a change of the password
     */
    renewToken(): Promise<void>;
    renewToken(callback: (error?: unknown) => void): this;
  }
}

export = session;
