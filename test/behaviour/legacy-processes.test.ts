/** Several processes upgrade one session of express-session at the same time. */
import assert from 'node:assert/strict';
import type session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, setCookie } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import { legacySecret, startLegacySession } from '../support/legacy';
import { logOut, regenerate, slowly, unset } from '../support/pages';
import type { Handler } from '../support/server';
import { sesOf, stateOf } from '../support/session-tokens';
import { claimsOfSession, countHits, data, gate, serve, showHits, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';

interface Process {
  readonly store: ForeignStore;
  readonly site: Site;
}

const pages: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/login': (req, res) => {
    data(req).user = 'bob';
    res.end();
  },
  '/destroy': logOut,
  '/regenerate': regenerate,
  '/null': unset,
  '/store-destroy': (req, res) => {
    req.sessionStore.destroy(req.sessionID, () => res.end());
  },
};

/** Three processes on one database, which has an express-session's session with 2 hits. */
async function start(
  Store: typeof ForeignStore,
  more: Record<string, Handler> = {},
  options: session.SessionOptions = {},
) {
  const database = new Map<string, string>();
  const open = async (): Promise<Process> => {
    const store = Object.assign(new Store(), { records: database });
    const site = await serve({ secret: legacySecret, store, ...options }, { ...pages, ...more });
    return { store, site };
  };
  const legacy = await startLegacySession(Object.assign(new Store(), { records: database }), { hits: 2 });
  return { database, legacy, one: await open(), two: await open(), three: await open() };
}

describe('a session of express-session that several processes upgrade', () => {
  for (const Store of [ForeignStore, ComparingStore]) {
    for (const index of [0, 1] as const) {
      it(`is one session, and a logout with token ${String(index)} kills all and the legacy cookie: ${Store.name} (B236, B237)`, async () => {
        const held = gate();
        const { database, legacy, one, two, three } = await start(Store, {
          '/slow': slowly(held, countHits),
        });
        const later = one.site.visit('/slow', legacy.cookie);
        await held.reached;
        const sooner = await two.site.visit('/', legacy.cookie);
        held.open();
        const cookies = [cookieOf(await later), cookieOf(sooner)];
        // The later write counts, as with express-session.
        for (const cookie of [...cookies, legacy.cookie]) {
          assert.equal((await three.site.visit('/show', cookie)).text, '3');
        }
        assert.deepEqual([...database.keys()], [legacy.id]);
        await three.site.visit('/destroy', cookies[index]);
        for (const { site } of [one, two, three]) {
          for (const cookie of [...cookies, legacy.cookie]) {
            assert.equal((await site.visit('/show', cookie)).text, 'undefined');
          }
        }
        assert.equal(database.size, 0);
      });
    }

    for (const [name, path, options] of [
      ['destroy', '/destroy', {}],
      ['regenerate', '/regenerate', {}],
      ["unset 'destroy'", '/null', { unset: 'destroy' }],
      ['store.destroy of the application', '/store-destroy', {}],
    ] as const) {
      it(`ends in all of them with ${name} in one: ${Store.name} (B236)`, async () => {
        const { database, legacy, one, two, three } = await start(Store, {}, options);
        const upgraded = await one.site.visit('/', legacy.cookie);
        await two.site.visit(path, legacy.cookie);
        for (const { site } of [one, two, three]) {
          for (const cookie of [cookieOf(upgraded), legacy.cookie]) {
            assert.equal((await site.visit('/show', cookie)).text, 'undefined');
          }
        }
        assert.ok(!database.has(legacy.id));
      });
    }
  }

  it('is not stored again by a slower upgrade in another process after a logout (B236)', async () => {
    const held = gate();
    const { database, legacy, one, two } = await start(ComparingStore, { '/slow': slowly(held, countHits) });
    const slow = one.site.visit('/slow', legacy.cookie);
    await held.reached;
    await two.site.visit('/destroy', cookieOf(await two.site.visit('/', legacy.cookie)));
    held.open();
    assert.equal(setCookie(await slow), undefined);
    assert.equal(database.size, 0);
    assert.deepEqual(await lateErrors(one.site), []);
  });

  it('gets no token for a slower request that only reads it after a logout (B236, B260)', async () => {
    const held = gate();
    const { legacy, one, two } = await start(ComparingStore, { '/slow': slowly(held, showHits) });
    const slow = one.site.visit('/slow', legacy.cookie);
    await held.reached;
    await two.site.visit('/destroy', legacy.cookie);
    held.open();
    assert.equal(setCookie(await slow), undefined);
  });

  for (const [name, page] of [
    ['reads it', showHits],
    ['changes it', countHits],
  ] as const) {
    it(`gets no token for a slower request that ${name}, once somebody has signed in (B237, B247)`, async () => {
      const held = gate();
      const options = { jwtFromReq: claimsOfSession };
      const { legacy, one, two, three } = await start(
        ComparingStore,
        { '/slow': slowly(held, page) },
        options,
      );
      const slow = one.site.visit('/slow', legacy.cookie);
      await held.reached;
      const login = await two.site.visit('/login', legacy.cookie);
      assert.deepEqual(sesOf(login), { lid: legacy.id, gen: 2 });
      held.open();
      assert.equal(setCookie(await slow), undefined);
      assert.deepEqual(await lateErrors(one.site), []);
      assert.equal((await three.site.visit('/show', cookieOf(login))).text, '2');
      assert.equal((await three.site.visit('/show', legacy.cookie)).text, 'undefined');
    });
  }

  it('has the changes of a slower upgrade in another process, whose token is good as well (B237)', async () => {
    const held = gate();
    const { legacy, one, two, three } = await start(ComparingStore, {
      '/slow': slowly(held, (req, res) => {
        data(req).hits = 100;
        res.end();
      }),
    });
    const slow = one.site.visit('/slow', legacy.cookie);
    await held.reached;
    const quick = await two.site.visit('/', legacy.cookie);
    const { created, tag } = stateOf(two.store, legacy.id);
    held.open();
    for (const cookie of [cookieOf(await slow), cookieOf(quick), legacy.cookie]) {
      assert.equal((await three.site.visit('/show', cookie)).text, '100');
    }
    assert.deepEqual(stateOf(two.store, legacy.id), { gen: 1, tag, created, adopted: true });
  });

  it('keeps its legacy cookie where the store fails a slower upgrade (B237)', async () => {
    const held = gate();
    const { legacy, one, two } = await start(ComparingStore, { '/slow': slowly(held, countHits) });
    const slow = one.site.visit('/slow', legacy.cookie);
    await held.reached;
    await two.site.visit('/', legacy.cookie);
    one.store.failures.get = new Error('no connection');
    held.open();
    assert.equal(setCookie(await slow), undefined);
    assert.deepEqual(await lateErrors(one.site), ['no connection']);
    delete one.store.failures.get;
    assert.equal((await one.site.visit('/show', legacy.cookie)).text, '3');
  });
});
