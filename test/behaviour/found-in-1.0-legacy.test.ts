import assert from 'node:assert/strict';
import cookieParser from 'cookie-parser';
import type { RequestHandler } from 'express';
import expressSession from 'express-session';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { ComparingStore } from '../support/comparing-store';
import { forExpressSession } from '../support/exchange';
import { recordOf } from '../support/forge';
import { keys } from '../support/keys';
import { legacyCookie, legacySecret, startLegacySession } from '../support/legacy';
import { serverOf, type Handler } from '../support/server';
import { idOf, sesOf, stateOf } from '../support/session-tokens';
import {
  asStore,
  closeSites,
  countHits,
  data,
  open,
  openSite,
  routes,
  showHits,
  type Site,
} from '../support/site';
import { ForeignStore } from '../support/stores';

const showData: Handler = (req, res) =>
  res.end(JSON.stringify(req.session, (name, value: unknown) => (name === 'cookie' ? undefined : value)));

const pages: Record<string, Handler> = { '/': countHits, '/show': showHits, '/data': showData };

function siteOn(
  store: ForeignStore,
  options: session.SessionOptions = {},
  more: Record<string, Handler> = {},
) {
  return openSite({ secret: legacySecret, store: asStore(store), ...options }, { ...pages, ...more });
}

/** The data of a record, without cookie and the library's own member. */
function dataIn(store: ForeignStore, id: string): unknown {
  const {
    cookie,
    __session: state,
    ...rest
  } = JSON.parse(store.records.get(id) ?? '{}') as Record<string, unknown>;
  assert.ok(cookie && state);
  return rest;
}

/** Every text in a JSON value. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(texts);
}

describe('who has a dump of the store and a secret', () => {
  afterEach(closeSites);

  const parserSecret = "cookie-parser's own";

  /** Sessions of all kinds: new, rotated, upgraded. */
  async function fill(site: Site, store: ForeignStore): Promise<string[]> {
    const first = await site.visit('/login');
    await site.visit('/login', cookieOf(await site.visit('/')));
    store.records.set('old-id', recordOf({ hits: 2 }));
    const upgraded = await site.visit('/login', legacyCookie('old-id'));
    const cookies = [first, upgraded].map((res) => cookieOf(res));
    for (const cookie of cookies) assert.notEqual((await site.visit('/show', cookie)).text, 'undefined');
    return [...store.records].flatMap(([id, text]) => [id, ...texts(JSON.parse(text))]);
  }

  const login: Handler = (req, res) => {
    data(req).user = 'victim';
    return countHits(req, res);
  };
  const jwtFromReq = (req: object): object => ({
    user: (req as { session?: { user?: string } }).session?.user,
  });

  for (const secret of [undefined, legacySecret, [legacySecret, 'an older one']]) {
    it(`of cookie-parser opens nothing, the secret option being ${JSON.stringify(secret)} (B116, B186, B221)`, async () => {
      const store = new ForeignStore();
      const middleware = session({ keys, store: asStore(store), jwtFromReq, ...(secret && { secret }) });
      const parse = cookieParser(parserSecret);
      const behind: RequestHandler = (req, res, next) => {
        parse(req, res, () => middleware(req, res, next));
      };
      const headerless: RequestHandler = (req, res, next) => {
        parse(req, res, () => {
          delete req.headers.cookie;
          middleware(req, res, next);
        });
      };
      const own = await siteOn(store, { jwtFromReq }, { '/login': login });
      const dump = await fill(own, store);
      assert.ok(dump.length >= 9);
      for (const handler of [behind, headerless]) {
        const site = await open(serverOf(handler, routes(pages)));
        for (const text of dump) {
          for (const cookie of [
            legacyCookie(text, parserSecret),
            `connect.sid=${encodeURIComponent(text)}`,
            `connect.sid=${encodeURIComponent(`s:${text}`)}`,
          ]) {
            const res = await site.visit('/data', cookie);
            assert.equal(res.text, '{}');
            assert.equal(setCookie(res), undefined);
          }
        }
      }
    });
  }

  it('that express-session had signed its cookies with opens no session of ours, and none that has rotated (B221)', async () => {
    const store = new ForeignStore();
    const site = await siteOn(store, { jwtFromReq }, { '/login': login });
    const dump = await fill(site, store);
    for (const text of dump) {
      const res = await site.visit('/data', legacyCookie(text));
      assert.equal(res.text, '{}');
      assert.equal(setCookie(res), undefined);
    }
    for (const [id, text] of store.records) {
      const { __session: state } = JSON.parse(text) as { __session?: { adopted?: unknown } };
      assert.ok(state);
      assert.equal(state.adopted, id === 'old-id' ? true : undefined);
    }
  });
});

describe('ids of sessions that an application keeps elsewhere', () => {
  afterEach(closeSites);

  for (const Store of [ForeignStore, ComparingStore]) {
    it(`go on working when express-session has been replaced: ${Store.name} (B232, B236)`, async () => {
      const store = new Store();
      // What "log out my other devices" works with, written while express-session was there.
      const mine = await startLegacySession(store, { hits: 1, user: 'bob' });
      const others = [
        await startLegacySession(store, { hits: 2, user: 'bob' }),
        await startLegacySession(store, { hits: 3, user: 'bob' }),
      ];
      const list = [mine, ...others].map(({ id }) => id);
      const site = await siteOn(
        store,
        {},
        {
          '/logout-others': async (req, res) => {
            for (const id of list.filter((one) => one !== req.sessionID)) {
              await new Promise((resolve) => req.sessionStore.destroy(id, resolve));
            }
            res.end();
          },
        },
      );
      const cookie = cookieOf(await site.visit('/', mine.cookie));
      const upgraded = cookieOf(await site.visit('/', others[0]?.cookie));
      await site.visit('/logout-others', cookie);
      assert.deepEqual([...store.records.keys()], [mine.id]);
      for (const dead of [upgraded, ...others.map((one) => one.cookie)]) {
        assert.equal((await site.visit('/show', dead)).text, 'undefined');
      }
      assert.equal((await site.visit('/', cookie)).text, '3');
    });

    it(`end sessions also where the application deletes rows by itself: ${Store.name} (B236)`, async () => {
      const store = new Store();
      const legacy = await startLegacySession(store, { hits: 1 });
      const site = await siteOn(store);
      const cookie = cookieOf(await site.visit('/', legacy.cookie));
      store.records.delete(legacy.id);
      for (const dead of [cookie, legacy.cookie]) {
        assert.equal((await site.visit('/show', dead)).text, 'undefined');
      }
    });
  }
});

describe('names in session data that meant something in 1.0', () => {
  afterEach(closeSites);

  const fields = {
    __successor: 'ljs2-y-AIJFT4nQVGh0XSb16pd0kg5rN',
    __forwardedBy: 'another-id',
    __seal: { hits: 1 },
    __replaces: ['x'],
  };

  it('are plain data: __successor and its like lead nowhere', async () => {
    const store = new ForeignStore();
    store.records.set('another-id', recordOf({ hits: 90 }));
    store.records.set(fields.__successor, recordOf({ hits: 91 }));
    const site = await siteOn(
      store,
      {},
      {
        '/set': (req, res) => {
          Object.assign(req.session, fields);
          return countHits(req, res);
        },
        '/destroy': async (req, res) => {
          await req.session.destroy();
          res.end();
        },
      },
    );
    const first = await site.visit('/set');
    assert.deepEqual(JSON.parse((await site.visit('/data', cookieOf(first))).text), { ...fields, hits: 1 });
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    assert.deepEqual(dataIn(store, idOf(first)), { ...fields, hits: 2 });
    await site.visit('/destroy', cookieOf(first));
    assert.deepEqual([...store.records.keys()].sort(), ['another-id', fields.__successor].sort());
  });

  it('are plain data in a record of express-session', async () => {
    const store = new ForeignStore();
    const legacy = await startLegacySession(store, { hits: 2, ...fields });
    const site = await siteOn(store);
    const first = await site.visit('/data', legacy.cookie);
    assert.deepEqual(JSON.parse(first.text), { hits: 2, ...fields });
    await site.visit('/', cookieOf(first));
    assert.deepEqual(dataIn(store, legacy.id), { hits: 3, ...fields });
  });
});

describe('a record of express-session whose data has a member __session', () => {
  afterEach(closeSites);

  for (const value of [
    'of the application',
    { user: 'bob', gen: '1' },
    { gen: 1, tag: 't' },
    null,
    7,
    ['x'],
  ]) {
    for (const Store of [ForeignStore, ComparingStore]) {
      it(`is upgraded, and loses it: ${JSON.stringify(value)}, ${Store.name} (B242, B244)`, async () => {
        const store = new Store();
        store.records.set('old-id', recordOf({ hits: 2, __session: value }));
        const site = await siteOn(store);
        const first = await site.visit('/data', legacyCookie('old-id'));
        assert.deepEqual(JSON.parse(first.text), { hits: 2 });
        assert.deepEqual(sesOf(first), { lid: 'old-id', gen: 1 });
        assert.equal((await site.visit('/', cookieOf(first))).text, '3');
        const { gen, adopted } = stateOf(store, 'old-id');
        assert.deepEqual([gen, adopted], [1, true]);
        for (const cookie of [cookieOf(first), legacyCookie('old-id')]) {
          const res = await site.visit('/', cookie);
          assert.ok(Number(res.text) > 3);
        }
        assert.deepEqual(dataIn(store, 'old-id'), { hits: 5 });
      });
    }
  }

  it('somewhere deeper keeps it there (B242, B244)', async () => {
    const store = new ComparingStore();
    const inner = { a: { __session: { gen: 9, tag: 't', created: 1 } } };
    store.records.set('old-id', recordOf({ hits: 2, ...inner }));
    const site = await siteOn(store);
    const first = await site.visit('/', legacyCookie('old-id'));
    assert.equal(first.text, '3');
    assert.equal((await site.visit('/', cookieOf(first))).text, '4');
    assert.deepEqual(dataIn(store, 'old-id'), { hits: 4, ...inner });
    assert.equal(stateOf(store, 'old-id').gen, 1);
  });
});

describe('a deploy that is rolled back', () => {
  afterEach(closeSites);

  for (const Store of [ForeignStore, ComparingStore]) {
    it(`finds the sessions where express-session had left them: ${Store.name} (B229, B232)`, async () => {
      const store = new Store();
      const fields = { hits: 2, user: { name: 'bob' } };
      const legacy = await startLegacySession(store, fields, { cookie: { maxAge: 3_600_000 } });
      const site = await siteOn(store);
      const upgraded = await site.visit('/', legacy.cookie);
      assert.equal(upgraded.text, '3');

      const before = await open(
        serverOf(
          expressSession({
            secret: legacySecret,
            resave: false,
            saveUninitialized: false,
            store: forExpressSession(store),
          }),
          routes(pages),
        ),
      );
      const res = await before.visit('/data', legacy.cookie);
      const { __session: state, ...seen } = JSON.parse(res.text) as Record<string, unknown>;
      assert.deepEqual(seen, { ...fields, hits: 3 });
      assert.deepEqual(state, stateOf(store, legacy.id));
      assert.equal((await before.visit('/', legacy.cookie)).text, '4');

      // And forward again: the token and the cookie of express-session are both as good as they were.
      for (const [cookie, text] of [
        [cookieOf(upgraded), '5'],
        [legacy.cookie, '6'],
      ] as const) {
        assert.equal((await site.visit('/', cookie)).text, text);
      }
      assert.deepEqual(stateOf(store, legacy.id), state);
      assert.deepEqual([...store.records.keys()], [legacy.id]);
    });
  }
});
