/** Passport with OAuth2, whose state is in the session while the browser is with the provider. The local strategy and
 * connect-flash beside it are in peers/passport.test.ts. */
import type { RequestHandler } from 'express';
import { createApp, dataOf } from '../peers/site';
import { back, oauth2Server } from './oauth2-server';
import { load } from './packages';
import { describePackage, type Run } from './side-by-side';
import type { Visitor } from './visitor';

interface User {
  id: string;
}

type Done = (error: unknown, user?: User | string) => void;

interface Authenticator {
  use(strategy: object): void;
  serializeUser(serialize: (user: User, done: Done) => void): void;
  deserializeUser(deserialize: (id: string, done: Done) => void): void;
  session(): RequestHandler;
  authenticate(name: string, options?: object): RequestHandler;
}

interface OAuth2 {
  Strategy: new (
    options: object,
    verify: (token: string, refresh: string, profile: object, done: Done) => void,
  ) => object;
}

type Logout = (done: (error?: unknown) => void) => void;

function jwtFromReq({ session }: { session?: unknown }): object | null {
  const { passport } = (session ?? {}) as { passport?: { user?: string } };
  return passport?.user === undefined ? null : { sub: passport.user };
}

async function open(run: Run, options: object): Promise<Visitor> {
  const provider = await run.listen(oauth2Server());
  const passport = new (load<{ Passport: new () => Authenticator }>('passport').Passport)();
  passport.use(
    new (load<OAuth2>('passport-oauth2').Strategy)(
      {
        authorizationURL: `${provider.url}/authorize`,
        tokenURL: `${provider.url}/token`,
        clientID: 'shop',
        clientSecret: 'secret',
        callbackURL: '/callback',
        ...options,
      },
      (token, _refresh, _profile, done) => done(null, { id: token.replace('token-of-', '') }),
    ),
  );
  passport.serializeUser((user, done) => done(null, user.id));
  passport.deserializeUser((id, done) => done(null, { id }));
  const app = createApp();
  app.use(run.session({ jwtFromReq }));
  app.use(passport.session());
  app.get('/login', passport.authenticate('oauth2'));
  app.get('/callback', passport.authenticate('oauth2', { successRedirect: '/' }));
  app.get('/cart', (req, res) => {
    dataOf(req).cart = ['apple'];
    res.redirect('/');
  });
  app.get('/logout', (req, res, next) => {
    (req as unknown as { logout: Logout }).logout((error) => {
      if (error) next(error);
      else res.redirect('/');
    });
  });
  app.get('/', (req, res) => {
    const { user } = req as { user?: User };
    const { cart = ['nothing'] } = dataOf(req) as { cart?: string[] };
    res.send(`${user?.id ?? 'nobody'}, ${cart.join()}`);
  });
  return await run.visitor(app);
}

describePackage('passport-oauth2', ['passport', 'passport-oauth2'], (sideBySide) => {
  for (const [way, options] of Object.entries({
    'a state': { state: true },
    'a state and PKCE': { state: true, pkce: true },
  })) {
    sideBySide(
      `signs in with ${way}, and out`,
      {
        'looks around': '200 nobody, nothing',
        'fills a cart': '302 / +connect.sid',
        'wants to sign in': '302 elsewhere/authorize +connect.sid',
        'comes back': '302 / +connect.sid',
        'is signed in': '200 ann, nothing',
        'whoever has the cookie from before': '200 nobody, nothing',
        'signs out': '302 / +connect.sid',
        'is gone': '200 nobody, nothing',
        'whoever has the cookie of the session': '200 nobody, nothing',
      },
      async (run) => {
        const ann = await open(run, options);
        await ann.visit('looks around', '/');
        await ann.visit('fills a cart', '/cart');
        const address = await back(await ann.visit('wants to sign in', '/login'));
        const planted = ann.copy();
        await ann.visit('comes back', address);
        await ann.visit('is signed in', '/');
        await planted.visit('whoever has the cookie from before', '/');
        const copy = ann.copy();
        await ann.visit('signs out', '/logout');
        await ann.visit('is gone', '/');
        await copy.visit('whoever has the cookie of the session', '/');
      },
    );

    sideBySide(
      `refuses with ${way} who comes back with the answer to somebody else, or twice`,
      {
        'wants to sign in': '302 elsewhere/authorize +connect.sid',
        'with the answer to mallory': '403 Forbidden +connect.sid',
        'without a cookie': '403 Forbidden',
        'comes back': '302 / +connect.sid',
        'comes back again': '403 Forbidden',
        'stays signed in': '200 ann, nothing',
      },
      async (run) => {
        const ann = await open(run, options);
        const mallory = run.visitorOf(ann.url);
        const foreign = await back(await mallory.open('/login'));
        const address = await back(await ann.visit('wants to sign in', '/login'));
        await ann.visit('with the answer to mallory', foreign);
        await run.visitorOf(ann.url).visit('without a cookie', address);
        const own = await back(await ann.open('/login'));
        await ann.visit('comes back', own);
        await ann.visit('comes back again', own);
        await ann.visit('stays signed in', '/');
      },
    );
  }
});
