/** Names of members of a session's data that could be taken for the library's own. */
import assert from 'node:assert/strict';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf } from '../support/cookies';
import { recordOf } from '../support/forge';
import { legacyCookie, legacySecret, startLegacySession } from '../support/legacy';
import { logOut } from '../support/pages';
import type { Handler } from '../support/server';
import { idOf, sesOf, stateOf } from '../support/session-tokens';
import { countHits, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';

const showData: Handler = (req, res) =>
  res.end(JSON.stringify(req.session, (name, value: unknown) => (name === 'cookie' ? undefined : value)));

const pages: Record<string, Handler> = { '/': countHits, '/show': showHits, '/data': showData };

function siteOn(
  store: ForeignStore,
  options: session.SessionOptions = {},
  more: Record<string, Handler> = {},
) {
  return serve({ secret: legacySecret, store, ...options }, { ...pages, ...more });
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

describe('names in session data that meant something in 1.0', () => {
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
        '/destroy': logOut,
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
