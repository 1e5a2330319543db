import assert from 'node:assert/strict';
import request from 'supertest';
import session from '../../src';
import { byHand, breakSignature } from '../support/by-hand';
import { attributes, cookieOf, setCookie, setCookies, tokenOf } from '../support/cookies';
import { createKeyPair } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacyCookie, legacySecret, startLegacySession } from '../support/legacy';
import { createServer, type Handler } from '../support/server';
import { asStore, closeSites, openSite } from '../support/site';
import { ForeignStore } from '../support/stores';
import { visits } from '../support/visits';

const EXPIRED = 'connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly';

const pages: Record<string, Handler> = {
  '/': visits,
  '/look': (_, res) => res.end('nothing to see'),
  '/logout': async (req, res) => {
    await req.session.destroy();
    res.end('signed out');
  },
  '/logout-and-theme': (req, res) => {
    res.setHeader('Set-Cookie', 'theme=dark');
    req.session.destroy(() => res.end('signed out'));
  },
  '/store-logout': (req, res) => {
    req.sessionStore.destroy(req.sessionID, () => res.end('signed out'));
  },
  '/unset': (req, res) => {
    Object.assign(req, { session: null });
    res.end();
  },
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    res.end();
  },
  '/logout-and-regenerate': async (req, res) => {
    await req.session.regenerate();
    await req.session.destroy();
    res.end();
  },
};

function serve(options: session.SessionOptions = {}, store: object = new ForeignStore()) {
  return openSite({ store: asStore(store), clearCookie: true, secret: legacySecret, ...options }, pages);
}

describe('clearCookie', () => {
  afterEach(closeSites);

  for (const path of ['/logout', '/store-logout', '/logout-and-regenerate']) {
    it(`expires the cookie of a session that was destroyed: ${path}`, async () => {
      for (const store of [new ForeignStore(), new session.MemoryStore()]) {
        const site = await serve({}, store);
        const first = await site.visit('/');
        assert.equal(setCookie(await site.visit(path, cookieOf(first))), EXPIRED);
      }
    });
  }

  it('leaves other cookies of the response alone', async () => {
    const site = await serve();
    const res = await site.visit('/logout-and-theme', cookieOf(await site.visit('/')));
    assert.deepEqual(setCookies(res), ['theme=dark', EXPIRED]);
  });

  it('does nothing without the option', async () => {
    const site = await serve({ clearCookie: false });
    const cookie = cookieOf(await site.visit('/'));
    assert.equal(setCookie(await site.visit('/logout', cookie)), undefined);
    assert.equal(setCookie(await site.visit('/look', cookie)), undefined);
  });

  it("expires it where unset: 'destroy' takes the session, and not where 'keep' leaves it", async () => {
    const store = new ForeignStore();
    const keeping = await serve({}, store);
    const destroying = await serve({ unset: 'destroy' }, store);
    const cookie = cookieOf(await keeping.visit('/'));
    assert.equal(setCookie(await keeping.visit('/unset', cookie)), undefined);
    assert.equal((await keeping.visit('/', cookie)).text, '2');
    assert.equal(setCookie(await destroying.visit('/unset', cookie)), EXPIRED);
  });

  it('expires a good cookie whose session is gone, a token or one of express-session', async () => {
    const site = await serve();
    const dead = cookieOf(await site.visit('/'));
    await site.visit('/logout', dead);
    for (const cookie of [dead, `connect.sid=${byHand()}`, legacyCookie('never-stored')]) {
      assert.equal(setCookie(await site.visit('/look', cookie)), EXPIRED);
      assert.equal(setCookie(await site.visit('/unset', cookie)), EXPIRED);
    }
  });

  it('leaves alone what no key has signed: that may be the cookie of another application', async () => {
    const site = await serve();
    const first = await site.visit('/');
    for (const value of [
      breakSignature(tokenOf(first)),
      byHand({}, createKeyPair()),
      byHand({ exp: 1 }),
      'garbage',
      '',
    ]) {
      assert.equal(setCookie(await site.visit('/look', `connect.sid=${value}`)), undefined);
    }
    assert.equal(setCookie(await site.visit('/look')), undefined);
    assert.equal(setCookie(await site.visit('/look', cookieOf(first))), undefined);
  });

  it('expires nothing where the response sets a new cookie', async () => {
    const site = await serve();
    const dead = cookieOf(await site.visit('/'));
    await site.visit('/logout', dead);
    for (const path of ['/', '/regenerate']) {
      const lines = setCookies(await site.visit(path, dead));
      assert.equal(lines.length, 1);
      assert.notEqual(lines[0], EXPIRED);
    }
    const live = cookieOf(await site.visit('/'));
    assert.notEqual(setCookie(await site.visit('/regenerate', live)), EXPIRED);
  });

  it('uses the attributes that the cookie was set with, those of the stored session first', async () => {
    const store = new ForeignStore();
    const strict = {
      path: '/app',
      domain: 'example.com',
      secure: true,
      httpOnly: false,
      sameSite: 'strict',
      partitioned: true,
      priority: 'high',
    } as const;
    const options = { store: asStore(store), clearCookie: true, proxy: true, name: 'id' };
    const handler: Handler = (req, res) =>
      req.url === '/app/logout' ? pages['/logout']?.(req, res) : visits(req, res);
    const before = createServer({ ...options, cookie: { ...strict, maxAge: 60_000 } }, handler);
    const today = createServer({ ...options, cookie: { path: '/app', sameSite: 'lax' } }, handler);
    const get = (server: typeof today, path: string, cookie: string, scheme = 'https') =>
      request(server).get(path).set('Cookie', cookie).set('X-Forwarded-Proto', scheme).expect(200);

    const cookie = cookieOf(await get(before, '/app', ''), 'id');
    const out = setCookie(await get(today, '/app/logout', cookie), 'id') ?? '';
    assert.match(out, /^id=;/);
    assert.deepEqual(attributes(out), {
      path: '/app',
      domain: 'example.com',
      secure: true,
      samesite: 'Strict',
      partitioned: true,
      priority: 'High',
      expires: 'Thu, 01 Jan 1970 00:00:00 GMT',
    });
    const gone = setCookie(await get(today, '/app/look', cookie), 'id') ?? '';
    assert.doesNotMatch(gone, /^id=;/, 'this page makes a new session');
    const stale = await openSite({ clearCookie: true, cookie: { sameSite: 'lax' } }, pages);
    const line = setCookie(await stale.visit('/look', `connect.sid=${byHand()}`)) ?? '';
    assert.equal(attributes(line).samesite, 'Lax');
    const plain = cookieOf(await get(before, '/app', ''), 'id');
    assert.equal(setCookie(await get(before, '/app/logout', plain, 'http'), 'id'), undefined);
  });

  it('tells an error of the cookie function late', async () => {
    let fails = false;
    const site = await openSite(
      {
        clearCookie: true,
        cookie: () => {
          if (fails) throw new Error('no settings');
          return {};
        },
      },
      {
        '/': (_, res) => {
          fails = true;
          res.end('ok');
        },
      },
    );
    assert.equal((await site.visit('/', `connect.sid=${byHand()}`)).text, 'ok');
    assert.deepEqual(await lateErrors(site), ['no settings']);
  });

  it('expires the cookie of an upgraded session that ends in its first request', async () => {
    const store = new ForeignStore();
    const site = await serve({}, store);
    const { cookie } = await startLegacySession(store, { visits: 1 });
    assert.equal(setCookie(await site.visit('/logout', cookie)), EXPIRED);
  });

  it('clears no header of another transport', async () => {
    const server = createServer(
      { transport: ['bearer', 'cookie'], clearCookie: true },
      (req, res) => void req.session.destroy().then(() => res.end()),
    );
    const bearer = await request(server).get('/').set('Authorization', `Bearer ${byHand()}`).expect(200);
    assert.deepEqual([setCookie(bearer), bearer.headers['x-session-token']], [undefined, undefined]);
    const cookie = await request(server).get('/').set('Cookie', `connect.sid=${byHand()}`).expect(200);
    assert.equal(setCookie(cookie), EXPIRED);
  });
});
