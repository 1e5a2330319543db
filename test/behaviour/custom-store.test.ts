/** The class Store from which authors of stores inherit, and what becomes of the store that was given. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Request } from 'express';
import originalSession from 'express-session';
import session from '../../src';
import { cookieOf, tokenOf } from '../support/cookies';
import { contents, cookieFields, record } from '../support/contents';
import { logOut } from '../support/pages';
import { idOf } from '../support/session-tokens';
import { answer, countHits, data, routes, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';

type Callback = (...args: unknown[]) => void;
type Facade = session.Store & { generate: (req: Request) => void; touch: (...args: unknown[]) => void };

const BaseStore = session.Store as unknown as new () => session.Store;
const boom = new Error('boom!');

/** A store on the base class whose four methods do what a test says. */
class ScriptedStore extends BaseStore {
  readonly steps: string[] = [];
  result: [unknown?, unknown?] = [];

  override get(id: string, callback: Parameters<session.Store['get']>[1]): void {
    this.steps.push(`get ${id}`);
    setImmediate(callback as Callback, ...this.result);
  }

  override set(id: string, _: unknown, callback?: Callback): void {
    this.steps.push(`set ${id}`);
    if (callback) setImmediate(callback, ...this.result);
  }

  override destroy(id: string, callback?: Callback): void {
    this.steps.push(`destroy ${id}`);
    if (callback) setImmediate(callback, ...this.result);
  }

  generate(req: { sessionID: string }): void {
    this.steps.push(`generate for ${req.sessionID}`);
  }
}

function asRequest(stub: object): Request {
  return stub as unknown as Request;
}

function createSession(record: unknown, req: object = { sessionID: 'some-id' }) {
  const store = new BaseStore() as unknown as {
    createSession: (req: object, record: unknown) => session.Session;
  };
  return store.createSession(req, record);
}

describe('Store', () => {
  it('is an event emitter with regenerate, load and createSession, and nothing to keep records (B170)', () => {
    const store = new BaseStore();
    assert.ok(store instanceof EventEmitter);
    assert.ok(store instanceof session.Store);
    for (const name of ['regenerate', 'load', 'createSession'] as const) {
      assert.equal(typeof store[name], 'function', name);
    }
    for (const name of ['get', 'set', 'destroy', 'touch']) assert.equal(name in store, false, name);
    let heard = '';
    store.on('connect', (word: string) => (heard = word));
    store.emit('connect', 'hello');
    assert.equal(heard, 'hello');
  });

  describe('load', () => {
    it('gives a session under the given id whose req is a stub of sessionID and sessionStore (B171)', async () => {
      const store = new session.MemoryStore();
      const site = await serve({ store }, { '/': countHits });
      const token = tokenOf(await site.visit('/'));
      const [, loaded] = await answer((done) => store.load(token, done));
      const { id, req } = loaded as { id: string; req: Record<string, unknown> };
      assert.equal(id, token);
      assert.equal(req.sessionID, token);
      assert.equal(req.sessionStore, store);
      assert.equal('headers' in req, false);
    });

    it("passes the store's error on (B172)", async () => {
      const store = new ScriptedStore();
      store.result = [boom];
      const [error, loaded] = await answer((done) => store.load('some-id', done));
      assert.equal(error, boom);
      assert.equal(loaded, undefined);
    });

    for (const missing of [undefined, null]) {
      it(`calls back without an argument where the store answers ${String(missing)} (B172)`, async () => {
        const store = new ScriptedStore();
        store.result = [null, missing];
        assert.deepEqual(await answer((done) => store.load('some-id', done)), []);
        assert.deepEqual(store.steps, ['get some-id']);
      });
    }
  });

  describe('regenerate', () => {
    it('destroys the old id, then generates, then calls back (B173)', async () => {
      const store = new ScriptedStore();
      const req = asRequest({ sessionID: 'old' });
      const [error] = await answer((done) =>
        store.regenerate(req, (...args: unknown[]) => {
          store.steps.push('callback');
          done(...args);
        }),
      );
      assert.equal(error ?? null, null);
      assert.deepEqual(store.steps, ['destroy old', 'generate for old', 'callback']);
    });

    it('generates and passes the error on where destroying fails (B173)', async () => {
      const store = new ScriptedStore();
      store.result = [boom];
      const [error] = await answer((done) => store.regenerate(asRequest({ sessionID: 'old' }), done));
      assert.equal(error, boom);
      assert.deepEqual(store.steps, ['destroy old', 'generate for old']);
    });

    for (const [kind, create] of [
      ['own MemoryStore', () => new session.MemoryStore()],
      ['foreign store', () => new ForeignStore()],
    ] as const) {
      it(`works through req.sessionStore on the ${kind}, which gets no generate of its own (B173)`, async () => {
        const store = create();
        const site = await serve(
          { store },
          {
            '/': countHits,
            '/regenerate': async (req, res) => {
              assert.equal(typeof (req.sessionStore as Facade).generate, 'function');
              const before = req.session;
              const [error] = await answer((done) => req.sessionStore.regenerate(req, done));
              assert.equal(error ?? null, null);
              assert.notEqual(req.session, before);
              assert.notEqual(req.session.id, before.id);
              data(req).hits = 10;
              res.end(req.session.id);
            },
          },
        );
        const before = Reflect.ownKeys(store);
        const first = await site.visit('/');
        const second = await site.visit('/regenerate', cookieOf(first));
        assert.equal(idOf(second), second.text);
        assert.deepEqual([...contents(store).keys()], [second.text]);
        assert.deepEqual(Reflect.ownKeys(store), before);
        assert.equal('generate' in store, false);
      });
    }
  });

  describe('createSession', () => {
    it('sets and returns req.session, with the data of the record (B174)', () => {
      const req: { sessionID: string; session?: unknown } = { sessionID: 'some-id' };
      const made = createSession({ cookie: { path: '/' }, user: 'ann' }, req);
      assert.ok(made instanceof session.Session);
      assert.equal(req.session, made);
      assert.equal(made.id, 'some-id');
      assert.equal((made as unknown as { user: string }).user, 'ann');
    });

    it('turns the cookie into a Cookie and its expires text into a Date (B174)', () => {
      const expires = new Date(Date.now() + 60_000);
      const made = createSession({
        cookie: { path: '/admin', expires: expires.toISOString(), originalMaxAge: 70_000, httpOnly: false },
      });
      assert.ok(made.cookie instanceof session.Cookie);
      assert.deepEqual(cookieFields(made).expires, expires);
      assert.equal(made.cookie.path, '/admin');
      assert.equal(made.cookie.httpOnly, false);
    });

    it('keeps an expires that is a Date, or null (B174)', () => {
      const expires = new Date(Date.now() + 60_000);
      for (const kept of [expires, null]) {
        const made = createSession({ cookie: { expires: kept, originalMaxAge: 60_000 } });
        assert.deepEqual(cookieFields(made).expires, kept);
      }
    });

    it('keeps originalMaxAge exactly as stored, even when undefined (B174)', () => {
      const expires = new Date(Date.now() + 60_000).toISOString();
      for (const originalMaxAge of [70_000, null, false, undefined]) {
        const { cookie } = createSession({ cookie: { expires, originalMaxAge } });
        assert.equal(cookie.originalMaxAge, originalMaxAge);
      }
      assert.equal(createSession({ cookie: { expires } }).cookie.originalMaxAge, undefined);
    });

    it('refuses a record without a cookie (B174)', () => {
      assert.throws(() => createSession({ user: 'ann' }), { name: 'TypeError', message: /Cannot read prop/ });
    });
  });
});

describe('req.sessionStore', () => {
  /** With a method on private fields, which no proxy or copy could run, and what a store usually adds. */
  class CustomStore extends ForeignStore {
    readonly label = 'custom';
    #pings = 0;

    ping(): number {
      return ++this.#pings;
    }

    all(callback: Callback): void {
      setImmediate(callback, null, Object.fromEntries(this.records));
    }

    length(callback: Callback): void {
      setImmediate(callback, null, this.records.size);
    }

    clear(callback: Callback): void {
      this.records.clear();
      setImmediate(callback);
    }
  }

  it('is there in every request whose session is handled (B175)', async () => {
    const site = await serve(
      { store: new ForeignStore() },
      {
        '/': countHits,
        '/look': (req, res) => res.end(typeof req.sessionStore.get),
      },
    );
    const cookie = cookieOf(await site.visit('/'));
    assert.equal((await site.visit('/look')).text, 'function');
    assert.equal((await site.visit('/look', cookie)).text, 'function');
  });

  for (const [kind, create] of [
    ['own MemoryStore', () => new session.MemoryStore()],
    ['foreign store', () => new ForeignStore()],
  ] as const) {
    it(`of the ${kind} takes ids for get, set, touch and destroy (B175)`, async () => {
      const store = create();
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/look': async (req, res) => {
            const facade = req.sessionStore as Facade;
            const id = req.sessionID;
            const [, found] = await answer((done) => facade.get(req.sessionID, done));
            assert.equal((found as { hits: number }).hits, 1);
            const cookie = new session.Cookie({ maxAge: 60_000 });
            const changed = { cookie, hits: 5 } as unknown as session.SessionData;
            await answer((done) => facade.set(req.sessionID, changed, done));
            assert.equal(record(store, id)?.hits, 5);
            const touched = { cookie: new session.Cookie({ maxAge: 90_000 }), hits: 6 };
            await answer((done) => facade.touch(req.sessionID, touched, done));
            assert.equal(record(store, id)?.hits, 5);
            assert.equal(cookieFields(record(store, id)).originalMaxAge, 90_000);
            await answer((done) => facade.destroy(req.sessionID, done));
            assert.equal(contents(store).size, 0);
            res.end('ok');
          },
        },
      );
      const first = await site.visit('/');
      assert.equal((await site.visit('/look', cookieOf(first))).text, 'ok');
    });

    it(`of the ${kind} takes ids for load, and makes sessions by generate and createSession (B175)`, async () => {
      const store = create();
      const site = await serve(
        { store, cookie: { maxAge: 60_000 } },
        {
          '/': countHits,
          '/look': async (req, res) => {
            const facade = req.sessionStore as Facade;
            const [error, loaded] = await answer((done) => facade.load(req.sessionID, done));
            assert.equal(error ?? null, null);
            assert.ok(loaded instanceof session.Session);
            assert.equal(loaded.id, req.sessionID);
            assert.equal((loaded as unknown as { hits: number }).hits, 1);

            const made = facade.createSession(req, { cookie: new session.Cookie(), hits: 3 } as never);
            assert.equal(req.session, made);
            assert.equal(made.id, req.sessionID);
            assert.equal(data(req).hits, 3);

            const before = req.sessionID;
            facade.generate(req);
            assert.notEqual(req.sessionID, before);
            assert.equal(req.session.id, req.sessionID);
            assert.equal(req.session.cookie.originalMaxAge, 60_000);
            data(req).hits = 10;
            res.end(req.sessionID);
          },
        },
      );
      const first = await site.visit('/');
      const look = await site.visit('/look', cookieOf(first));
      assert.equal(idOf(look), look.text);
      assert.equal(record(store, look.text)?.hits, 10);
    });
  }

  for (const [kind, Base] of [
    ['our base class', session.MemoryStore],
    ["express-session's base class", originalSession.MemoryStore],
  ] as const) {
    it(`makes sessions by the createSession of a store on ${kind}, which sees no __session (B175)`, async () => {
      const seen: string[][] = [];
      class OwnStore extends (Base as new () => session.MemoryStore) {
        override createSession(_: Request, found: session.SessionData): session.Session {
          assert.equal(this, store);
          seen.push(Object.keys(found).sort());
          const { hits } = found as unknown as { hits: number };
          return { ...found, hits: hits + 10 } as never;
        }
      }
      const store: session.MemoryStore = new OwnStore();
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/reload': async (req, res) => {
            data(req).hits = 'lost';
            await req.session.reload();
            showHits(req, res);
          },
          '/look': (req, res) => {
            assert.ok(req.session instanceof session.Session);
            assert.ok(req.session.cookie instanceof session.Cookie);
            assert.equal(req.session.id, req.sessionID);
            showHits(req, res);
          },
        },
      );
      const cookie = cookieOf(await site.visit('/'));
      assert.equal((await site.visit('/look', cookie)).text, '11');
      assert.equal((await site.visit('/reload', cookie)).text, '11');
      assert.deepEqual(
        seen,
        Array.from({ length: 3 }, () => ['cookie', 'hits']),
      );
    });
  }

  it('whose createSession throws is an error before the handler (B031 B175)', async () => {
    const store = new session.MemoryStore();
    const site = await serve({ store }, { '/': countHits });
    const cookie = cookieOf(await site.visit('/'));
    store.createSession = () => {
      throw boom;
    };
    const res = await site.get('/', cookie);
    assert.deepEqual([res.status, res.text], [500, 'boom!']);
    assert.equal((await site.visit('/')).text, '1');
  });

  it('passes the other members of a store through, run on the store itself (B175)', async () => {
    const store = new CustomStore();
    const site = await serve(
      { store },
      {
        '/': countHits,
        '/look': async (req, res) => {
          const facade = req.sessionStore as unknown as CustomStore;
          assert.equal(facade.label, 'custom');
          assert.equal(facade.ping(), 1);
          assert.equal(store.ping(), 2);
          assert.deepEqual(await answer((done) => facade.length(done)), [null, 1]);
          const [, all] = await answer((done) => facade.all(done));
          assert.deepEqual(Object.keys(all as object), [req.sessionID]);
          const heard: string[] = [];
          facade.on('news', (word: string) => heard.push(word));
          store.emit('news', 'one');
          facade.emit('news', 'two');
          assert.deepEqual(heard, ['one', 'two']);
          await answer((done) => facade.clear(done));
          assert.equal(store.records.size, 0);
          res.end('ok');
        },
      },
    );
    const first = await site.visit('/');
    assert.equal((await site.visit('/look', cookieOf(first))).text, 'ok');
  });

  it('passes all, length and clear of the own MemoryStore through (B175)', async () => {
    const store = new session.MemoryStore();
    const site = await serve(
      { store },
      {
        '/': countHits,
        '/look': async (req, res) => {
          const facade = req.sessionStore as unknown as Pick<session.MemoryStore, 'all' | 'clear' | 'length'>;
          assert.deepEqual(await answer((done) => facade.length(done)), [null, 1]);
          const [, all] = await answer((done) => facade.all(done));
          assert.deepEqual(Object.keys(all as object), [req.sessionID]);
          await answer((done) => facade.clear(done));
          assert.equal(contents(store).size, 0);
          res.end('ok');
        },
      },
    );
    const first = await site.visit('/');
    assert.equal((await site.visit('/look', cookieOf(first))).text, 'ok');
  });

  it('emits what the middleware hears as an event of the store (B175)', async () => {
    const site = await serve(
      { store: new ForeignStore() },
      {
        '/': (req, res) => {
          const known = typeof req.session;
          if (known === 'object') req.sessionStore.emit('disconnect');
          res.end(known);
        },
      },
    );
    assert.equal((await site.visit('/')).text, 'object');
    assert.equal((await site.visit('/')).text, 'undefined');
  });
});

describe('A foreign store', () => {
  /** The least that is asked for: `on`, `get`, `set`, `destroy`. */
  const leastStore = () => {
    const records = new Map<string, string>();
    return {
      records,
      on: () => undefined,
      get(id: string, callback: Callback) {
        const text = records.get(id);
        setImmediate(callback, null, text === undefined ? null : JSON.parse(text));
      },
      set(id: string, session: unknown, callback: Callback) {
        records.set(id, JSON.stringify(session));
        setImmediate(callback);
      },
      destroy(id: string, callback: Callback) {
        records.delete(id);
        setImmediate(callback);
      },
    };
  };

  for (const [kind, create] of [
    ['that has no more than on, get, set and destroy', leastStore],
    ['with a touch', () => new ForeignStore()],
    ["that is express-session's MemoryStore", () => new originalSession.MemoryStore()],
  ] as const) {
    it(`${kind} keeps, loads and destroys our sessions (B176)`, async () => {
      const store = create();
      assert.equal(store instanceof session.Store, false);
      const handlers = routes({
        '/': (req, res) => {
          assert.ok(req.session instanceof session.Session);
          assert.ok(req.session.cookie instanceof session.Cookie);
          countHits(req, res);
        },
        '/look': showHits,
        '/logout': logOut,
      });
      const site = await serve({ store, cookie: { maxAge: 60_000 } }, handlers);
      const first = await site.visit('/');
      const cookie = cookieOf(first);
      assert.deepEqual([...contents(store).keys()], [idOf(first)]);
      assert.equal((await site.visit('/look', cookie)).text, '1');
      assert.equal((await site.visit('/', cookie)).text, '2');
      assert.equal((await site.visit('/look', cookie)).text, '2');
      await site.visit('/logout', cookie);
      assert.equal(contents(store).size, 0);
      assert.equal((await site.visit('/', cookie)).text, '1');
      assert.deepEqual(site.lateErrors, []);
    });
  }
});
