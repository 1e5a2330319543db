// `sessions.find`: the session of a request that gets no response here, and what its methods do when they are called later.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import session from '../../src';
import { sharedBy } from '../../src/store/shared';
import { breakSignature, byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { collectGarbage } from '../support/collect-garbage';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, setCookie } from '../support/cookies';
import { seconds } from '../support/forge';
import { holdAnswer } from '../support/hold-answer';
import { keys, otherKeys } from '../support/keys';
import { legacyCookie, legacySecret, startLegacySession } from '../support/legacy';
import { loose } from '../support/loose';
import { logOut, regenerate } from '../support/pages';
import { serverOf, type Handler } from '../support/server';
import { idOf, idOfHandle, recordWith, stateOf } from '../support/session-tokens';
import { asStore, claimsOfSession, countHits, data, open, routes, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';
import { startSession02 } from '../support/token02';

interface Fields {
  user?: string;
  role?: string;
  hits?: number;
  other?: unknown;
  /** What functions of the application were called with. */
  req?: { url?: string; session?: unknown };
}

type Found = session.FoundSession & Fields;

const handlers: Record<string, Handler> = {
  '/': countHits,
  '/login': (req, res) => {
    data(req).user = 'ada';
    return countHits(req, res);
  },
  '/role': (req, res) => {
    data(req).role = 'admin';
    res.end();
  },
  '/logout': logOut,
  '/renew': async (req, res) => {
    await req.session.renewToken();
    res.end();
  },
  '/regenerate': regenerate,
};

const withCookie = (cookie: string): session.RequestLike => ({ headers: { cookie } });

interface Process {
  sessions: session.Middleware;
  site: Site;
  find: (cookie: string) => Promise<Found | undefined>;
}

/** One process with this store object. */
async function start(store: ForeignStore, options: session.SessionOptions = {}): Promise<Process> {
  const sessions = session({
    keys,
    secret: legacySecret,
    store: asStore(store),
    jwtFromReq: claimsOfSession,
    ...options,
  });
  const site = await open(serverOf(sessions, routes(handlers)));
  const find = async (cookie: string): Promise<Found | undefined> => await sessions.find(withCookie(cookie));
  return { sessions, site, find };
}

/** The same records as another process sees them. */
function twin(store: ForeignStore): ForeignStore {
  if (store instanceof ComparingStore) return store.twin();
  return Object.assign(new ForeignStore(), { records: store.records });
}

async function required(found: Promise<Found | undefined>): Promise<Found> {
  return (await found) ?? assert.fail('no session was found');
}

function withoutReads(store: ForeignStore): string[] {
  return store.calls.map(({ method }) => method).filter((method) => method !== 'get');
}

const undeliverable = { code: 'ERR_SESSION_TOKEN_UNDELIVERABLE' };

describe('sessions.find (B267)', () => {
  describe('the credentials that it knows', () => {
    it('finds the session of a token by its cookie, with its data and its claims (B019)', async () => {
      const store = new ForeignStore();
      const { site, find } = await start(store);
      const cookie = cookieOf(await site.visit('/login'));
      const found = await required(find(cookie));
      assert.equal(found.user, 'ada');
      assert.equal(found.id, idOf(cookie.slice('connect.sid='.length)));
      assert.equal(found.jwt?.user, 'ada');
      assert.ok(found instanceof session.Session);
      assert.deepEqual(Object.keys(found), ['cookie', 'user', 'hits']);
    });

    it('finds the session of an express-session cookie, and makes no token for it (B229)', async () => {
      const store = new ForeignStore();
      const { find } = await start(store);
      const { id, cookie } = await startLegacySession(store, { user: 'ann' });
      const before = [...store.records];
      const found = await required(find(cookie));
      assert.deepEqual([found.id, found.user, found.jwt], [id, 'ann', undefined]);
      assert.deepEqual([...store.records], before);
    });

    it('saves it with what later requests have to find in the record (B232)', async () => {
      const store = new ForeignStore();
      const { site, find } = await start(store);
      const { id, cookie } = await startLegacySession(store, { user: 'ann' });
      const found = await required(find(cookie));
      found.hits = 8;
      assert.equal(await found.save(), true);
      assert.equal(stateOf(store, id).adopted, true);
      assert.equal((await site.visit('/', cookie)).text, '9');
    });

    it('finds the session of a token of 0.2.2 (B237)', async () => {
      const store = new ForeignStore();
      const { find } = await start(store);
      const { id, cookie } = await startSession02(store, { user: 'ben' });
      const found = await required(find(cookie));
      assert.deepEqual([found.id, found.user], [id, 'ben']);
    });

    it('finds the first of several cookies whose session lives (B025)', async () => {
      const store = new ForeignStore();
      const { site, find } = await start(store);
      const [gone, cookie] = [cookieOf(await site.visit('/')), cookieOf(await site.visit('/'))];
      await site.visit('/logout', gone);
      const found = await required(find(`${gone}; ${legacyCookie('unknown')}; ${cookie}`));
      assert.equal(found.id, idOf(cookie.slice('connect.sid='.length)));
    });

    for (const [name, transport, headersOf] of [
      ['bearer', 'bearer', (token: string) => ({ authorization: `Bearer ${token}` })],
      ['a header', { header: 'X-Token' }, (token: string) => ({ 'x-token': token })],
      [
        'a custom one',
        {
          read: ({ url }: { url: string }) => new URL(url, 'http://any').searchParams.get('token'),
          write: () => undefined,
        },
        (token: string) => ({ url: `/chat?token=${token}` }),
      ],
      ['the second of two', ['bearer', 'cookie'], (token: string) => ({ cookie: `connect.sid=${token}` })],
    ] as const) {
      it(`finds it by the transport: ${name}`, async () => {
        const store = new ForeignStore();
        const sessions = session(loose({ keys, store, jwt: { transport } }));
        const token = byHand({ ses: { id: 'carried', gen: 1 } });
        store.records.set(idOfHandle('carried'), recordWith({ user: 'ada' }));
        const request = { headers: {}, ...headersOf(token) };
        const carried = 'url' in request ? request : { headers: headersOf(token) };
        const found = await required(sessions.find(carried));
        assert.equal(found.user, 'ada');
        assert.equal(await sessions.find({ headers: {}, url: '/chat' }), undefined);
      });
    }

    it('asks the keysProvider with the token, and only where there is one', async () => {
      const asked: unknown[] = [];
      const store = new ForeignStore();
      const { sessions, find } = await start(store, {
        keys: undefined,
        keysProvider: (req, token) => {
          asked.push([req.headers.host, token]);
          return Promise.resolve({ keys, tenant: 'a' });
        },
      });
      store.records.set(idOfHandle('a\0handle'), recordWith({ user: 'ada' }));
      const token = byHand({ ses: { id: 'handle', gen: 1 } });
      const found = await sessions.find({ headers: { host: 'a.example', cookie: `connect.sid=${token}` } });
      assert.equal((found as Found).user, 'ada');
      assert.equal(await find('other=1'), undefined);
      assert.deepEqual(asked, [['a.example', token]]);
    });

    it('finds what a token says where there is no store, and its methods say what is missing', async () => {
      const sessions = session({ keys: { public: keys.public }, jwt: { maxTokenAge: '1h' } });
      const cookie = `connect.sid=${byHand({ user: 'ada' })}`;
      const found = await required(sessions.find(withCookie(cookie)));
      assert.equal(found.jwt?.user, 'ada');
      for (const method of ['save', 'reload', 'destroy'] as const) {
        const again = await required(sessions.find(withCookie(cookie)));
        await assert.rejects(again[method](), /^Error: store option: without it/);
      }
      assert.equal(await sessions.find(withCookie(breakSignature(cookie))), undefined);
    });
  });

  describe('what it does not find', () => {
    const store = new ForeignStore();
    const lives = idOfHandle('by hand');

    beforeEach(() => {
      store.records.clear();
      store.calls.length = 0;
      store.records.set(lives, recordWith({ user: 'ada' }));
      store.records.set('old', recordWith({ user: 'eve' }));
    });

    for (const [name, cookie] of [
      ['no cookie', ''],
      ['another cookie', `other=${byHand()}`],
      ['a broken signature', `connect.sid=${breakSignature(byHand())}`],
      ['the key of somebody else', `connect.sid=${byHand({}, otherKeys)}`],
      ['a token that has expired', `connect.sid=${byHand({ exp: seconds() - 1 })}`],
      ['a token that is not good yet', `connect.sid=${byHand({ nbf: seconds() + 86_400 })}`],
      ['a token that is none of a session', `connect.sid=${byHand({ ses: undefined })}`],
      ['a handle that the store does not know', `connect.sid=${byHand({ ses: { id: 'unknown', gen: 1 } })}`],
      ['a generation to come', `connect.sid=${byHand({ ses: { id: 'by hand', gen: 2 } })}`],
      ['the id as the cookie', `connect.sid=${lives}`],
      ['an express-session cookie that is not signed by us', legacyCookie('old', 'other secret')],
      ['an express-session cookie of a session of ours', legacyCookie('old')],
    ] as const) {
      it(`answers undefined, and only reads: ${name} (B020–B023, B221)`, async () => {
        const { find } = await start(store, { saveUninitialized: true, resave: true });
        const before = [...store.records];
        assert.equal(await find(cookie), undefined);
        assert.deepEqual([...store.records], before);
        assert.deepEqual(withoutReads(store), []);
      });
    }

    it('answers undefined for a session that was destroyed, and for one under way to be (B252)', async () => {
      const { site, find } = await start(store);
      const cookie = cookieOf(await site.visit('/'));
      const held = store.hold('destroy');
      const logout = site.visit('/logout', cookie);
      await held.reached;
      assert.equal(await find(cookie), undefined);
      held.release();
      await logout;
      assert.equal(await find(cookie), undefined);
    });

    for (const ago of [0, 60_000]) {
      it(`answers undefined for a planted token whose session somebody has signed in with ${String(ago)} ms ago (B209, B243)`, async () => {
        const { find } = await start(store, { saveUninitialized: true });
        store.records.set(lives, recordWith({ user: 'ada' }, { gen: 2, rotatedAt: Date.now() - ago }));
        assert.equal(await find(`connect.sid=${byHand()}`), undefined);
        assert.deepEqual(withoutReads(store), []);
      });
    }

    it('ends a session whose absoluteTimeout is over, as a request does (B256)', async () => {
      const { find } = await start(store, { absoluteTimeout: 1000 });
      store.records.set(lives, recordWith({}, { created: Date.now() - 1001 }));
      assert.equal(await find(`connect.sid=${byHand()}`), undefined);
      assert.equal(store.records.has(lives), false);
    });

    it("keeps to the cookie's path where the request has a target (B013)", async () => {
      const { sessions } = await start(store, { cookie: { path: '/app' } });
      const headers = { cookie: `connect.sid=${byHand()}` };
      assert.ok(await sessions.find({ headers }));
      assert.ok(await sessions.find({ headers, url: '/app/socket' }));
      assert.equal(await sessions.find({ headers, url: '/socket' }), undefined);
    });
  });

  describe('what it rejects with', () => {
    const cookie = `connect.sid=${byHand()}`;

    it("the store's error (B126)", async () => {
      const store = new ForeignStore();
      const { find } = await start(store);
      store.failures.get = new Error('boom!');
      await assert.rejects(find(cookie), /^Error: boom!$/);
    });

    it('a code while the store is known to be away, where it would have to be asked (B125)', async () => {
      const store = new ForeignStore();
      const { find } = await start(store);
      store.records.set(idOfHandle('by hand'), recordWith({}));
      const found = await required(find(cookie));
      store.emit('disconnect');
      await assert.rejects(find(cookie), { code: 'ERR_SESSION_STORE_DISCONNECTED' });
      await assert.rejects(found.save(), { code: 'ERR_SESSION_STORE_DISCONNECTED' });
      assert.equal(await find(''), undefined);
      store.emit('connect');
      assert.ok(await find(cookie));
    });

    it('what the middleware passes on where there are no keys', async () => {
      await assert.rejects(session().find({ headers: {} }), /^Error: keys option required for sessions$/);
      const { find } = await start(new ForeignStore(), {
        keys: undefined,
        keysProvider: () => Promise.reject(new Error('no keys today')),
      });
      await assert.rejects(find(cookie), /^Error: no keys today$/);
    });

    for (const [name, options] of [
      [
        'transport',
        { jwt: { transport: { read: () => assert.fail('transport!'), write: () => undefined } } },
      ],
      ['cookie', { cookie: () => assert.fail('cookie!') }],
      ['jwtFromReq', { jwtFromReq: () => assert.fail('jwtFromReq!') }],
    ] as const) {
      it(`what a function of the application throws: ${name} (B017, B206)`, async () => {
        const store = new ForeignStore();
        const { sessions } = await start(store, loose(options));
        store.records.set(idOfHandle('by hand'), recordWith({}));
        await assert.rejects(sessions.find({ headers: { cookie }, url: '/' }), new RegExp(`${name}!`));
      });
    }

    it('what jwtFromReq throws for a token without a store', async () => {
      const sessions = session({ keys: { public: keys.public }, jwtFromReq: () => assert.fail('boom!') });
      await assert.rejects(sessions.find(withCookie(cookie)), /boom!/);
    });

    for (const given of [undefined, null, 'cookie', {}, { headers: null }, { headers: 'cookie' }]) {
      it(`a TypeError that says what it takes: ${JSON.stringify(given)}`, async () => {
        const find = session({ keys }).find as (given: unknown) => Promise<unknown>;
        await assert.rejects(
          find(given),
          /^TypeError: find: give it a request, or \{ headers: \{ cookie \} \}$/,
        );
      });
    }

    it('a TypeError for a request of the Fetch API, that says how to give it', async () => {
      const sessions = session({ keys });
      const request = new Request('http://localhost/', { headers: { cookie } });
      await assert.rejects(
        sessions.find(request as never),
        /^TypeError.*Object\.fromEntries\(request\.headers\)/,
      );
      assert.equal(await sessions.find({ headers: Object.fromEntries(request.headers) }), undefined);
    });
  });

  describe('the request that it is given', () => {
    it('stays as it is, though functions of the application see the session on it', async () => {
      const seen: unknown[] = [];
      const store = new ForeignStore();
      const { sessions } = await start(store, {
        cookie: (req) => ({ path: '/', domain: (req as { domain?: string }).domain }),
        jwtFromReq: (req) => {
          seen.push((req.session as unknown as Found).user, (req as { user?: unknown }).user, req.sessionID);
          return null;
        },
      });
      const id = idOfHandle('by hand');
      store.records.set(id, recordWith({ user: 'ada' }));
      const request = Object.freeze({
        headers: Object.freeze({ cookie: `connect.sid=${byHand()}` }),
        url: '/chat?room=1',
        user: 'of Passport',
        session: 'of somebody else',
        sessionID: 'of somebody else',
      });
      const found = (await sessions.find(request)) as Found;
      assert.deepEqual(seen, ['ada', 'of Passport', id]);
      const { req } = found;
      assert.equal(req?.session, found);
      assert.equal(req.url, '/chat?room=1');
    });

    it('may be one of Node, with a session of its own from the middleware (B262)', async () => {
      const store = new ForeignStore();
      const { sessions } = await start(store);
      const server = serverOf(sessions, async (req, res) => {
        const own = req.session;
        const before = Reflect.ownKeys(req);
        const found = (await sessions.find(req)) as Found;
        assert.deepEqual(Reflect.ownKeys(req), before);
        assert.equal(req.session, own);
        assert.notEqual(found, own);
        res.end(found.user);
      });
      store.records.set(idOfHandle('by hand'), recordWith({ user: 'ada' }));
      const site = await open(server);
      assert.equal((await site.visit('/', `connect.sid=${byHand()}`)).text, 'ada');
    });

    it('may have read-only accessors where the session is put in other requests', async () => {
      const store = new ForeignStore();
      const { sessions } = await start(store);
      store.records.set(idOfHandle('by hand'), recordWith({ user: 'ada' }));
      class Odd {
        readonly headers = { cookie: `connect.sid=${byHand()}` };

        get session(): never {
          return assert.fail();
        }
      }
      assert.equal(((await sessions.find(new Odd())) as Found).user, 'ada');
    });
  });

  for (const Store of [ForeignStore, ComparingStore]) {
    describe(`methods of what was found, ${Store === ForeignStore ? 'plain store' : 'comparing store'}`, () => {
      /** Two processes, a cookie of a session without claims, and what the first one has found. */
      async function found(options: session.SessionOptions = {}) {
        const store = new Store();
        const here = await start(store, options);
        const there = await start(twin(store), options);
        const cookie = cookieOf(await there.site.visit('/'));
        store.calls.length = 0;
        const one = await required(here.find(cookie));
        return { store, here, there, cookie, one, id: one.id };
      }

      it('save() stores changes and prolongs the session; finding alone does not (B038, B251)', async () => {
        await withFrozenClock(async ({ tick }) => {
          const { store, there, cookie, one, id } = await found({ cookie: { maxAge: 60_000 } });
          const expires = (): unknown =>
            (JSON.parse(store.records.get(id) ?? '') as { cookie: { expires: unknown } }).cookie.expires;
          const before = expires();
          one.hits = 41;
          assert.equal(expires(), before);
          for (const hits of [41, 51]) {
            tick(10_000);
            one.hits = hits;
            assert.equal(await one.save(), true);
            assert.equal(expires(), new Date(Date.now() + 60_000).toISOString());
          }
          assert.equal((await there.site.visit('/', cookie)).text, '52');
        });
      });

      it('save() writes by compareAndSet where the store has it, and once (B244)', async () => {
        const { store, one } = await found();
        await one.save();
        assert.deepEqual(withoutReads(store), [Store === ForeignStore ? 'set' : 'compareAndSet']);
      });

      it('several calls of save() at once all store, none as a new session (B245)', async () => {
        const { store, one, id } = await found();
        const { created } = stateOf(store, id);
        one.hits = 5;
        assert.deepEqual(await Promise.all([one.save(), one.save(), one.save()]), [true, true, true]);
        assert.equal(stateOf(store, id).created, created);
        assert.equal(withoutReads(store).length, 3);
      });

      it('callbacks hear the same, and the session comes back (B144, B251)', async () => {
        const { one, there, cookie } = await found();
        const saved = await new Promise((resolve) => {
          assert.equal(
            one.save((error, stored) => resolve([error, stored])),
            one,
          );
        });
        assert.deepEqual(saved, [undefined, true]);
        await there.site.visit('/logout', cookie);
        const reloaded = await new Promise<unknown>((resolve) => one.reload(resolve));
        assert.match(String(reloaded), /failed to load session/);
      });

      for (const path of ['/login', '/renew', '/logout', '/regenerate']) {
        it(`after ${path} elsewhere save() says false and reload() fails; nothing is stored (B138, B247, B251)`, async () => {
          const { store, here, there, cookie, one } = await found();
          await there.site.visit(path, cookie);
          const before = [...store.records];
          one.user = 'eve';
          assert.equal(await one.save(), false);
          await assert.rejects(one.reload(), /^Error: failed to load session$/);
          assert.equal(one.user, 'eve');
          assert.deepEqual([...store.records], before);
          assert.deepEqual(withoutReads(store), []);
          assert.equal(await here.find(cookie), undefined);
        });
      }

      it('after a logout in this process likewise (B224)', async () => {
        const { store, here, cookie, one } = await found();
        await here.site.visit('/logout', cookie);
        assert.equal(await one.save(), false);
        await assert.rejects(one.reload(), /failed to load session/);
        assert.equal(store.records.size, 0);
      });

      it('a save() that has read the record before a logout in this process says false (B224)', async () => {
        const { store, here, cookie, one } = await found();
        const answer = holdAnswer(store);
        const saving = one.save();
        await answer.reached;
        await here.site.visit('/logout', cookie);
        answer.release();
        assert.equal(await saving, false);
        assert.equal(store.records.size, 0);
      });

      it('destroy() sees to a logout of this process that is under way (B252)', async () => {
        const { store, here, cookie, one } = await found();
        const held = store.hold('destroy');
        store.failures.destroy = new Error('boom!');
        const logout = here.site.get('/logout', cookie);
        await held.reached;
        delete store.failures.destroy;
        const ending = one.destroy();
        held.release();
        assert.equal((await logout).status, 500);
        await ending;
        assert.equal(store.records.size, 0);
      });

      it('a soft change elsewhere ends nothing (B210)', async () => {
        const { there, cookie, one } = await found({
          jwtFromReq: (req) => ({ sub: 'ada', role: data(req as never).role }),
        });
        await there.site.visit('/role', cookie);
        await one.reload();
        assert.equal(one.role, 'admin');
        assert.equal(await one.save(), true);
      });

      it('reload() brings what others have stored into this very object, and drops what was not saved (B137)', async () => {
        const { there, cookie, one } = await found();
        await there.site.visit('/', cookie);
        one.hits = 100;
        one.other = true;
        await one.reload();
        assert.deepEqual([one.hits, 'other' in one], [2, false]);
        assert.equal(one.req?.session, one);
        one.hits = 10;
        assert.equal(await one.save(), true);
        assert.equal((await there.site.visit('/', cookie)).text, '11');
      });

      it('destroy() ends the session for every process (B252)', async () => {
        const { store, there, cookie, one } = await found();
        await one.destroy();
        assert.equal(one.req?.session, undefined);
        assert.equal(store.records.size, 0);
        assert.equal((await there.site.visit('/', cookie)).text, '1');
        assert.equal(await one.save(), false);
        await assert.rejects(one.reload(), /failed to load session/);
      });

      it('destroy() ends a session whose rotation was less than 5 s ago: it may have been under way (B243)', async () => {
        await withFrozenClock(async ({ tick }) => {
          const { store, there, cookie, one } = await found();
          await there.site.visit('/login', cookie);
          tick(5000);
          await one.destroy();
          assert.equal(store.records.size, 0);
        });
      });

      it('destroy() later ends nothing that its token does not open any more (B243)', async () => {
        await withFrozenClock(async ({ tick }) => {
          const { there, cookie, one } = await found();
          const newer = cookieOf(await there.site.visit('/login', cookie));
          tick(5001);
          await one.destroy();
          assert.equal((await there.site.visit('/', newer)).text, '3');
        });
      });

      it('destroy() is done with a session that is gone, and tells the error of the store; the session is not used any more (B248)', async () => {
        const { store, there, cookie, one } = await found();
        store.failures.destroy = new Error('boom!');
        await assert.rejects(one.destroy(), /boom!/);
        assert.equal(await one.save(), false);
        await assert.rejects(one.reload(), /failed to load session/);
        const other = cookieOf(await there.site.visit('/'));
        const two = await required((await start(twin(store))).find(other));
        await there.site.visit('/logout', other);
        await two.destroy();
        assert.ok(cookie);
      });

      it('a sign-in is not stored, since no response can carry the new token (B214)', async () => {
        const { store, there, cookie, one } = await found();
        one.user = 'ada';
        await assert.rejects(one.save(), undeliverable);
        assert.deepEqual(withoutReads(store), []);
        assert.equal((await there.site.visit('/', cookie)).text, '2');
      });

      it('neither is what jwtFromReq throws at (B214)', async () => {
        const { store, one } = await found({
          jwtFromReq: (req) => {
            if (data(req as never).user) throw new Error('boom!');
            return null;
          },
        });
        one.user = 'ada';
        await assert.rejects(one.save(), ({ code, cause }: Error & { code: string }) => {
          assert.equal((cause as Error).message, 'boom!');
          return code === undeliverable.code;
        });
        assert.deepEqual(withoutReads(store), []);
      });

      it('regenerate() and renewToken() reject, and change nothing (B249)', async () => {
        const { store, one } = await found();
        await assert.rejects(one.regenerate(), undeliverable);
        await assert.rejects(one.renewToken(), undeliverable);
        await assert.rejects(one.renewToken(), /find has no response/);
        assert.deepEqual(store.calls.length, 1);
        assert.equal(await one.save(), true);
      });

      it('a token that expires by its own claim while the socket lives saves nothing more (B023)', async () => {
        const store = new Store();
        const { find } = await start(store);
        await withFrozenClock(async ({ tick }) => {
          store.records.set(idOfHandle('by hand'), recordWith({}));
          const one = await required(find(`connect.sid=${byHand({ exp: seconds() + 60 })}`));
          assert.equal(await one.save(), true);
          tick(61_000);
          assert.equal(await one.save(), false);
        });
      });

      it('a session without a token of ours goes on until somebody signs in with it (B237)', async () => {
        const store = new Store();
        const [here, there] = [await start(store), await start(twin(store))];
        const { cookie } = await startLegacySession(store, { hits: 1 });
        const one = await required(here.find(cookie));
        one.hits = 2;
        assert.equal(await one.save(), true);
        await there.site.visit('/login', cookie);
        assert.equal(await one.save(), false);
      });

      it('an absoluteTimeout begins for it when it is first stored, not when it was found (B256)', async () => {
        const store = new Store();
        const { find } = await start(store, { absoluteTimeout: 60_000 });
        const { id, cookie } = await startLegacySession(
          store,
          {},
          { cookie: { maxAge: 50_000 }, saveUninitialized: true },
        );
        await withFrozenClock(async ({ now, tick }) => {
          const one = await required(find(cookie));
          tick(61_000);
          assert.equal(await one.save(), true);
          const { cookie: stored } = JSON.parse(store.records.get(id) ?? '') as {
            cookie: { expires: string };
          };
          assert.equal(Date.parse(stored.expires), now() + 50_000);
        });
      });

      it('with merge: true two members that were changed at once are both kept (B245)', async () => {
        const { there, cookie, one } = await found({ merge: true, jwtFromReq: undefined });
        await there.site.visit('/role', cookie);
        one.hits = 7;
        assert.equal(await one.save(), true);
        await there.site.visit('/', cookie);
        one.other = 2;
        assert.equal(await one.save(), true);
        await one.reload();
        assert.deepEqual([one.role, one.hits, one.other], ['admin', 8, 2]);
        one.hits = 20;
        await there.site.visit('/', cookie);
        one.other = 1;
        delete one.role;
        assert.equal(await one.save(), true);
        await one.reload();
        assert.deepEqual([one.role, one.hits, one.other], [undefined, 20, 1]);
      });

      it('the method looks for its own session only, whatever else the request carries (B025)', async () => {
        const { store, here, there, cookie } = await found();
        const second = cookieOf(await there.site.visit('/'));
        const one = await required(here.find(`${cookie}; ${second}`));
        await there.site.visit('/logout', cookie);
        store.calls.length = 0;
        assert.equal(await one.save(), false);
        await one.destroy();
        assert.equal((await there.site.visit('/', second)).text, '2');
        assert.deepEqual(withoutReads(store), []);
      });

      it('sends nothing, so that the next request still gets what is due (B260)', async () => {
        const { here, there, one, cookie } = await found({ cookie: { maxAge: 60_000 } });
        one.hits = 3;
        await one.save();
        assert.ok(setCookie(await there.site.visit('/', cookie)));
        assert.ok(await here.find(cookie));
      });
    });
  }

  it('an error that nobody listens to is a warning to the process (B144)', async () => {
    const store = new ForeignStore();
    const { find } = await start(store);
    store.records.set(idOfHandle('by hand'), recordWith({}));
    const one = await required(find(`connect.sid=${byHand()}`));
    for (const [failure, message] of [
      [new Error('boom!'), 'boom!'],
      ['a text', 'a text'],
    ] as const) {
      store.failures.get = failure as Error;
      const warned = once(process, 'warning');
      void one.save();
      const [warning] = (await warned) as [Error];
      assert.equal(warning.message, message);
    }
  });

  it('the own MemoryStore finds and saves as any other store', async () => {
    const sessions = session({ keys });
    const site = await open(serverOf(sessions, routes(handlers)));
    const cookie = cookieOf(await site.visit('/'));
    const one = await required(sessions.find(withCookie(cookie)));
    one.hits = 5;
    assert.equal(await one.save(), true);
    assert.equal((await site.visit('/', cookie)).text, '6');
    await site.visit('/logout', cookie);
    assert.equal(await one.save(), false);
  });

  it('a store without touch whose record has expired is not asked for more (B142)', async () => {
    const store = new ForeignStore();
    Object.defineProperty(store, 'touch', { value: undefined });
    const { find } = await start(store);
    const expired = JSON.parse(recordWith({})) as { cookie: { expires: unknown } };
    expired.cookie.expires = new Date(Date.now() - 1);
    store.records.set(idOfHandle('by hand'), JSON.stringify(expired));
    assert.equal(await find(`connect.sid=${byHand()}`), undefined);
  });

  it('does not keep what the process shares of a session (B227)', async () => {
    const store = new ForeignStore();
    const { find } = await start(store);
    store.records.set(idOfHandle('by hand'), recordWith({ hits: 1 }));
    const one = await required(find(`connect.sid=${byHand()}`));
    const { sessions } = sharedBy(store);
    await one.reload();
    assert.equal(await one.save(), true);
    await collectGarbage();
    assert.equal(sessions.get(one.id), undefined);
  });

  it('a record without a cookie is an error, as in a request (B127)', async () => {
    const store = new ForeignStore();
    const { find } = await start(store);
    store.records.set(idOfHandle('by hand'), JSON.stringify({ hits: 1 }));
    await assert.rejects(find(`connect.sid=${byHand()}`), /Cannot read prop/);
  });
});
