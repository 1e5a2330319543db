// What the types promise, the same for every way of resolving them. Copied into each TypeScript project; compiled, not run.
import { createPrivateKey } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import session, {
  Cookie,
  generateKeys,
  jwks,
  MemoryStore,
  remoteKeys,
  Session,
  Store,
} from 'express-session-jwt';
import type { CookieOptions, SessionData, SessionOptions } from 'express-session-jwt';
import { sealed } from 'express-session-jwt/sealed';

declare module 'express-session' {
  interface SessionData {
    fromOriginal: string;
  }
}

declare module 'express-session-jwt' {
  interface SessionData {
    fromReplacement: number;
  }
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const equal = <A, B>(..._: Equal<A, B> extends true ? [] : ['the types differ']): void => undefined;

// The factory and its options.
export const handler: RequestHandler = session();
const pem = Buffer.from('');
session({ keys: { public: 'pem', private: 'pem' } });
session({ keys: { public: pem, private: pem } });
session({ keys: [{ public: pem, private: 'pem' }, { public: 'pem' }] });
session({ keys: { private: createPrivateKey('pem') }, cookie: { sameSite: 'auto' } });
session({ secret: 'keyboard cat', resave: true, store: new MemoryStore(), cookie: { secure: 'auto' } });
session({ cookie: (req: Request) => ({ path: req.path }) });
session({ jwtFromReq: (req) => (req.session.fromOriginal ? { user: req.session.fromOriginal } : null) });
session({ jwtFromReq: () => undefined, tokenCacheSize: 10 });
session({ keys: { private: createPrivateKey('pem').export({ format: 'jwk' }) } });
session({ keysProvider: (req, rawJwtToken, done) => done(rawJwtToken ? null : new Error(req.hostname), []) });
session({ keysProvider: async (req) => (req.hostname === 'a' ? { private: pem } : undefined) });
session({ keysProvider: async (_req, _rawJwtToken, done) => done(null, { private: pem }) });
session({ keysProvider: remoteKeys('https://localhost/', { timeout: 1 }) });
session({
  keysProvider: (req, rawJwtToken) => session.remoteKeys(new URL('https://localhost/'))(req, rawJwtToken),
});
equal<session.JwkSet, ReturnType<typeof jwks>>();
session({ keys: generateKeys() });
export const options: session.SessionOptions = {};
equal<SessionOptions, session.SessionOptions>();
// @ts-expect-error a path or a PEM alone is no pair
session({ keys: 'private-key.pem' });
// @ts-expect-error keys are given by a promise or to done
session({ keysProvider: () => generateKeys() });
// @ts-expect-error times are numbers
remoteKeys('https://localhost/', { timeout: '5s' });
// @ts-expect-error claims are an object
session({ jwtFromReq: () => 'claims' });
// @ts-expect-error the size is a number
session({ tokenCacheSize: 'many' });
// @ts-expect-error one of two words
session({ unset: 'forget' });
// @ts-expect-error a key is text, a Buffer, a KeyObject or a JWK
session({ keys: { private: 42 } });
// @ts-expect-error a pair's members are `public` and `private`
session({ keys: { publicKey: 'pem' } });
// @ts-expect-error one key material is no pair
session({ keys: [pem] });
// @ts-expect-error a secret for HMAC is no key on a curve
session({ keys: { private: { kty: 'oct', k: 'secret' } } });
// @ts-expect-error there is no such option
session({ storeKey: 'id' });
// @ts-expect-error a flag is no word
session({ resave: 'no' });
// @ts-expect-error one of two words
session({ saveErrors: 'ignore' });
// @ts-expect-error one of four words, or a flag
session({ cookie: { sameSite: 'Lax' } });
// @ts-expect-error a flag or 'auto'
session({ cookie: { secure: 'yes' } });
// @ts-expect-error a cookie has no such setting
session({ cookie: { expiresIn: '15m' } });
// @ts-expect-error a header has a name
session({ jwt: { transport: { header: true } } });
// @ts-expect-error one of three ways
session({ jwt: { transport: 'query' } });
// @ts-expect-error a timespan is seconds or text
session({ jwt: { expiresIn: new Date() } });
// @ts-expect-error there is no such setting of tokens
session({ jwt: { algorithm: 'HS256' } });
// @ts-expect-error milliseconds are a number
session({ absoluteTimeout: '30 days' });

// The namespace and the named exports are the same things.
equal<Store, session.Store>();
equal<Cookie, session.Cookie>();
equal<Session, session.Session>();
equal<SessionData, session.SessionData>();
equal<CookieOptions, session.CookieOptions>();
equal<typeof MemoryStore, typeof session.MemoryStore>();

// A session in a request.
export async function handle(req: Request): Promise<void> {
  equal<typeof req.session.fromOriginal, string | undefined>();
  equal<typeof req.session.fromReplacement, number | undefined>();
  // @ts-expect-error nobody declared it
  req.session.undeclared;
  req.session.fromReplacement = 1;
  // @ts-expect-error it is a number
  req.session.fromReplacement = 'one';

  const saved = req.session.save();
  const regenerated = req.session.regenerate();
  const reloaded = req.session.reload();
  const destroyed = req.session.destroy();
  equal<typeof saved, Promise<boolean>>();
  equal<typeof regenerated, Promise<void>>();
  equal<typeof reloaded, Promise<void>>();
  equal<typeof destroyed, Promise<void>>();
  await Promise.all([saved, regenerated, reloaded, destroyed]);

  const chained: Session = req.session.save((error) => void error);
  req.session.save((error, stored?: boolean) => void [error, stored]);
  chained.touch().resetMaxAge();
  req.session
    .regenerate(() => undefined)
    .reload(() => undefined)
    .destroy(() => undefined);

  const handle: string | undefined = req.session.jwt?.ses?.id;
  const token: string | undefined = session.tokenOf(req);
  const renewed: Promise<void> = req.session.renewToken();
  const iat: number | undefined = req.session.jwt?.iat;
  const claim: unknown = req.session.jwt?.['user'];
  void [handle, token, renewed, iat, claim];
  const maxAge: number | undefined | null = req.session.cookie.maxAge;
  void maxAge;
}

// A store of one's own.
export class OwnStore extends session.Store {
  get(id: string, callback: (error: unknown, data?: session.SessionData | null) => void): void {
    callback(id ? null : new Error());
  }
  set(id: string, data: session.SessionData, callback?: (error?: unknown) => void): void {
    void [id, data.cookie.expires, data.fromOriginal, data.fromReplacement];
    callback?.();
  }
  destroy(id: string, callback?: (error?: unknown) => void): void {
    void id;
    callback?.();
  }
}
session({ store: new OwnStore() });
session({ store: sealed(new OwnStore(), process.env['SEAL_SECRET']) });
sealed(new MemoryStore(), [pem, 'text', undefined], { onlyOpen: true });
// @ts-expect-error a secret is text, bytes or a KeyObject
sealed(new MemoryStore(), 42);
// @ts-expect-error a store needs its three methods
sealed({ on: () => undefined }, pem);
// @ts-expect-error a store needs its three methods
session({ store: { on: () => undefined } });
