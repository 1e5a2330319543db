/** The MemoryStore: expiry, callbacks, ids, and what it answers. */
import assert from 'node:assert/strict';
import session from '../../src';
import { byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { contents, cookieFields } from '../support/contents';
import { cookieOf, tokenOf } from '../support/cookies';
import { recordOf } from '../support/forge';
import type { Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { answer, countHits, serve } from '../support/site';

type Stored = session.SessionData & Record<string, unknown>;
/** MemoryStore as a store's caller sees it: `touch` with a callback, every callback optional. */
type Methods = Record<'get' | 'set' | 'touch' | 'destroy' | 'load' | 'all' | 'clear' | 'length', Method>;
type Method = (...args: unknown[]) => unknown;

/** A session as the middleware would hand it to the store. */
function stored(members: Record<string, unknown> = {}, maxAge = 60_000): Stored {
  return { cookie: new session.Cookie({ maxAge }), ...members };
}

describe('MemoryStore', () => {
  let store: session.MemoryStore;
  beforeEach(() => {
    store = new session.MemoryStore();
  });

  const ids = () => [...contents(store).keys()];
  const get = async (id: string) => (await answer((done) => store.get(id, done)))[1] as Stored | undefined;
  const allIds = async () => Object.keys((await answer((done) => store.all(done)))[1] as object);

  describe('expiry', () => {
    const reads = {
      get: (done) => store.get('some-id', done),
      all: (done) => store.all(done),
      length: (done) => store.length(done),
      touch: (done) => store.touch('some-id', stored(), done),
    } satisfies Record<string, (done: Method) => void>;

    for (const [name, read] of Object.entries(reads)) {
      it(`is checked by ${name}, which drops the entry from the very millisecond on (B177)`, () =>
        withFrozenClock(async (clock) => {
          store.set('some-id', stored({ user: 'ann' }, 1_000));
          clock.tick(999);
          if (name !== 'touch') await answer(read);
          assert.deepEqual(ids(), ['some-id']);
          clock.tick(1);
          await answer(read);
          assert.deepEqual(ids(), []);
        }));
    }

    it('shows in the answers: nothing found, nothing listed, nothing counted (B177)', () =>
      withFrozenClock(async (clock) => {
        store.set('short', stored({}, 1_000));
        store.set('long', stored({}, 2_000));
        clock.tick(1_000);
        assert.deepEqual(await answer((done) => store.length(done)), [null, 1]);
        store.set('short', stored({}, 0));
        assert.deepEqual(await allIds(), ['long']);
        store.set('short', stored({}, 0));
        assert.equal(await get('short'), undefined);
      }));

    it('leaves a session without a lifetime alone (B177)', () =>
      withFrozenClock(async (clock) => {
        store.set('some-id', { cookie: new session.Cookie(), user: 'ann' });
        clock.tick(10 * 365 * 86_400_000);
        assert.deepEqual(await allIds(), ['some-id']);
        assert.equal((await get('some-id'))?.user, 'ann');
      }));
  });

  describe('callbacks', () => {
    const invocations: Record<string, [name: keyof Methods, ...args: unknown[]]> = {
      'get of a known id': ['get', 'some-id'],
      'get of an unknown id': ['get', 'other-id'],
      set: ['set', 'some-id', stored()],
      destroy: ['destroy', 'some-id'],
      'touch of a known id': ['touch', 'some-id', stored()],
      'touch of an unknown id': ['touch', 'other-id', stored()],
      all: ['all'],
      clear: ['clear'],
      length: ['length'],
    };

    for (const [title, [name, ...args]] of Object.entries(invocations)) {
      it(`of ${title} come in a later setImmediate turn (B178)`, async () => {
        store.set('some-id', stored());
        const order: string[] = [];
        const called = answer((done) => {
          setImmediate(() => order.push('an immediate set before'));
          (store as unknown as Methods)[name](...args, (...results: unknown[]) => {
            order.push('callback');
            done(...results);
          });
          order.push('returned');
          process.nextTick(() => order.push('tick'));
          void Promise.resolve().then(() => order.push('microtask'));
        });
        await called;
        assert.equal(order[0], 'returned');
        assert.deepEqual(order.slice(1).sort(), ['an immediate set before', 'callback', 'microtask', 'tick']);
        assert.equal(order.at(-1), 'callback');
      });
    }

    const withoutCallback = {
      set: () => store.set('some-id', stored()),
      destroy: () => store.destroy('some-id'),
      touch: () => store.touch('some-id', stored()),
      all: () => (store as unknown as Methods).all(),
      clear: () => store.clear(),
    };
    for (const [name, run] of Object.entries(withoutCallback)) {
      it(`may be left out with ${name} (B178)`, async () => {
        store.set('some-id', stored());
        run();
        const left = name === 'destroy' || name === 'clear' ? 0 : 1;
        assert.deepEqual(await answer((done) => store.length(done)), [null, left]);
      });
    }

    it('are not what set and destroy wait for: both take effect at once (B178)', () => {
      store.set('some-id', stored());
      assert.deepEqual(ids(), ['some-id']);
      store.destroy('some-id');
      assert.deepEqual(ids(), []);
    });
  });

  describe('ids', () => {
    let token: string;
    beforeEach(async () => {
      const site = await serve({}, { '/': countHits });
      token = tokenOf(await site.visit('/'));
    });

    it('that are tokens stand for the id of their session, whichever of the two is given (B179)', async () => {
      store.set(token, stored({ user: 'ann' }));
      assert.deepEqual(ids(), [idOf(token)]);
      for (const id of [token, idOf(token)]) {
        assert.equal((await get(id))?.user, 'ann');
        const [, loaded] = await answer((done) => store.load(id, done));
        assert.equal((loaded as Stored).user, 'ann');
        const maxAge = id === token ? 70_000 : 80_000;
        await answer((done) => store.touch(id, stored({}, maxAge), done));
        assert.equal((await get(token))?.cookie.originalMaxAge, maxAge);
      }
      store.destroy(token);
      assert.deepEqual(ids(), []);
    });

    it('of sessions find what was stored by token, and go by either (B179)', () => {
      store.set(idOf(token), stored({ user: 'ann' }));
      assert.deepEqual(ids(), [idOf(token)]);
      store.set(token, stored({ user: 'bob' }));
      assert.deepEqual(ids(), [idOf(token)]);
      store.destroy(idOf(token));
      assert.deepEqual(ids(), []);
    });

    it('that a token names by "lid" are not read off it: a client could have written that (B179)', async () => {
      const id = 'ZxB-Ru9D3mTqWv5LyP0aKs_7HfJcE2nG';
      const upgraded = byHand({ ses: { lid: id, gen: 1 } });
      store.set(id, stored({ user: 'ann' }));
      assert.equal(await get(upgraded), undefined);
      store.destroy(upgraded);
      assert.deepEqual(ids(), [id]);
    });

    const plainIds = {
      'a short id': 'abc',
      'a legacy id': 'ZxB-Ru9D3mTqWv5LyP0aKs_7HfJcE2nG',
      'a digest': 'a'.repeat(64),
      'an id with two dots': 'user.42.session',
      'an id with blanks': 'an id with blanks',
    };
    for (const [kind, id] of Object.entries(plainIds)) {
      it(`that are no tokens, such as ${kind}, are used as they are (B179)`, async () => {
        store.set(id, stored({ user: 'ann' }));
        assert.deepEqual(ids(), [id]);
        assert.equal((await get(id))?.user, 'ann');
        const [, loaded] = await answer((done) => store.load(id, done));
        assert.equal((loaded as { id: string }).id, id);
        await answer((done) => store.touch(id, stored({}, 70_000), done));
        assert.equal((await get(id))?.cookie.originalMaxAge, 70_000);
        store.destroy(id);
        assert.deepEqual(ids(), []);
      });
    }

    it('such as __proto__ are ordinary keys (B182)', async () => {
      for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        assert.equal(await get(id), undefined, id);
        store.set(id, stored({ user: id }));
        assert.equal((await get(id))?.user, id);
        assert.ok((await allIds()).includes(id));
      }
      assert.equal(({} as { user?: string }).user, undefined);
      assert.deepEqual(await answer((done) => store.length(done)), [null, 4]);
      store.destroy('__proto__');
      assert.equal(await get('__proto__'), undefined);
      assert.deepEqual(await answer((done) => store.length(done)), [null, 3]);
    });
  });

  describe('answers', () => {
    it('of get are a fresh copy each time (B180)', async () => {
      const given = stored({ list: [1] });
      store.set('some-id', given);
      (given.list as number[]).push(2);
      const one = await get('some-id');
      const other = await get('some-id');
      assert.notEqual(one, other);
      assert.deepEqual(one, other);
      (one?.list as number[]).push(3);
      assert.deepEqual((await get('some-id'))?.list, [1]);
    });

    it('of get for a missing id are null and undefined (B180)', async () => {
      assert.deepEqual(await answer((done) => store.get('missing', done)), [null, undefined]);
    });

    it('of all are records by id, without __session, on an object without prototype (B180)', async () => {
      const site = await serve({ store }, { '/': countHits });
      const first = await site.visit('/');
      store.set('plain', stored({ hits: 7 }));
      const [error, all] = await answer((done) => store.all(done));
      assert.equal(error, null);
      assert.equal(Object.getPrototypeOf(all), null);
      const hits = Object.entries(all as Record<string, Stored>).map(([id, { hits }]) => [id, hits]);
      assert.deepEqual(Object.fromEntries(hits), { [idOf(first)]: 1, plain: 7 });
      assert.deepEqual(Object.keys((all as Record<string, object>)[idOf(first)] ?? {}), ['cookie', 'hits']);
      assert.equal(typeof (await get(idOf(first)))?.__session, 'object', 'it is there');
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    });

    it('of get have the cookie that was stored, even where that is no object (B180)', async () => {
      for (const cookie of [null, 'crumbs', 7]) {
        await answer((done) => store.set('some-id', { cookie, user: 'ada' } as never, done));
        assert.deepEqual(await get('some-id'), { cookie, user: 'ada' });
      }
    });

    it('of length are a number (B180)', async () => {
      assert.deepEqual(await answer((done) => store.length(done)), [null, 0]);
      store.set('one', stored());
      store.set('two', stored());
      assert.deepEqual(await answer((done) => store.length(done)), [null, 2]);
      store.clear();
      assert.deepEqual(await answer((done) => store.length(done)), [null, 0]);
    });
  });

  describe('touch', () => {
    it('leaves what the library keeps in the entry as it is (B181 B242)', async () => {
      const site = await serve({ store }, { '/': countHits });
      const id = idOf(await site.visit('/'));
      const before = (await get(id))?.__session;
      await answer((done) => store.touch(id, stored({ __session: { gen: 7 } }), done));
      const after = await get(id);
      assert.deepEqual([after?.__session, after?.cookie.originalMaxAge], [before, 60_000]);
    });

    it("replaces the entry's cookie and never its data (B181)", async () => {
      store.set('some-id', stored({ user: 'ann' }, 60_000));
      const touched = stored({ user: 'bob', admin: true }, 90_000);
      await answer((done) => store.touch('some-id', touched, done));
      const entry = await get('some-id');
      assert.deepEqual(Object.keys(entry ?? {}).sort(), ['cookie', 'user']);
      assert.equal(entry?.user, 'ann');
      assert.deepEqual(entry.cookie, JSON.parse(JSON.stringify(touched.cookie)));
    });

    it('never creates an entry (B181)', async () => {
      await answer((done) => store.touch('some-id', stored({ user: 'ann' }), done));
      assert.deepEqual(ids(), []);
    });
  });

  it('keeps its entries as JSON text in sessions (B182)', () => {
    const entry = stored({ user: 'ann' });
    store.set('some-id', entry);
    const { sessions } = store as unknown as { sessions: Record<string, string> };
    assert.deepEqual(Object.keys(sessions), ['some-id']);
    assert.equal(typeof sessions['some-id'], 'string');
    assert.deepEqual(JSON.parse(sessions['some-id'] ?? ''), JSON.parse(JSON.stringify(entry)));
  });
});

/** Anything, as somebody may put it into a store by hand. */
const written = (members: object): session.SessionData => members as session.SessionData;

describe('A MemoryStore', () => {
  let store: session.MemoryStore & { sessions: Record<string, string> };
  beforeEach(() => {
    store = new session.MemoryStore() as typeof store;
  });

  const get = async (id: string) => (await answer((done) => store.get(id, done)))[1];

  it('keeps what was stored without a cookie, or with null for it, as it is (B179)', async () => {
    store.set('bare', written({ user: 'ann' }));
    store.set('null', written({ cookie: null, user: 'bob' }));
    assert.deepEqual(await get('bare'), { user: 'ann' });
    assert.deepEqual(await get('null'), { cookie: null, user: 'bob' });
  });

  it('gives each of many sessions its own cookie settings back (B180)', async () => {
    const paths = Array.from({ length: 1_100 }, (_, index) => `/tenant-${String(index)}`);
    for (const path of paths) store.set(path, { cookie: new session.Cookie({ path }) });
    const [, all] = (await answer((done) => store.all(done))) as [null, Record<string, object>];
    assert.deepEqual(
      Object.entries(all).map(([id, one]) => [id, cookieFields(one).path]),
      paths.map((path) => [path, path]),
    );
  });

  it('can be written, asked and emptied through its .sessions (B182)', async () => {
    const hour = new Date(Date.now() + 3_600_000).toISOString();
    const text = JSON.stringify({ cookie: { path: '/', expires: hour }, user: 'ann' });
    store.sessions.some = text;
    assert.deepEqual(await get('some'), JSON.parse(text));
    assert.equal(store.sessions.some, text);
    assert.equal('some' in store.sessions, true);
    assert.deepEqual(Object.keys(store.sessions), ['some']);
    Reflect.deleteProperty(store.sessions, 'some');
    assert.equal('some' in store.sessions, false);
    assert.equal(Reflect.deleteProperty(store.sessions, 'some'), true);
    assert.equal(Object.getOwnPropertyDescriptor(store.sessions, 'some'), undefined);
    assert.equal(store.sessions.some, undefined);
    assert.equal(await get('some'), undefined);
  });

  it('drops a session that was written as text and has expired (B177 B182)', async () => {
    store.sessions.some = recordOf({ cookie: { expires: new Date(0).toISOString() } });
    assert.equal(await get('some'), undefined);
    assert.deepEqual(Object.keys(store.sessions), []);
  });

  it('is made by a call without new, too, as Cookie is (B002)', async () => {
    store = (session.MemoryStore as unknown as () => typeof store)();
    assert(store instanceof session.MemoryStore);
    store.set('some', written({ user: 'ann' }));
    assert.deepEqual(await get('some'), { user: 'ann' });
    const makeCookie = session.Cookie as unknown as (options: object) => session.Cookie;
    assert.equal(makeCookie({ path: '/app' }).path, '/app');
  });

  it('answers load with an error for a record that has no cookie (B172 B174)', async () => {
    store.set('bare', written({ user: 'ann' }));
    const [error, loaded] = await answer((done) => store.load('bare', done));
    assert(error instanceof TypeError);
    assert.match(error.message, /Cannot read prop/);
    assert.equal(loaded, undefined);
  });

  it('regenerates the session of a request itself, as req.sessionStore does (B173)', async () => {
    const handler: Handler = async (req, res) => {
      if (req.url === '/start') return countHits(req, res);
      const { sessionID } = req;
      assert.deepEqual(await answer((done) => store.regenerate(req, done)), [undefined]);
      assert.notEqual(req.sessionID, sessionID);
      return countHits(req, res);
    };
    const { get, visit } = await serve({ store }, handler);
    const old = cookieOf(await visit('/start'));
    const res = await get('/', old);
    assert.equal(res.text, '1');
    assert.deepEqual(Object.keys(store.sessions), [idOf(res)]);
    assert.equal((await get('/start', old)).text, '1');
  });
});
