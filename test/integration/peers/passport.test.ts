/** Passport with its local strategy and connect-flash, on both packages. */
import assert from 'node:assert/strict';
import type { Request, RequestHandler } from 'express';
import { Browser, lifetimeOf } from './browser';
import { compare, type Findings } from './expected';
import { about } from './scenario';
import { load, middlewareOf, releaseOf, type Side } from './sides';
import { close, createApp, dataOf, listen, THIRTY_DAYS } from './site';

interface User {
  id: string;
}

type Done = (error: unknown, user?: User | false, info?: object) => void;

interface Authenticator {
  use(strategy: unknown): void;
  serializeUser(serialize: (user: User, done: (error: unknown, id: string) => void) => void): void;
  deserializeUser(deserialize: (id: string, done: Done) => void): void;
  session(): RequestHandler;
  authenticate(name: string, options: object): RequestHandler;
}

interface Passport {
  Passport: new () => Authenticator;
}

interface PassportLocal {
  Strategy: new (verify: (name: string, password: string, done: Done) => void) => unknown;
}

interface PassportRequest extends Request {
  user?: User;
  flash: (type: string) => string[];
  logout: (options: object, done: (error?: unknown) => void) => void;
}

/** The claims of a site whose users sign in by Passport. */
function jwtFromReq({ session }: { session?: unknown }): object | null {
  const { passport } = (session ?? {}) as { passport?: { user?: string } };
  return passport?.user === undefined ? null : { sub: passport.user };
}

async function withSite(side: Side, use: (browser: Browser) => Promise<Findings>): Promise<Findings> {
  const passport = new (load<Passport>('passport').Passport)();
  const { Strategy } = load<PassportLocal>('passport-local');
  passport.use(
    new Strategy((name, password, done) => {
      done(null, password === 'secret' && { id: name }, { message: `not ${name}` });
    }),
  );
  passport.serializeUser((user, done) => {
    done(null, user.id);
  });
  passport.deserializeUser((id, done) => {
    done(null, { id });
  });
  const app = createApp();
  const store = new side.library.MemoryStore();
  app.use(middlewareOf(side, { store, cookie: {}, ...({ jwtFromReq } as object) }));
  app.use(load<() => RequestHandler>('connect-flash')());
  app.use(passport.session());
  const outcome = { successRedirect: '/', failureRedirect: '/', failureFlash: true };
  app.get('/login', passport.authenticate('local', outcome));
  app.get('/login/keep', passport.authenticate('local', { ...outcome, keepSessionInfo: true }));
  app.get('/login/remember', passport.authenticate('local', { failureRedirect: '/' }), (req, res) => {
    req.session.cookie.maxAge = THIRTY_DAYS;
    res.redirect('/');
  });
  app.get('/logout', (req, res, next) => {
    const keepSessionInfo = req.query.keep === 'yes';
    (req as PassportRequest).logout({ keepSessionInfo }, (error) => {
      if (error) next(error);
      else res.redirect('/');
    });
  });
  app.get('/cart', (req, res) => {
    dataOf(req).cart = ['apple'];
    res.redirect('/');
  });
  app.get('/', (req, res) => {
    const { user, flash } = req as PassportRequest;
    const cart = dataOf(req).cart ?? null;
    res.json({ user: user?.id ?? null, cart, errors: flash.call(req, 'error'), id: req.sessionID });
  });
  const { server, url } = await listen(app);
  try {
    return await use(new Browser(url));
  } finally {
    await close(server);
  }
}

const see = async (browser: Browser): Promise<Findings> => {
  const { user, cart } = await browser.look('/');
  return { user, cart };
};

const nobody = { user: null, cart: null };

describe(`Passport ${releaseOf('passport')}, side by side with express-session`, () => {
  for (const [path, cart] of [
    ['/login', null],
    ['/login/keep', ['apple']],
  ] as const) {
    it(`signs in by ${path}, under a new id, and a planted cookie opens nothing (B134, B217)`, () =>
      compare({ both: { ann: { user: 'ann', cart }, planted: nobody, sameId: false } }, (side) =>
        withSite(side, async (ann) => {
          await ann.visit('/cart');
          const planted = ann.copy();
          const { id } = await ann.look('/');
          const { status, headers } = await ann.visit(`${path}?username=ann&password=secret`);
          assert.deepEqual([status, headers.get('location')], [302, '/']);
          const { id: idAfter } = await ann.look('/');
          return { ann: await see(ann), planted: await see(planted), sameId: id === idAfter };
        }),
      ));
  }

  for (const [query, cart] of [
    ['', null],
    ['?keep=yes', ['apple']],
  ] as const) {
    it(`signs out by /logout${query}, for everybody who has the cookie (B133, B252)`, () =>
      compare({ both: { left: { user: null, cart }, copy: nobody, sameId: false } }, (side) =>
        withSite(side, async (ann) => {
          await ann.visit('/login?username=ann&password=secret');
          await ann.visit('/cart');
          const copy = ann.copy();
          const { id } = await ann.look('/');
          await ann.visit(`/logout${query}`);
          const { id: idAfter } = await ann.look('/');
          return { left: await see(ann), copy: await see(copy), sameId: id === idAfter };
        }),
      ));
  }

  it('goes over from one user to another one, and from there to nobody (B210)', () =>
    compare({ both: { users: ['ann', 'bob', null] } }, (side) =>
      withSite(side, async (visitor) => {
        const users: unknown[] = [];
        for (const path of ['/login?username=ann&', '/login?username=bob&', '/logout?']) {
          await visitor.visit(`${path}password=secret`);
          users.push((await visitor.look('/')).user);
        }
        return { users };
      }),
    ));

  it('remembers a user for thirty days (B035)', () =>
    compare({ both: { sent: about(THIRTY_DAYS), user: 'ann' } }, (side) =>
      withSite(side, async (ann) => {
        const answer = await ann.visit('/login/remember?username=ann&password=secret');
        return { sent: about(lifetimeOf(answer)), user: (await ann.look('/')).user };
      }),
    ));

  it('tells by connect-flash why a sign-in has failed, once', () =>
    compare({ both: { errors: [['not ann'], []], user: null } }, (side) =>
      withSite(side, async (ann) => {
        await ann.visit('/login?username=ann&password=wrong');
        const first = await ann.look('/');
        const second = await ann.look('/');
        return { errors: [first.errors, second.errors], user: second.user };
      }),
    ));
});
