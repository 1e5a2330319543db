/** What an application relies on goes on when express-session is replaced, and when that is taken back. */
import assert from 'node:assert/strict';
import expressSession from 'express-session';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf } from '../support/cookies';
import { legacySecret, startLegacySession } from '../support/legacy';
import { type Handler, serverOf } from '../support/server';
import { stateOf } from '../support/session-tokens';
import { countHits, open, routes, serve, showHits } from '../support/site';
import { ForeignStore, forExpressSession } from '../support/stores';

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

describe('ids of sessions that an application keeps elsewhere', () => {
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

describe('a deploy that is rolled back', () => {
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
