/** The own MemoryStore: what it keeps, and that it can be used as that of express-session. */
import assert from 'node:assert/strict';
import request from 'supertest';
import session from '../../src';
import { cookieFields } from '../support/contents';
import { serve, storedCookie } from '../support/exchange';
import { recordOf } from '../support/forge';
import type { Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { answer, closeSites, countHits } from '../support/site';

/** Anything, as somebody may put it into a store by hand. */
const written = (members: object): session.SessionData => members as session.SessionData;

describe('A MemoryStore', () => {
  afterEach(closeSites);

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
