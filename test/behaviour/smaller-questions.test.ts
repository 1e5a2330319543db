// Answers to smaller questions about tokens: ids that stay, the time of the sign-in, and what save says.
import assert from 'node:assert/strict';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { byHand } from '../support/by-hand';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { seconds } from '../support/forge';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacySecret, startLegacySession } from '../support/legacy';
import { idOf, recordWith, sesOf } from '../support/session-tokens';
import type { Handler } from '../support/server';
import {
  answer,
  asStore,
  claimsOfSession,
  closeSites,
  countHits,
  data,
  openSite,
  type Site,
} from '../support/site';
import { ForeignStore } from '../support/stores';

const login =
  (user: string | undefined): Handler =>
  (req, res) => {
    data(req).user = user;
    return countHits(req, res);
  };

const handlers: Record<string, Handler> = {
  '/': countHits,
  '/login': login('ada'),
  '/switch': login('bob'),
  '/sign-out': login(undefined),
  '/id': (req, res) => res.end(`${req.sessionID} ${req.session.id}`),
  '/renew': async (req, res) => {
    await req.session.renewToken();
    res.end();
  },
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    data(req).user = 'ada';
    res.end();
  },
};

describe('the id of a session', () => {
  afterEach(closeSites);

  for (const kind of ['new', 'upgraded'] as const) {
    it(`of a session that was ${kind} is the same from its first request to regenerate (B241)`, async () => {
      await withFrozenClock(async ({ tick }) => {
        const store = new ForeignStore();
        const legacy = await startLegacySession(store, { seen: true });
        const site = await openSite(
          {
            ...{ store: asStore(store), jwtFromReq: claimsOfSession },
            ...{ jwt: { expiresIn: 600 }, secret: legacySecret },
          },
          handlers,
        );
        const first = await site.visit('/', kind === 'upgraded' ? legacy.cookie : undefined);
        const id = idOf(first);
        assert.equal(kind === 'upgraded', id === legacy.id);
        assert.equal(sesOf(first).lid, kind === 'upgraded' ? id : undefined);
        assert.equal(sesOf(first).id === undefined, kind === 'upgraded');
        const generations = [sesOf(first).gen];
        let cookie = cookieOf(first);
        for (const path of ['/login', '/', '/renew', '/', '/sign-out']) {
          tick(path === '/' ? 400_000 : 0);
          const res = await site.visit(path, cookie);
          assert.equal(idOf(res), id, path);
          assert.equal((await site.visit('/id', cookieOf(res))).text, `${id} ${id}`);
          generations.push(sesOf(res).gen);
          cookie = cookieOf(res);
        }
        assert.deepEqual(generations, [1, 2, 2, 3, 3, 4]);
        const regenerated = await site.visit('/regenerate', cookie);
        assert.notEqual(idOf(regenerated), id);
        assert.match(idOf(regenerated), /^[\w-]{32}$/);
        assert.equal(sesOf(regenerated).gen, 1);
      });
    });
  }

  for (const ses of [
    { id: 'x' },
    { id: 'x', gen: 0 },
    { id: 'x', gen: 1.5 },
    { id: 'x', gen: '1' },
    { id: 'x', lid: 'y', gen: 1 },
    { gen: 1 },
    { id: 7, gen: 1 },
    { lid: 7, gen: 1 },
    ['x', 1],
    'x',
    null,
  ]) {
    it(`is in no token whose ses is ${JSON.stringify(ses)}: that opens nothing (B241)`, async () => {
      const store = new ForeignStore();
      const site = await openSite({ store: asStore(store) }, handlers);
      const token = byHand({ ses });
      for (const id of ['x', '7']) {
        store.records.set(idOf(byHand({ ses: { id, gen: 1 } })), recordWith({ hits: 5 }));
        store.records.set(id, recordWith({ hits: 5 }, { adopted: true }));
      }
      assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '1');
      assert.equal(store.count('get'), 0);
    });
  }
});

describe('auth_time', () => {
  afterEach(closeSites);

  it('is in every token of a session that has claims: when they first were there (B256)', async () => {
    await withFrozenClock(async ({ tick, now }) => {
      tick(1000 - (now() % 1000));
      const site = await openSite({ jwtFromReq: claimsOfSession, rolling: true }, handlers);
      const begin = seconds();
      let cookie: string | undefined;
      const timeAfter = async (path: string): Promise<number | undefined> => {
        tick(60_000);
        const res = await site.visit(path, cookie);
        cookie = cookieOf(res);
        const { auth_time: time } = decode(tokenOf(res)).payload;
        return time === undefined ? undefined : (Number(time) - begin) / 60;
      };
      assert.equal(await timeAfter('/'), undefined);
      assert.equal(await timeAfter('/login'), 2);
      assert.equal(await timeAfter('/'), 2);
      assert.equal(await timeAfter('/switch'), 2);
      assert.equal(await timeAfter('/renew'), 5);
      assert.equal(await timeAfter('/regenerate'), 6);
      assert.equal(await timeAfter('/sign-out'), undefined);
      assert.equal(await timeAfter('/login'), 8);
    });
  });

  it('of a new session with claims is that of its first token (B256)', async () => {
    const site = await openSite({ jwtFromReq: claimsOfSession }, handlers);
    const { iat, auth_time: time } = decode(tokenOf(await site.visit('/login'))).payload;
    assert.equal(time, iat);
  });
});

describe('session.tokenOf', () => {
  afterEach(closeSites);

  it('of a new session is the one that it will have, however often it is asked for (B143 B205)', async () => {
    const seen: (string | undefined)[] = [];
    const site = await openSite(
      { jwtFromReq: claimsOfSession },
      {
        '/': (req, res) => {
          data(req).user = 'ada';
          seen.push(session.tokenOf(req), session.tokenOf(req));
          res.end();
        },
      },
    );
    const token = tokenOf(await site.visit('/'));
    assert.deepEqual(seen, [token, token]);
  });

  it('is undefined where none can be made, which is told when the headers are due (B143 B214)', async () => {
    const seen: unknown[] = [];
    const site = await openSite(
      { jwtFromReq: (req) => ({ list: data(req).list }) },
      {
        '/': (req, res) => {
          data(req).list = 'x'.repeat(4096);
          seen.push(session.tokenOf(req), req.session.jwt);
          res.end();
        },
      },
    );
    const res = await site.get('/');
    assert.deepEqual(seen, [undefined, undefined]);
    assert.equal(res.status, 500);
    assert.match(res.text, /^jwtFromReq returned too many claims/);
  });

  it('between a sign-in and its write is the token of the generation that is stored (B265)', async () => {
    const site = await openSite(
      { jwtFromReq: claimsOfSession },
      {
        ...handlers,
        '/tokens': async (req, res) => {
          const tokens = [session.tokenOf(req)];
          data(req).user = 'ada';
          tokens.push(session.tokenOf(req));
          await req.session.save();
          tokens.push(session.tokenOf(req));
          res.end(JSON.stringify(tokens));
        },
      },
    );
    const first = await site.visit('/');
    const res = await site.visit('/tokens', cookieOf(first));
    assert.deepEqual(JSON.parse(res.text), [tokenOf(first), tokenOf(first), tokenOf(res)]);
    assert.equal(sesOf(res).gen, 2);
  });
});

describe('save', () => {
  afterEach(closeSites);

  for (const Store of [ForeignStore, ComparingStore, session.MemoryStore]) {
    it(`says true if it has stored the session, and false if that was destroyed, on ${Store.name} (B251)`, async () => {
      const store = new Store();
      const said: unknown[] = [];
      const site = await openSite(
        { store: asStore(store) },
        {
          ...handlers,
          '/save': async (req, res) => {
            const save = async () => {
              said.push(await req.session.save(), await answer((done) => req.session.save(done)));
            };
            data(req).hits = 5;
            await save();
            await answer((done) => (req.sessionStore as session.Store).destroy(req.sessionID, done));
            await save();
            res.end();
          },
        },
      );
      const first = await site.visit('/');
      await site.visit('/save', cookieOf(first));
      assert.deepEqual(said, [true, [undefined, true], false, [undefined, false]]);
      assert.equal((await site.visit('/', cookieOf(first))).text, '1');
      assert.deepEqual(await lateErrors(site), []);
    });
  }
});

describe('the cookie of a response', () => {
  afterEach(closeSites);

  it('is that of the new session after regenerate that nobody waits for, and a redirect (B254 B265)', async () => {
    for (const Store of [ForeignStore, ComparingStore, session.MemoryStore]) {
      const site = await openSite(
        { store: asStore(new Store()) },
        {
          ...handlers,
          '/redirect': (req, res) => {
            void req.session.regenerate();
            res.statusCode = 302;
            res.setHeader('Location', '/');
            res.end();
          },
        },
      );
      const first = await site.visit('/');
      const res = await site.get('/redirect', cookieOf(first));
      assert.equal(res.status, 302);
      assert.notEqual(idOf(res), idOf(first));
      assert.equal((await site.visit('/', cookieOf(res))).text, '1');
      assert.equal((await site.visit('/', cookieOf(res))).text, '2');
      assert.deepEqual(await lateErrors(site), []);
    }
  });

  /** A request that sends a cookie and writes no data, while reads of the store fail once its own is done. */
  async function lookingInVain(
    saveErrors: 'late' | 'respond',
  ): Promise<{ site: Site; store: ComparingStore; text: string }> {
    const store = new ComparingStore();
    const site = await openSite(
      { store: asStore(store), rolling: true, saveErrors },
      {
        ...handlers,
        '/read': (_, res) => {
          store.failures.get = new Error('boom!');
          res.end('read');
        },
      },
    );
    const first = await site.visit('/');
    const res = await site.get('/read', cookieOf(first));
    delete store.failures.get;
    assert.equal(setCookie(res), undefined);
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    return { site, store, text: res.text };
  }

  it('is not sent where the second look at the record fails, which is a late error (B260 B265)', async () => {
    for (const saveErrors of ['late', 'respond'] as const) {
      const { site, text } = await lookingInVain(saveErrors);
      assert.equal(text, 'read');
      assert.deepEqual(await lateErrors(site), ['boom!']);
    }
  });
});

describe('the guarantee', () => {
  it("is 'everywhere' with compareAndSet, also without touch (B265)", () => {
    const store = new ComparingStore();
    Object.defineProperty(store, 'touch', { value: undefined });
    const middleware = session({ keys, store: asStore(store) });
    assert.equal(middleware.guarantee, 'everywhere');
  });
});
