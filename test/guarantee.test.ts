import assert from 'node:assert/strict';
import session from '../src';
import type { AnyStore, SessionRecord } from '../src/types';
import { cookieOf, digest, setCookie, tokenOf } from './support/cookies';
import { debugLines } from './support/debug-lines';
import { keys } from './support/keys';
import { lateErrors } from './support/late-errors';
import type { Handler } from './support/server';
import {
  answer,
  asStore,
  claimsOfSession,
  closeSites,
  countHits,
  data,
  openSite,
  showHits,
} from './support/site';
import { ForeignStore } from './support/stores';

type Saved = (error?: unknown, saved?: boolean) => void;

/** Another process, as far as the middleware can see: it destroys without this one knowing. */
class SharedStore extends ForeignStore {
  readonly updates: string[] = [];
  failure: Error | undefined;

  update(id: string, record: unknown, callback: Saved): void {
    this.updates.push(id);
    const saved = this.records.has(id);
    if (saved && !this.failure) this.records.set(id, JSON.stringify(record));
    setImmediate(() => {
      if (this.failure) callback(this.failure);
      else callback(null, saved);
    });
  }
}

const pages: Record<string, Handler> = {
  '/': countHits,
  '/look': showHits,
  '/destroyed-elsewhere': (req, res) => {
    elsewhere(req);
    countHits(req, res);
  },
  '/saved-after': async (req, res) => {
    elsewhere(req);
    data(req).hits = 5;
    await req.session.save();
    res.end('saved');
  },
  '/promoted-after': (req, res) => {
    elsewhere(req);
    data(req).role = 'admin';
    res.end();
  },
  '/promoted': (req, res) => {
    data(req).role = 'admin';
    res.end();
  },
  '/logout': async (req, res) => {
    await req.session.destroy();
    res.end();
  },
};

let current: ForeignStore;
function elsewhere(req: { sessionID: string }): void {
  current.records.delete(digest(req.sessionID));
}

function site(store: ForeignStore, options: session.SessionOptions = {}, more = {}) {
  current = store;
  return openSite({ store: asStore(store), jwtFromReq: claimsOfSession, ...options }, { ...pages, ...more });
}

describe('middleware.guarantee', () => {
  const of = (store: object | undefined, guard?: 'check' | 'process') =>
    session({ keys, store: store as session.Store | undefined, guard }).guarantee;

  it('is atomic for the own MemoryStore and for a store with update', () => {
    assert.equal(of(undefined), 'atomic');
    assert.equal(of(new SharedStore()), 'atomic');
    assert.equal(of(new SharedStore(), 'check'), 'atomic');
  });

  it('is process for any other store, and check where the guard option says so', () => {
    assert.equal(of(new ForeignStore()), 'process');
    assert.equal(of(new ForeignStore(), 'process'), 'process');
    assert.equal(of(new ForeignStore(), 'check'), 'check');
  });

  it('is told by a debug line when the middleware is made', async () => {
    assert.deepEqual(await debugLines(() => of(new ForeignStore())), [
      'destroyed sessions stay destroyed: process (within this process)',
    ]);
    assert.deepEqual(await debugLines(() => of(new SharedStore())), [
      "destroyed sessions stay destroyed: atomic (the store's own update)",
    ]);
  });

  it('cannot be chosen by another guard option', () => {
    assert.throws(() => session({ keys, guard: 'atomic' as never }), {
      name: 'TypeError',
      message: 'guard option must be "check" or "process"',
    });
  });
});

describe('A store with update', () => {
  afterEach(closeSites);

  it('is given new sessions by set and loaded ones by update', async () => {
    const store = new SharedStore();
    const shop = await site(store);
    const cookie = cookieOf(await shop.visit('/'));
    assert.deepEqual([store.count('set'), store.updates.length], [1, 0]);
    assert.equal((await shop.visit('/', cookie)).text, '2');
    assert.deepEqual([store.count('set'), store.updates], [1, [...store.records.keys()]]);
    assert.equal((await shop.visit('/look', cookie)).text, '2');
  });

  it('is given a new session by update once it is stored', async () => {
    const store = new SharedStore();
    const saveTwice: Handler = async (req, res) => {
      data(req).hits = 1;
      await req.session.save();
      data(req).hits = 2;
      res.end();
    };
    const shop = await site(store, {}, { '/save-twice': saveTwice });
    const cookie = cookieOf(await shop.visit('/save-twice'));
    assert.deepEqual([store.count('set'), store.updates.length], [1, 1]);
    assert.equal((await shop.visit('/look', cookie)).text, '2');
  });

  for (const path of ['/destroyed-elsewhere', '/saved-after', '/promoted-after']) {
    it(`does not get a session back that another process has destroyed, without an error: ${path}`, async () => {
      const store = new SharedStore();
      const shop = await site(store);
      const cookie = cookieOf(await shop.visit('/'));
      const response = await shop.visit(path, cookie);
      assert.equal(store.records.size, 0);
      assert.deepEqual(await lateErrors(shop), []);
      // A token that opens nothing must not take the place of the client's.
      if (path === '/promoted-after') assert.equal(setCookie(response), undefined);
      assert.equal((await shop.visit('/', cookie)).text, '1');
    });
  }

  it('gets a session under its new token if it is still there under the old one', async () => {
    const store = new SharedStore();
    const shop = await site(store);
    const before = cookieOf(await shop.visit('/'));
    const after = await shop.visit('/promoted', before);
    assert.deepEqual([...store.records.keys()], [digest(tokenOf(after))]);
    assert.equal((await shop.visit('/', cookieOf(after))).text, '2');
  });

  it('that fails is a late error, also before a session moves to its new token', async () => {
    const store = new SharedStore();
    const shop = await site(store);
    const cookie = cookieOf(await shop.visit('/'));
    store.failure = new Error('boom!');
    await shop.visit('/', cookie);
    assert.equal(setCookie(await shop.visit('/promoted', cookie)), undefined);
    assert.deepEqual(await lateErrors(shop), ['boom!', 'boom!']);
    store.failure = undefined;
    store.set = () => {
      throw new Error('thrown');
    };
    await shop.visit('/promoted', cookie);
    assert.deepEqual((await lateErrors(shop)).slice(2), ['thrown']);
    assert.equal((await shop.visit('/look', cookie)).text, '1');
  });

  it('can be called by the application with a token', async () => {
    const store = new SharedStore();
    const update: Handler = async (req, res) => {
      const facade = req.sessionStore as unknown as Required<AnyStore>;
      const record = { cookie: req.session.cookie, hits: 9 } as SessionRecord;
      const answers = [await answer((done) => facade.update(req.sessionID, record, done))];
      elsewhere(req);
      answers.push(await answer((done) => facade.update(req.sessionID, record, done)));
      (facade.update as (...args: unknown[]) => void)(req.sessionID, record);
      (req as { session: unknown }).session = undefined;
      res.end(JSON.stringify(answers));
    };
    const shop = await site(store, {}, { '/update': update });
    const cookie = cookieOf(await shop.visit('/'));
    assert.equal((await shop.visit('/update', cookie)).text, '[[null,true],[null,false]]');
    assert.ok(store.updates.every((id) => /^[0-9a-f]{64}$/.test(id)));
    assert.equal(store.records.size, 0);
  });

  it('is given a session that was loaded outside of its request', async () => {
    const store = new SharedStore();
    const load: Handler = async (req, res) => {
      const token = req.url.split('?')[1] ?? '';
      const [, loaded] = await answer((done) => req.sessionStore.load(token, done));
      current.records.clear();
      await (loaded as session.Session).save();
      res.end();
    };
    const shop = await site(store, {}, { '/load': load });
    const token = tokenOf(await shop.visit('/'));
    await shop.visit(`/load?${token}`);
    assert.deepEqual(store.updates, [digest(token)]);
    assert.equal(store.records.size, 0);
  });

  it('is not offered to the application if the store itself has none', async () => {
    const look: Handler = (req, res) => res.end(typeof (req.sessionStore as Partial<AnyStore>).update);
    const shop = await site(new ForeignStore(), { guard: 'check' }, { '/type': look });
    assert.equal((await shop.visit('/type')).text, 'undefined');
  });
});

describe("guard: 'check'", () => {
  afterEach(closeSites);

  it('looks before a loaded session is stored, not before a new one', async () => {
    const store = new ForeignStore();
    const shop = await site(store, { guard: 'check' });
    const cookie = cookieOf(await shop.visit('/'));
    assert.deepEqual([store.count('get'), store.count('set')], [0, 1]);
    assert.equal((await shop.visit('/', cookie)).text, '2');
    assert.deepEqual([store.count('get'), store.count('set')], [2, 2]);
    await shop.visit('/destroyed-elsewhere', cookie);
    assert.deepEqual([store.count('get'), store.count('set'), store.records.size], [4, 2, 0]);
  });

  it('is what keeps the session destroyed', async () => {
    const store = new ForeignStore();
    const shop = await site(store);
    const cookie = cookieOf(await shop.visit('/'));
    await shop.visit('/destroyed-elsewhere', cookie);
    assert.equal(store.records.size, 1);
  });

  it('takes an error ENOENT for a session that is gone, any other for an error, and hands on that of set', async () => {
    const store = new ForeignStore();
    const fail: Handler = (req, res) => {
      store.failures.get = failure;
      countHits(req, res);
    };
    const failSet: Handler = (req, res) => {
      store.failures.set = new Error('disk full');
      countHits(req, res);
    };
    let failure: Error = Object.assign(new Error('gone'), { code: 'ENOENT' });
    const shop = await site(store, { guard: 'check' }, { '/fail': fail, '/fail-set': failSet });
    const cookies = [cookieOf(await shop.visit('/')), cookieOf(await shop.visit('/'))];
    await shop.visit('/fail', cookies[0]);
    assert.deepEqual(await lateErrors(shop), []);
    store.failures.get = undefined;
    failure = new Error('no connection');
    await shop.visit('/fail', cookies[1]);
    assert.deepEqual(await lateErrors(shop), ['no connection']);
    store.failures.get = undefined;
    await shop.visit('/fail-set', cookies[1]);
    assert.deepEqual((await lateErrors(shop)).slice(1), ['disk full']);
  });
});
