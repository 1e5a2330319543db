/** What a logout is answered with is so: no token of the session opens anything any more, whatever was under way. */
import assert from 'node:assert/strict';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { contents } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { legacySecret, startLegacySession } from '../support/legacy';
import { logOut } from '../support/pages';
import { type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import {
  answer,
  asStore,
  countHits,
  data,
  gate,
  type Gate,
  isPending,
  routes,
  serve,
  showHits,
  type Site,
} from '../support/site';
import { ForeignStore } from '../support/stores';

/** A user without `sub`: every change of claims is a rotation. */
const claims = (req: object): object | null => {
  const { session: seen } = req as { session?: Record<string, unknown> };
  return seen?.user === undefined ? null : { user: seen.user, role: seen.role };
};

/** The ways of an application to log somebody out, each with its answer. */
const logouts: Record<string, Handler> = {
  '/destroy': logOut,
  '/destroy-without-await': (req, res) => {
    void req.session.destroy();
    res.end('bye');
  },
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    res.end('bye');
  },
  '/unset': (req, res) => {
    Object.assign(req, { session: null });
    res.end('bye');
  },
  '/store': async (req, res) => {
    await answer((done) => req.sessionStore.destroy(req.sessionID, done));
    Object.assign(req, { session: null });
    res.end('bye');
  },
};

/** Records that handlers have got from `req.sessionStore` before they wait. */
const recordsRead = new WeakMap<object, Promise<unknown>>();

/** What may be under way meanwhile: it has the session, and waits at the gate before it goes on. */
const others: Record<string, Handler> = {
  '/change': (req, res) => {
    data(req).hits = 9;
    res.end();
  },
  '/read': showHits,
  '/promote': (req, res) => {
    data(req).role = 'admin';
    res.end();
  },
  '/save': async (req, res) => {
    data(req).hits = 9;
    res.end(String(await req.session.save()));
  },
  '/renew': async (req, res) => {
    await req.session.renewToken().catch(() => undefined);
    res.end();
  },
  '/reload': async (req, res) => {
    await req.session.reload().catch(() => undefined);
    data(req).hits = 9;
    res.end();
  },
  '/store-set': async (req, res) => {
    const record = await recordsRead.get(req);
    const [error] = await answer((done) =>
      req.sessionStore.set(req.sessionID, record as session.SessionData, done),
    );
    assert.equal((error as { code?: unknown }).code, 'ERR_SESSION_OUTDATED');
    res.end();
  },
};

function pages(slow: Gate): Handler {
  const waiting = Object.entries(others).map(([path, handler]): [string, Handler] => [
    `/slow${path}`,
    async (req, res) => {
      const found = answer((done) => req.sessionStore.get(req.sessionID, done)).then(([, record]) => record);
      recordsRead.set(req, found);
      await found;
      await slow.pass();
      await handler(req, res);
    },
  ]);
  return routes({
    '/': countHits,
    '/sign-in': (req, res) => {
      data(req).user = 'ann';
      countHits(req, res);
    },
    '/look': showHits,
    ...logouts,
    ...others,
    ...Object.fromEntries(waiting),
  });
}

const stores: readonly (readonly [kind: string, create: () => object])[] = [
  ['own MemoryStore', () => new session.MemoryStore()],
  ['foreign store', () => new ForeignStore()],
  ['store with compareAndSet', () => new ComparingStore()],
];

function openOn(store: object, slow: Gate, options: session.SessionOptions = {}): Promise<Site> {
  const common = { store: asStore(store), jwtFromReq: claims, unset: 'destroy', rolling: true } as const;
  return serve({ ...common, ...options }, pages(slow));
}

/** None of these cookies opens the session that has had hits. */
async function assertClosed(site: Site, cookies: (string | undefined)[]): Promise<void> {
  for (const cookie of cookies) {
    if (cookie !== undefined) assert.equal((await site.visit('/look', cookie)).text, 'undefined', cookie);
  }
}

const sentBy = (response: Awaited<ReturnType<Site['get']>>): string | undefined =>
  setCookie(response) === undefined ? undefined : cookieOf(response);

for (const [kind, create] of stores) {
  describe(`A logout, on the ${kind}`, () => {
    for (const path of Object.keys(logouts)) {
      for (const other of Object.keys(others)) {
        it(`by ${path} is final, though ${other} goes on after it (B252)`, async () => {
          const store = create();
          const slow = gate();
          const site = await openOn(store, slow);
          const cookie = cookieOf(await site.visit('/sign-in'));
          const going = site.get(`/slow${other}`, cookie);
          await slow.reached;
          const bye = await site.visit(path, cookie);
          assert.equal(bye.text, 'bye');
          await assertClosed(site, [cookie]);
          slow.open();
          const late = await going;
          // What the late response has sent the browser may be there, but opens nothing.
          await assertClosed(site, [cookie, sentBy(late)]);
          const left = path === '/regenerate' ? [idOf(bye)] : [];
          assert.deepEqual([...contents(store).keys()], left);
        });
      }
    }

    it('ends what was given a token by a rotation before, whichever token it comes with (B252)', async () => {
      const store = create();
      const site = await openOn(store, gate());
      const first = cookieOf(await site.visit('/sign-in'));
      const second = cookieOf(await site.visit('/promote', first));
      await site.visit('/destroy', first);
      await assertClosed(site, [first, second]);
      assert.deepEqual([...contents(store).keys()], []);
    });
  });
}

describe('A logout while the store has something to do', () => {
  for (const [kind, create, write] of [
    ['foreign store', () => new ForeignStore(), 'set'],
    ['store with compareAndSet', () => new ComparingStore(), 'compareAndSet'],
  ] as const) {
    for (const [other, method] of [
      ['/change', write],
      ['/promote', write],
      ['/save', write],
      ['/renew', write],
      ['/read', 'touch'],
    ] as const) {
      it(`is answered after the ${method} of ${other}, and is final, on the ${kind} (B225 B252)`, async () => {
        const store = create();
        const site = await openOn(store, gate());
        const cookie = cookieOf(await site.visit('/sign-in'));
        const held = store.hold(method);
        const going = site.visit(other, cookie);
        await held.reached;
        const bye = site.visit('/destroy', cookie);
        await site.visit('/elsewhere');
        assert.ok(await isPending(bye));
        assert.equal(store.count('destroy'), 0);
        held.release();
        const [late] = await Promise.all([going, bye]);
        await assertClosed(site, [cookie, sentBy(late)]);
        assert.equal(store.records.size, 0);
      });
    }

    it(`keeps a session out that is being read, on the ${kind} (B252)`, async () => {
      const store = create();
      const site = await openOn(store, gate());
      const cookie = cookieOf(await site.visit('/sign-in'));
      const held = store.hold('get');
      const reading = site.visit('/change', cookie);
      await held.reached;
      await site.visit('/destroy', cookie);
      held.release();
      await assertClosed(site, [cookie]);
      const late = sentBy(await reading);
      assert.notEqual(late, cookie);
      assert.equal(store.records.size, late === undefined ? 0 : 1, 'a session of its own at most');
    });
  }

  it('is one of its own though another one is under way, which fails then (B252)', async () => {
    const store = new ForeignStore();
    const site = await openOn(store, gate());
    const cookie = cookieOf(await site.visit('/sign-in'));
    store.failures.destroy = new Error('boom!');
    const held = store.hold('destroy');
    const failing = site.get('/destroy', cookie);
    await held.reached;
    delete store.failures.destroy;
    const bye = site.visit('/destroy', cookie);
    await site.visit('/elsewhere');
    assert.equal((await site.visit('/look', cookie)).text, 'undefined', 'nobody sees it meanwhile');
    held.release();
    assert.equal((await failing).status, 500);
    assert.equal((await bye).text, 'bye');
    assert.equal(store.records.size, 0);
    await assertClosed(site, [cookie]);
  });

  it('ends a session of express-session for its old cookie and for all its tokens, whichever it comes with (B236 B252)', async () => {
    for (const by of ['cookie', 'token'] as const) {
      const store = new ComparingStore();
      const slow = gate();
      const site = await openOn(store, slow, { secret: legacySecret });
      const legacy = await startLegacySession(store, { hits: 4, user: 'ann' });
      const upgraded = cookieOf(await site.visit('/look', legacy.cookie));
      const going = site.visit('/slow/change', legacy.cookie);
      await slow.reached;
      await site.visit('/destroy', by === 'cookie' ? legacy.cookie : upgraded);
      slow.open();
      await assertClosed(site, [legacy.cookie, upgraded, sentBy(await going)]);
      assert.equal(store.records.size, 0);
    }
  });
});
