/** The public face of the package: the callable factory and what hangs on it. */
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
 * Makes the session middleware.
 *
 * @throws TypeError naming the option that is wrong
 */
function session(options?: session.SessionOptions | null): types.Middleware {
  return createMiddleware(resolveOptions(options));
}

/**
 * Lets a constructor be called without `new`: for an instance of a `util.inherits` style subclass, which gets what an
 * instance would have, else it makes one. It is what instances name as their constructor.
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

  /** A new key pair on P-256, as PEM text: SPKI and PKCS#8. */
  export function generateKeys(): { public: string; private: string };

  /**
   * The public keys of the `keys` option as a JWK Set, for those who verify tokens (RFC 7517, section 5).
   *
   * @throws TypeError naming the key at fault, or if there is none
   */
  export function jwks(keys: KeyPair | readonly KeyPair[]): JwkSet;

  /**
   * A `keysProvider` for a service that only verifies: the keys of the issuer's JWK Set, fetched when needed and kept.
   *
   * @param url http: or https:. Redirects are not followed
   * @throws TypeError naming what is wrong with the address or an option
   */
  export function remoteKeys(url: string | URL, options?: RemoteKeysOptions): RemoteKeys;

  /**
   * The token of the session on this request: for a client that does not keep cookies, or a call to another service. Undefined
   * where there is none and none can be made. It is a credential: what has it can act as the user.
   */
  export function tokenOf(req: types.Request): string | undefined;

  /** What a session holds. Augment this, or the interface of the same name in 'express-session'. */
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
  export type AsyncStoreMethods = types.AsyncStoreMethods;

  export type Store = expressSession.Store;
  export const Store: typeof expressSession.Store & {
    /**
     * A store of an object of async functions; called as its methods, looked up at each call.
     *
     * @throws TypeError naming the function that is missing or is none
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
  // What is declared for 'express-session-jwt' is seen on `req.session` as well.
  interface Session extends Partial<Omit<session.SessionData, 'cookie'>> {
    /** Payload of the session's token; undefined where this service cannot issue one. */
    readonly jwt: session.JwtPayload | undefined;
    /** Fulfils with false if the session was destroyed or its generation has ended, so that nothing was stored. */
    save(): Promise<boolean>;
    save(callback: (error?: unknown, stored?: boolean) => void): this;
    reload(): Promise<void>;
    destroy(): Promise<void>;
    regenerate(): Promise<void>;
    /** Ends all tokens of the session and sends a new one with this response. Rejects if it cannot be sent. */
    renewToken(): Promise<void>;
    renewToken(callback: (error?: unknown) => void): this;
  }
}

export = session;
