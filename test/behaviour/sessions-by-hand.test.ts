/** Sessions that no request has got from the middleware: of `store.load`, and of `new Session`. */
import assert from 'node:assert/strict';
import util from 'node:util';
import type { Request } from 'express';
import session from '../../src';
import { record } from '../support/contents';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { loose } from '../support/loose';
import { type Handler, serverOf } from '../support/server';
import { idOf, recordWith } from '../support/session-tokens';
import { answer, asStore, countHits, data, open, routes, serve, showHits, turn } from '../support/site';
import { ForeignStore } from '../support/stores';

type Loaded = session.Session & { hits?: number; req: { session: session.Session & { hits?: number } } };
type Callback = (...args: unknown[]) => void;
type Seen = Record<'load', (id: string, callback: Callback) => void> &
  Record<'set', (id: string, data: unknown, callback: Callback) => void>;

/** As the types of express-session hide it. */
const Session = session.Session as unknown as new (req: object, data?: object) => session.Session;

const boom = new Error('boom!');

/** A site with one session, which has one hit, and the store as code outside of requests has it. */
async function setUp(handlers: Record<string, Handler> = {}, options: session.SessionOptions = {}) {
  const store = new ForeignStore();
  const middleware = session({ keys, store: asStore(store), ...options });
  const site = await open(serverOf(middleware, routes({ '/': countHits, '/look': showHits, ...handlers })));
  const first = await site.visit('/');
  const seen = middleware.store as unknown as Seen;
  const load = async (): Promise<Loaded> => {
    const [error, loaded] = await answer((done) => seen.load(idOf(first), done));
    assert.equal(error, null);
    return loaded as Loaded;
  };
  return { store, site, seen, load, cookie: cookieOf(first), id: idOf(first) };
}

describe('A session that was loaded outside of its request', () => {
  it('has no token, and renewToken says why (B171 B249)', async () => {
    const { load, store, id } = await setUp();
    const before = store.records.get(id);
    const loaded = await load();
    assert.equal(loaded.jwt, undefined);
    await assert.rejects(loaded.renewToken(), /outside of a request has no token/);
    const [error] = await answer((done) => loaded.renewToken(done));
    assert.match(String(error), /outside of a request has no token/);
    assert.equal(store.records.get(id), before);
  });

  it('is replaced by what the store has on reload, and stays on an error of it (B137 B138 B171)', async () => {
    const { load, store, id } = await setUp();
    const loaded = await load();
    const failures: [spoil: () => void, message: RegExp][] = [
      [() => (store.failures.get = boom), /^boom!$/],
      [() => (delete store.failures.get, store.records.set(id, '{"hits":2}')), /Cannot read prop/],
      [() => store.records.delete(id), /^failed to load session$/],
    ];
    for (const [spoil, message] of failures) {
      spoil();
      await assert.rejects(loaded.reload(), { message });
      const [error] = await answer((done) => loaded.reload(done));
      assert.match((error as Error).message, message);
      assert.equal(loaded.req.session, loaded);
    }
    store.records.set(id, recordWith({ hits: 7 }));
    assert.deepEqual(await answer((done) => loaded.reload(done)), []);
    assert.notEqual(loaded.req.session, loaded);
    assert.deepEqual([loaded.req.session.hits, loaded.req.session.id], [7, id]);
  });

  it("tells the store's error to whoever saves it, and to nobody else where nobody listens (B144 B171)", async () => {
    const { load, store, site } = await setUp();
    const loaded = await load();
    const unhandled: unknown[] = [];
    const listen = (error: unknown): unknown => unhandled.push(error);
    process.on('unhandledRejection', listen);
    store.failures.set = boom;
    await assert.rejects(loaded.save(), boom);
    assert.deepEqual(await answer((done) => loaded.save(done)), [boom]);
    void loaded.save();
    for (let turns = 0; turns < 6; turns++) await turn();
    process.off('unhandledRejection', listen);
    assert.deepEqual([unhandled, await lateErrors(site)], [[], []]);
    assert.equal(store.count('set'), 4, 'the first one is that of the request');
  });

  it('cannot be regenerated, but it has ended then (B171 B173)', async () => {
    const { load, store } = await setUp();
    const loaded = await load();
    await assert.rejects(loaded.regenerate(), /did not come through the session middleware/);
    assert.equal(store.records.size, 0);

    const own = new session.MemoryStore();
    const site = await open(serverOf(session({ keys, store: own }), countHits));
    const first = await site.visit('/');
    const [, other] = await answer((done) => own.load(tokenOf(first), done));
    const [error] = await answer((done) => (other as Loaded).regenerate(done));
    assert.ok(error instanceof TypeError);
    assert.equal((await site.visit('/', cookieOf(first))).text, '1', 'it is gone');
  });

  it('cannot take the place of the session of another request: no token can name it (B045 B171)', async () => {
    const { site, store, cookie, id } = await setUp({
      '/swap': async (req, res) => {
        const [, other] = await answer((done) => req.sessionStore.load(id, done));
        req.session = other as never;
        data(req).hits = 9;
        res.end('swapped');
      },
    });
    const res = await site.get('/swap');
    assert.equal(res.status, 500);
    assert.match(res.text, /^no token can be issued: req\.session/);
    assert.equal(setCookie(res), undefined);
    assert.equal(record(store, id)?.hits, 1);
    assert.equal((await site.visit('/look', cookie)).text, '1');
  });
});

describe('A session of new Session in a request', () => {
  const put = (req: Request): session.Session => {
    const made = new Session(req, { note: 'mine' });
    made.cookie = new session.Cookie();
    req.session = made;
    return made;
  };

  it('is regenerated as any other: the old id is gone, and the new session is sent (B134 B150)', async () => {
    const { site, store, cookie, id } = await setUp({
      '/regenerate': async (req, res) => {
        const made = put(req);
        await made.regenerate();
        assert.notEqual(req.session, made);
        countHits(req, res);
      },
    });
    const res = await site.visit('/regenerate', cookie);
    assert.equal(res.text, '1');
    assert.notEqual(idOf(res), id);
    assert.deepEqual([...store.records.keys()], [idOf(res)]);
    assert.equal((await site.visit('/', cookieOf(res))).text, '2');
  });

  it('is replaced by the stored one on reload (B137 B150)', async () => {
    const { site, cookie } = await setUp({
      '/reload': async (req, res) => {
        await put(req).reload();
        res.end(JSON.stringify([data(req).hits, data(req).note, req.session.jwt !== undefined]));
      },
    });
    assert.equal((await site.visit('/reload', cookie)).text, '[1,null,true]');
  });

  it('has no token of its own, and renewToken says so (B150 B249)', async () => {
    const { site, cookie } = await setUp({
      '/renew': async (req, res) => {
        const made = put(req);
        assert.equal(made.jwt, undefined);
        await assert.rejects(made.renewToken(), /has no token/);
        res.end('1');
      },
    });
    assert.equal((await site.visit('/renew', cookie)).text, '1');
  });
});

describe('The store in the hands of an application', () => {
  it('takes a record without a cookie in the place of one that is there (B175)', async () => {
    const { seen, store, site, cookie, id } = await setUp();
    const { __session: before } = record(store, id) ?? {};
    assert.deepEqual(await answer((done) => seen.set(id, { hits: 40 }, done)), [null]);
    assert.deepEqual([record(store, id)?.hits, record(store, id)?.__session], [40, before]);
    assert.equal((await site.visit('/', cookie)).text, '41');
  });

  it('has nothing to destroy where genid returned no text (B095 B175)', async () => {
    const told: unknown[][] = [];
    const store = new ForeignStore();
    const site = await open(
      serverOf(session(loose({ keys, store, genid: () => 42 })), async (req, res) => {
        told.push(await answer((done) => req.sessionStore.destroy(req.sessionID, done)));
        res.end();
      }),
    );
    await site.visit('/');
    assert.deepEqual([told, store.calls], [[[]], []]);
  });
});

describe('sessions made by hand', () => {
  /** As the types of express-session hide it: sessions can be made by hand (B150). */
  const Session = session.Session as unknown as new (req: object, data?: object) => session.Session;

  it('are stored under the id of the request they are given to (B150)', async () => {
    const { store, get } = await serve({ store: new ForeignStore() }, (req, res) => {
      if (req.url === '/read') return res.end(String(data(req).user));
      const made = new Session(req, { user: 'bob' });
      made.cookie = new session.Cookie();
      req.session = made;
      return res.end();
    });
    const res = await get('/');
    assert.equal(record(store, idOf(res))?.user, 'bob');
    assert.equal((await get('/read', cookieOf(res))).text, 'bob');
  });

  it('can be saved without ever getting a cookie (B140 B150)', async () => {
    let id = '';
    const { store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
      id = req.sessionID;
      await new Session(req, { user: 'bob' }).save();
      res.end();
    });
    const res = await get('/');
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(record(store, id), { user: 'bob' });
  });

  it('by a constructor that predates classes can be saved (B002 B140)', async () => {
    const OwnSession = function (this: object, req: Request) {
      (session.Session as unknown as (this: object, req: Request) => void).call(this, req);
      Object.assign(this, { cookie: new session.Cookie(), user: 'bob' });
    } as unknown as new (req: Request) => session.Session;
    util.inherits(OwnSession, session.Session);
    let id = '';
    const { store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
      id = req.sessionID;
      const own = new OwnSession(req);
      assert.equal(own.id, req.sessionID);
      assert.deepEqual(Object.keys(own), ['cookie', 'user']);
      assert.equal(own.jwt, undefined);
      await own.save();
      res.end();
    });
    assert.equal((await get('/')).status, 200);
    assert.equal(record(store, id)?.user, 'bob');
    assert.equal(store.records.size, 1);
  });
});
