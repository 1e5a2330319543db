/** The store as applications see it: `req.sessionStore` in a request, `sessions.store` outside of one. */
import assert from 'node:assert/strict';
import type { Request } from 'express';
import expressSession from 'express-session';
import { type Response } from 'supertest';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { contents, cookieFields, record } from '../support/contents';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { recordOf } from '../support/forge';
import { keys } from '../support/keys';
import { legacySecret, startLegacySession } from '../support/legacy';
import { logOut } from '../support/pages';
import { type Handler, serverOf } from '../support/server';
import { idOf, stateOf } from '../support/session-tokens';
import {
  answer,
  asStore,
  claimsOfSession,
  countHits,
  data,
  gate,
  type Gate,
  open,
  routes,
  serve,
  showHits,
  turn,
} from '../support/site';
import { ForeignStore, methods } from '../support/stores';

type Callback = (...args: unknown[]) => void;
type Data = Record<string, unknown>;
/** What the types of express-session say less of. */
type Seen = Record<'get' | 'destroy' | 'load', (id: string, callback?: Callback) => void> &
  Record<'set' | 'touch', (id: string, data: unknown, callback?: Callback) => void> &
  Record<'all' | 'length' | 'clear', (callback: Callback) => void>;

/** A store that can list its records, in one of the ways of stores from npm. */
class ListingStore extends ComparingStore {
  constructor(private readonly form: 'object' | 'array' = 'object') {
    super();
  }

  all(callback: Callback): void {
    if (this.failures.get) {
      setImmediate(callback, this.failures.get);
      return;
    }
    const entries = [...this.records].map(([id, text]) => [id, JSON.parse(text) as Data] as const);
    const list = this.form === 'object' ? Object.fromEntries(entries) : entries.map(([, one]) => one);
    setImmediate(callback, null, list);
  }

  length(callback: Callback): void {
    setImmediate(callback, null, this.records.size);
  }
}

/** Where a slow handler waits. */
let slow: Gate;

const pages: Record<string, Handler> = {
  '/': countHits,
  '/look': showHits,
  '/login': (req, res) => {
    data(req).user = 'ann';
    res.end();
  },
  '/user': (req, res) => {
    res.end(String(data(req).user));
  },
  '/slow': async (req, res) => {
    await slow.pass();
    countHits(req, res);
  },
  '/logout': logOut,
};

/** A site, and the store as both its handlers and other code see it. */
async function setUp<Store extends object>(store: Store, options: session.SessionOptions = {}) {
  const middleware = session({ keys, store: asStore(store), jwtFromReq: claimsOfSession, ...options });
  const inRequest = { store: undefined as unknown };
  const handler = routes(pages);
  const site = await open(
    serverOf(middleware, (req, res) => {
      inRequest.store = req.sessionStore;
      return handler(req, res);
    }),
  );
  const first = await site.visit('/');
  const seen = middleware.store as unknown as Seen;
  // Two objects: what a request may see depends on the generation that it has.
  assert.equal(typeof (inRequest.store as Seen).get, 'function');
  return { store, site, seen, first, cookie: cookieOf(first), id: idOf(first) };
}

const get = async (seen: Seen, id: string): Promise<Data> =>
  (await answer((done) => seen.get(id, done)))[1] as Data;
const set = async (seen: Seen, id: string, given: unknown): Promise<unknown> =>
  (await answer((done) => seen.set(id, given, done)))[0] ?? undefined;

const OUTDATED = 'ERR_SESSION_OUTDATED';
const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;

const stores: readonly (readonly [kind: string, create: () => object])[] = [
  ['own MemoryStore', () => new session.MemoryStore()],
  ['foreign store', () => new ForeignStore()],
  ['store with compareAndSet', () => new ComparingStore()],
];

describe('The store as applications see it (B270)', () => {
  for (const [kind, create] of stores) {
    describe(`on the ${kind}`, () => {
      it('shows a record without __session (B175)', async () => {
        const { store, seen, id } = await setUp(create());
        assert.deepEqual(Object.keys(await get(seen, id)).sort(), ['cookie', 'hits']);
        assert.equal(typeof record(store, id)?.__session, 'object', 'it is there');
      });

      it('stores a record that it gave, whose state stays (B175)', async () => {
        const { store, seen, site, id, cookie } = await setUp(create());
        const before = record(store, id)?.__session;
        const found = await get(seen, id);
        found.hits = 7;
        assert.equal(await set(seen, id, found), undefined);
        assert.equal(await set(seen, id, found), undefined, 'a second time');
        assert.deepEqual([record(store, id)?.hits, record(store, id)?.__session], [7, before]);
        assert.equal((await site.visit('/', cookie)).text, '8');
      });

      it('stores a record that it gave after another request has changed the data: the later one wins (B175)', async () => {
        const { store, seen, site, id, cookie } = await setUp(create());
        const found = await get(seen, id);
        await site.visit('/', cookie);
        found.hits = 7;
        assert.equal(await set(seen, id, found), undefined);
        assert.equal(record(store, id)?.hits, 7);
      });

      it('stores no record that it gave once somebody has signed in since: an error with a code (B175)', async () => {
        const { store, seen, site, id, cookie } = await setUp(create());
        const found = await get(seen, id);
        const login = await site.visit('/login', cookie);
        found.hits = 7;
        assert.equal(codeOf(await set(seen, id, found)), OUTDATED);
        assert.deepEqual([record(store, id)?.hits, record(store, id)?.user], [1, 'ann']);
        assert.equal((await site.visit('/look', cookieOf(login))).text, '1');
      });

      it('stores no record that it gave once its session is over: an error with a code (B175)', async () => {
        const { store, seen, site, id, cookie } = await setUp(create());
        const found = await get(seen, id);
        await site.visit('/logout', cookie);
        assert.equal(codeOf(await set(seen, id, found)), OUTDATED);
        assert.equal(contents(store).size, 0);
      });

      it('stores anything else in the place of what is there, whose state it keeps (B175)', async () => {
        const { store, seen, site, id, cookie } = await setUp(create());
        const login = await site.visit('/login', cookie);
        const before = record(store, id)?.__session;
        const mine = {
          cookie: new session.Cookie({ maxAge: 60_000 }),
          hits: 40,
          user: 'ann',
          __session: 'mine',
        };
        assert.equal(await set(seen, id, mine), undefined);
        assert.deepEqual([record(store, id)?.hits, record(store, id)?.__session], [40, before]);
        assert.equal(mine.__session, 'mine', 'what is given is not touched');
        assert.equal((await site.visit('/', cookieOf(login))).text, '41');
      });

      it('stores what has a new id as it is: no token opens that (B175)', async () => {
        const { store, seen } = await setUp(create());
        const made = { cookie: { path: '/app' }, note: 1, __session: { gen: 1, tag: 'forged', created: 1 } };
        assert.equal(await set(seen, 'some id', made), undefined);
        const { cookie, ...rest } = record(store, 'some id') ?? {};
        assert.deepEqual(rest, { note: 1 });
        assert.equal((cookie as { path: string }).path, '/app');
        assert.equal(await set(seen, 'bare id', { note: 2 }), undefined);
        assert.deepEqual(record(store, 'bare id'), { note: 2 });
      });

      it('touches the cookie alone, and nothing that is not there (B175 B181)', async () => {
        const { store, seen, id } = await setUp(create());
        const before = record(store, id);
        const cookie = new session.Cookie({ maxAge: 90_000 });
        for (const one of [id, 'some id']) {
          const [error] = await answer((done) => seen.touch(one, { cookie, hits: 7 }, done));
          assert.equal(error ?? undefined, undefined);
        }
        const after = record(store, id);
        assert.deepEqual([after?.hits, after?.__session], [1, before?.__session]);
        assert.equal((after?.cookie as { originalMaxAge: number }).originalMaxAge, 90_000);
        assert.equal(contents(store).size, 1);
      });

      it('ends a session by its id, of which no token opens anything then (B179 B227)', async () => {
        const { store, seen, site, id, cookie } = await setUp(create());
        const [error] = await answer((done) => seen.destroy(id, done));
        assert.equal(error ?? undefined, undefined);
        assert.equal(contents(store).size, 0);
        const again = await site.visit('/', cookie);
        assert.equal(again.text, '1');
        assert.notEqual(idOf(again), id);
      });

      it('signs the other devices of a user out by ids that are kept in a table (B175 B179)', async () => {
        const { store, seen, site } = await setUp(create());
        const devices = await Promise.all(['/login', '/login', '/login'].map((page) => site.visit(page)));
        const [mine, ...others] = devices.map(idOf) as [string, ...string[]];
        slow = gate();
        const underWay = site.visit('/slow', cookieOf(devices[1] ?? assert.fail()));
        await slow.reached;
        for (const id of others) await answer((done) => seen.destroy(id, done));
        slow.open();
        await underWay;
        for (const id of others) assert.equal(record(store, id), undefined);
        const look = async (device: Response) => (await site.visit('/user', cookieOf(device))).text;
        assert.deepEqual(await Promise.all(devices.map(look)), ['ann', 'undefined', 'undefined']);
        assert.equal(record(store, mine)?.user, 'ann');
      });

      it('is what a raw set of an old copy is no match for: that signs the user out, and the old token back in (B175)', async () => {
        const { store, site, id, cookie } = await setUp(create());
        const raw = asStore(store) as unknown as Seen;
        const found = await get(raw, id);
        const login = await site.visit('/login', cookie);
        assert.equal(await set(raw, id, found), undefined);
        assert.equal((await site.visit('/look', cookieOf(login))).text, 'undefined');
        assert.equal((await site.visit('/look', cookie)).text, '1');
      });

      it("ends a session by the id on the application's own store, too (B179)", async () => {
        const { store, site, id, cookie } = await setUp(create());
        await answer((done) => asStore(store).destroy(id, done));
        assert.equal((await site.visit('/', cookie)).text, '1');
      });

      it('loads a session, whose save keeps the state of the record (B171)', async () => {
        const { store, seen, site, id, cookie } = await setUp(create());
        const login = await site.visit('/login', cookie);
        const before = record(store, id)?.__session;
        const [, loaded] = await answer((done) => seen.load(id, done));
        assert.ok(loaded instanceof session.Session);
        assert.equal(loaded.id, id);
        assert.deepEqual(Object.keys(loaded).sort(), ['cookie', 'hits', 'user']);
        Object.assign(loaded, { hits: 40 });
        assert.equal(await loaded.save(), true);
        assert.deepEqual([record(store, id)?.hits, record(store, id)?.__session], [40, before]);
        assert.equal((await site.visit('/', cookieOf(login))).text, '41');
      });
    });
  }

  it("loads a session from the application's own MemoryStore, by id or token, whose save keeps the state (B171 B179)", async () => {
    const store = new session.MemoryStore();
    const { site, id, first, cookie } = await setUp(store);
    for (const [by, hits] of [
      [id, 10],
      [tokenOf(first), 20],
    ] as const) {
      const before = record(store, id)?.__session;
      const [, loaded] = await answer((done) => store.load(by, done));
      assert.ok(loaded instanceof session.Session);
      assert.equal('__session' in loaded, false);
      Object.assign(loaded, { hits });
      await loaded.save();
      assert.deepEqual([record(store, id)?.hits, record(store, id)?.__session], [hits, before]);
    }
    assert.equal((await site.visit('/', cookie)).text, '21');
  });

  it('on any base class is the store of stubs, whose reload and destroy work (B171)', async () => {
    const { store, seen, id } = await setUp(new ForeignStore());
    const [, loaded] = await answer((done) => seen.load(id, done));
    const own = loaded as session.Session & { req: { session: Data; sessionID: string } };
    assert.equal(own.req.sessionID, id);
    await own.reload();
    assert.equal(own.req.session.hits, 1);
    await own.destroy();
    assert.equal(store.records.size, 0);
  });

  for (const form of ['object', 'array'] as const) {
    it(`lists records without __session, as ${form} (B175)`, async () => {
      const { seen, id } = await setUp(new ListingStore(form));
      const [error, all] = await answer((done) => seen.all(done));
      assert.equal(error ?? undefined, undefined);
      const [one] = Object.values(all as object) as Data[];
      assert.deepEqual(Object.keys(one ?? {}).sort(), ['cookie', 'hits']);
      if (form === 'object') assert.deepEqual(Object.keys(all as object), [id]);
      assert.deepEqual(await answer((done) => seen.length(done)), [null, 1]);
    });
  }

  for (const [kind, create] of [
    ['own MemoryStore', () => new session.MemoryStore()],
    ["foreign store, express-session's", () => new expressSession.MemoryStore()],
    ['store with compareAndSet', () => new ListingStore()],
    ['store with compareAndSet whose list is an array', () => new ListingStore('array')],
  ] as const) {
    it(`lets a script go through all records of the ${kind}: what is outdated by then is not stored (B175)`, async () => {
      const { store, seen, site, id, cookie } = await setUp(create());
      const [anonymous, leaving, legacy] = [await site.visit('/'), await site.visit('/'), 'an old id'];
      await answer((done) => asStore(store).set(legacy, { cookie: {}, hits: 1 } as never, done));
      const [, all] = await answer((done) => seen.all(done));
      const ids = Array.isArray(all)
        ? [id, idOf(anonymous), idOf(leaving), legacy]
        : [...contents(store).keys()];
      const records = Object.values(all as object) as Data[];
      assert.equal(records.length, 4);
      const login = await site.visit('/login', cookie);
      await site.visit('/logout', cookieOf(leaving));
      await answer((done) => asStore(store).destroy(legacy, done));
      const told = new Map<unknown, unknown>();
      for (const [index, one] of records.entries()) {
        one.banner = 'new';
        told.set(ids[index], codeOf(await set(seen, ids[index] ?? assert.fail(), one)));
      }
      assert.deepEqual(
        [id, idOf(anonymous), idOf(leaving), legacy].map((one) => told.get(one)),
        [OUTDATED, undefined, OUTDATED, OUTDATED],
      );
      assert.deepEqual([record(store, id)?.banner, record(store, id)?.user], [undefined, 'ann']);
      assert.equal(record(store, idOf(anonymous))?.banner, 'new');
      assert.equal(contents(store).size, 2);
      assert.equal((await site.visit('/user', cookieOf(login))).text, 'ann');
      assert.equal((await site.visit('/look', cookieOf(anonymous))).text, '1');
    });
  }

  it('lets a job that cleans up count, choose and destroy sessions, and clear all (B175)', async () => {
    const { store, seen, site, id, cookie } = await setUp(new session.MemoryStore());
    const other = await site.visit('/login');
    assert.deepEqual(await answer((done) => seen.length(done)), [null, 2]);
    const [, all] = (await answer((done) => seen.all(done))) as [unknown, Record<string, Data>];
    for (const [one, { user }] of Object.entries(all)) {
      if (user === undefined) await answer((done) => seen.destroy(one, done));
    }
    assert.deepEqual([...contents(store).keys()], [idOf(other)]);
    assert.notEqual(idOf(await site.visit('/', cookie)), id);
    await answer((done) => seen.clear(done));
    assert.deepEqual(await answer((done) => seen.length(done)), [null, 0]);
    assert.equal((await site.visit('/user', cookieOf(other))).text, 'undefined');
  });

  it("passes on the list's error, and has no list where the store has none (B175)", async () => {
    const { store, seen } = await setUp(new ListingStore());
    store.failures.get = new Error('boom!');
    assert.equal((await answer((done) => seen.all(done)))[0], store.failures.get);
    assert.equal((await setUp(new ForeignStore())).seen.all, undefined);
  });

  it('stores a record of express-session that it gave, which stays one that any cookie of its own opens (B175 B232)', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 4 });
    const { seen, site } = await setUp(store, { secret: legacySecret });
    const found = await get(seen, legacy.id);
    found.hits = 7;
    assert.equal(await set(seen, legacy.id, found), undefined);
    assert.equal(store.records.get(legacy.id)?.includes('__session'), false);
    assert.equal((await site.visit('/look', legacy.cookie)).text, '7');
  });

  it('saves the session of a request that is given as it is, as its save does (B175 B228)', async () => {
    const store = new ComparingStore();
    const middleware = session({ keys, store: asStore(store), jwtFromReq: claimsOfSession });
    const told: unknown[] = [];
    const site = await open(
      serverOf(middleware, async (req, res) => {
        data(req).user = req.url;
        told.push(await set(req.sessionStore as unknown as Seen, req.sessionID, req.session));
        res.end();
      }),
    );
    const first = await site.visit('/ann');
    assert.equal(record(store, idOf(first))?.user, '/ann');
    const second = await site.visit('/bob', cookieOf(first));
    assert.deepEqual([stateOf(store, idOf(first)).gen, idOf(second)], [2, idOf(first)]);
    assert.deepEqual(told, [undefined, undefined]);
    assert.equal(store.count('set') + store.count('compareAndSet'), 2, 'nothing more at the end');
    assert.ok(setCookie(second));
  });

  it('tells every error to its caller, thrown or not, and calls nobody twice (B131 B175 B248)', async () => {
    const { store, seen, id } = await setUp(new ListingStore());
    const boom = new Error('boom!');
    const cookie = new session.Cookie();
    const bigint = { cookie, hits: 1n };
    const calls: [
      string,
      (done: Callback) => void,
      spoil?: 'get' | 'set' | 'compareAndSet' | 'touch' | 'destroy',
    ][] = [
      ['get', (done) => seen.get(id, done), 'get'],
      ['load', (done) => seen.load(id, done), 'get'],
      ['set', (done) => seen.set(id, { cookie }, done), 'get'],
      ['set', (done) => seen.set(id, { cookie }, done), 'compareAndSet'],
      ['set of a new id', (done) => seen.set('some id', { cookie }, done), 'set'],
      ['touch', (done) => seen.touch(id, { cookie }, done), 'get'],
      ['touch', (done) => seen.touch(id, { cookie }, done), 'touch'],
      ['set of what JSON cannot express', (done) => seen.set(id, bigint, done)],
      ['set of a cookie that is none', (done) => seen.set(id, { cookie: 'crumbs' }, done)],
      ['set of a new id with a cookie that is none', (done) => seen.set('id', { cookie: 'crumbs' }, done)],
      ['touch with a cookie that is none', (done) => seen.touch(id, { cookie: 'crumbs' }, done)],
      ['destroy', (done) => seen.destroy(id, done), 'destroy'],
    ];
    for (const [name, call, spoil] of calls) {
      for (const way of spoil ? (['told', 'thrown'] as const) : (['told'] as const)) {
        if (spoil && way === 'told') store.failures[spoil] = boom;
        if (spoil && way === 'thrown') {
          Object.assign(store, {
            [spoil]: () => {
              throw boom;
            },
          });
        }
        const heard: unknown[] = [];
        await new Promise<void>((resolve) =>
          call((error) => {
            heard.push(error);
            setImmediate(() => setImmediate(resolve));
          }),
        );
        assert.equal(heard.length, 1, `${name} ${way}`);
        if (spoil) assert.equal(heard[0], boom, `${name} ${way}`);
        else assert.ok(heard[0] instanceof TypeError, `${name}: ${String(heard[0])}`);
        if (spoil) Reflect.deleteProperty(store.failures, spoil);
        if (spoil && way === 'thrown') Reflect.deleteProperty(store, spoil);
      }
    }
    assert.deepEqual([...store.records.keys(), record(store, id)?.hits], [id, 1], 'nothing was stored');
  });
});

/** Anything, as somebody may put it into a store by hand. */
const written = (members: object): session.SessionData => members as session.SessionData;

describe('req.sessionStore', () => {
  it('needs no callbacks, the store gets one all the same (B131 B175)', async () => {
    const inner = new ForeignStore();
    const steps: Record<string, (store: Request['sessionStore']) => void> = {
      '/set': (store) => store.set('some', written({ cookie: new session.Cookie(), user: 'ann' })),
      '/touch': (store) =>
        store.touch?.('some', written({ cookie: new session.Cookie({ path: '/new' }), user: 'bob' })),
      '/destroy': (store) => store.destroy('other'),
    };
    const { visit } = await serve({ store: inner }, async (req, res) => {
      steps[req.url]?.(req.sessionStore);
      for (let turns = 0; turns < 4; turns++) await turn();
      res.end();
    });
    inner.records.set('other', recordOf({}));
    for (const path of Object.keys(steps)) await visit(path);
    assert.deepEqual(methods(inner), ['get', 'set', 'get', 'touch', 'destroy']);
    assert.deepEqual([...inner.records.keys()], ['some']);
    assert.equal(record(inner, 'some')?.user, 'ann');
    assert.equal(cookieFields(record(inner, 'some')).path, '/new');
  });

  it('tells which members there are, the own ones among them (B175)', async () => {
    const inner = Object.assign(new ForeignStore(), { label: 'own' });
    const { get } = await serve({ store: inner }, (req, res) => {
      const names = ['get', 'load', 'generate', 'label', 'records', 'missing'];
      res.end(names.filter((name) => name in req.sessionStore).join(' '));
    });
    assert.equal((await get('/')).text, 'get load generate label records');
  });

  it('takes members of the application on to the store itself (B175)', async () => {
    const labelled = Object.assign(new ForeignStore(), { label: 'old' });
    const { get } = await serve({ store: labelled }, (req, res) => {
      const seen = req.sessionStore as unknown as typeof labelled;
      seen.label = 'new';
      res.end(seen.label);
    });
    assert.equal((await get('/')).text, 'new');
    assert.equal(labelled.label, 'new');
  });
});
