import assert from 'node:assert/strict';
import util from 'node:util';
import type { Request, RequestHandler } from 'express';
import request from 'supertest';
import session from '../src';
import { byHand } from './support/by-hand';
import { cookieFields, record } from './support/contents';
import { cookieOf, setCookie, setCookies } from './support/cookies';
import { methods, serve, storedCookie } from './support/exchange';
import { recordOf } from './support/forge';
import { keys } from './support/keys';
import { lateErrors } from './support/late-errors';
import { legacySecret, PickyStore, startLegacySession } from './support/legacy';
import { serverOf, type Handler } from './support/server';
import { idOf, recordWith } from './support/session-tokens';
import { answer, asStore, closeSites, countHits, data, open, showHits, turn } from './support/site';
import { ForeignStore, SyncStore } from './support/stores';

/** Anything, as somebody may put it into a store by hand. */
const written = (members: object): session.SessionData => members as session.SessionData;

/** As the types of express-session hide it: sessions can be made by hand (B150). */
const Session = session.Session as unknown as new (req: object, data?: object) => session.Session;

describe('stores at the edges', () => {
  afterEach(closeSites);

  describe('MemoryStore', () => {
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
      const { server } = serve({ store }, handler);
      const old = await storedCookie(server);
      const res = await request(server).get('/').set('Cookie', old);
      assert.equal(res.text, '1');
      assert.deepEqual(Object.keys(store.sessions), [idOf(res)]);
      assert.equal((await request(server).get('/start').set('Cookie', old)).text, '1');
    });
  });

  describe('req.sessionStore', () => {
    it('needs no callbacks, the store gets one all the same (B131 B175)', async () => {
      const inner = new ForeignStore();
      const steps: Record<string, (store: Request['sessionStore']) => void> = {
        '/set': (store) => store.set('some', written({ cookie: new session.Cookie(), user: 'ann' })),
        '/touch': (store) =>
          store.touch?.('some', written({ cookie: new session.Cookie({ path: '/new' }), user: 'bob' })),
        '/destroy': (store) => store.destroy('other'),
      };
      const { server } = serve({ store: asStore(inner) }, async (req, res) => {
        steps[req.url]?.(req.sessionStore);
        for (let turns = 0; turns < 4; turns++) await turn();
        res.end();
      });
      inner.records.set('other', recordOf({}));
      for (const path of Object.keys(steps)) await request(server).get(path).expect(200);
      assert.deepEqual(methods(inner), ['get', 'set', 'get', 'touch', 'destroy']);
      assert.deepEqual([...inner.records.keys()], ['some']);
      assert.equal(record(inner, 'some')?.user, 'ann');
      assert.equal(cookieFields(record(inner, 'some')).path, '/new');
    });

    it('tells which members there are, the own ones among them (B175)', async () => {
      const inner = Object.assign(new ForeignStore(), { label: 'own' });
      const { server } = serve({ store: asStore(inner) }, (req, res) => {
        const names = ['get', 'load', 'generate', 'label', 'records', 'missing'];
        res.end(names.filter((name) => name in req.sessionStore).join(' '));
      });
      assert.equal((await request(server).get('/')).text, 'get load generate label records');
    });

    it('takes members of the application on to the store itself (B175)', async () => {
      const labelled = Object.assign(new ForeignStore(), { label: 'old' });
      const { server } = serve({ store: asStore(labelled) }, (req, res) => {
        const seen = req.sessionStore as unknown as typeof labelled;
        seen.label = 'new';
        res.end(seen.label);
      });
      assert.equal((await request(server).get('/')).text, 'new');
      assert.equal(labelled.label, 'new');
    });
  });

  describe('sessions made by hand', () => {
    it('are stored under the id of the request they are given to (B150)', async () => {
      const { server, store } = serve({}, (req, res) => {
        if (req.url === '/read') return res.end(String(data(req).user));
        const made = new Session(req, { user: 'bob' });
        made.cookie = new session.Cookie();
        req.session = made;
        return res.end();
      });
      const res = await request(server).get('/');
      assert.equal(record(store, idOf(res))?.user, 'bob');
      assert.equal((await request(server).get('/read').set('Cookie', cookieOf(res))).text, 'bob');
    });

    it('can be saved without ever getting a cookie (B140 B150)', async () => {
      let id = '';
      const { server, store } = serve({}, async (req, res) => {
        id = req.sessionID;
        await new Session(req, { user: 'bob' }).save();
        res.end();
      });
      const res = await request(server).get('/');
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
      const { server, store } = serve({}, async (req, res) => {
        id = req.sessionID;
        const own = new OwnSession(req);
        assert.equal(own.id, req.sessionID);
        assert.deepEqual(Object.keys(own), ['cookie', 'user']);
        assert.equal(own.jwt, undefined);
        await own.save();
        res.end();
      });
      assert.equal((await request(server).get('/')).status, 200);
      assert.equal(record(store, id)?.user, 'bob');
      assert.equal(store.records.size, 1);
    });
  });

  describe('that answer in their own way', () => {
    it('may give the record by promise alone (B131)', async () => {
      const token = byHand();
      const store = Object.assign(new ForeignStore(), {
        get: (id: string) => Promise.resolve(id === idOf(token) && JSON.parse(recordWith({ hits: 1 }))),
      });
      const { server } = serve({ store: asStore(store) }, showHits);
      const res = await request(server).get('/').set('Cookie', `connect.sid=${token}`);
      assert.equal(res.text, '1');
    });

    it('and reject without a reason are an error all the same (B131)', async () => {
      const store = Object.assign(new ForeignStore(), {
        get: () => Promise.reject(undefined as unknown as Error),
      });
      const { server } = serve({ store: asStore(store) }, showHits);
      const res = await request(server).get('/').set('Cookie', `connect.sid=${byHand()}`);
      assert.equal(res.status, 500);
      assert.equal(res.text, 'the store rejected without a reason');
    });

    for (const [title, hits] of [
      ['a session that is found', 1],
      ['a session that is not found', undefined],
    ] as const) {
      it(`at once let an error out of next pass, which is not called again: ${title} (B130 B131)`, async () => {
        const store = new SyncStore();
        const token = byHand();
        store.sessions[idOf(token)] = hits === undefined ? 'null' : recordWith({ hits });
        const middleware = session({ keys, store });
        const calls: unknown[][] = [];
        const thrown: unknown[] = [];
        const seen: unknown[] = [];
        const around: RequestHandler = (req, res) => {
          try {
            void middleware(req, res, (...args: unknown[]) => {
              calls.push(args);
              seen.push(data(req).hits);
              throw new Error('the handler broke');
            });
          } catch (error) {
            thrown.push(error);
            res.end();
          }
        };
        await request(serverOf(around)).get('/').set('Cookie', `connect.sid=${token}`).expect(200);
        assert.deepEqual(calls, [[]]);
        assert.deepEqual(seen, [hits]);
        assert.deepEqual(thrown, [new Error('the handler broke')]);
      });
    }
  });

  it('with a legacy record that lost its cookie are an error, as with any record (B127 B232)', async () => {
    const store = new ForeignStore();
    const legacy = await startLegacySession(store, { hits: 2 });
    store.records.set(legacy.id, JSON.stringify({ hits: 2 }));
    const { server } = serve({ store: asStore(store), secret: legacySecret }, countHits);
    const res = await request(server).get('/').set('Cookie', legacy.cookie);
    assert.equal(res.status, 500);
    assert.match(res.text, /Cannot read prop/);
    assert.deepEqual([...store.records.keys()], [legacy.id]);
  });

  it('that fail to store an upgraded session leave the cookies of the handler alone (B074 B128)', async () => {
    const store = new PickyStore();
    const legacy = await startLegacySession(store, { user: 'bob' });
    store.refuse = (method) => method === 'set';
    const { server } = serve({ store: asStore(store), secret: legacySecret }, (req, res) => {
      data(req).user = 'alice';
      res.setHeader('Set-Cookie', 'theme=dark');
      res.end('answered');
    });
    const site = await open(server);
    const res = await site.visit('/', legacy.cookie);
    assert.equal(res.text, 'answered');
    assert.deepEqual(setCookies(res), ['theme=dark']);
    assert.deepEqual(await lateErrors(site), ['boom!']);
  });
});
