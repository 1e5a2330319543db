/** The options resave and saveUninitialized. */
import assert from 'node:assert/strict';
import session from '../../src';
import { cookieOf } from '../support/cookies';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import type { Handler } from '../support/server';
import { countHits, data } from '../support/site';
import { assertCookie, assertNoCookie, countSets, lengthOf, ported, serveWith, type Suite } from './harness';

const bob: Handler = (req, res) => {
  data(req).user = 'bob';
  res.end();
};

/** A server of these options on a store whose `set` is counted. */
async function counting(suite: Suite, options: Record<string, unknown>, handler?: Handler) {
  const store = new session.MemoryStore();
  const sets = countSets(store);
  return { ...(await suite.serve({ store, ...options }, handler)), store, sets };
}

describe('The option resave', () => {
  /** How often two requests that store the same each call `set`. */
  const setsOfTwo = async (suite: Suite, options: Record<string, unknown>) => {
    const { visit, sets } = await counting(suite, options, bob);
    const first = await visit();
    const counts = [sets()];
    await visit('/', { cookie: cookieOf(first) });
    return [...counts, sets()];
  };

  it(
    'Without resave an unmodified session is not saved again (B099, U74, F62)',
    ported(async (suite) => {
      assert.deepEqual(await setsOfTwo(suite, { resave: undefined }), [1, 0]);
    }),
  );

  it(
    'With resave true an unmodified session is saved again (B100, U75, F63)',
    ported(async (suite) => {
      assert.deepEqual(await setsOfTwo(suite, { resave: true }), [1, 1]);
    }),
  );

  it(
    'With resave false an unmodified session is not saved again (B101, U76, F64)',
    ported(async (suite) => {
      assert.deepEqual(await setsOfTwo(suite, { resave: false }), [1, 0]);
    }),
  );

  it(
    'With resave false a session is saved whenever it was modified (B102, U77, F65)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, { resave: false }, (req, res) => {
        if (req.method === 'PUT') data(req).token = req.url.slice(1);
        res.end(`token=${String(data(req).token)}`);
      });
      const first = await visit('/w6RHhwaA', { method: 'put' });
      assert.deepEqual([first.text, sets()], ['token=w6RHhwaA', 1]);
      const cookie = cookieOf(first);
      assert.deepEqual([(await visit('/', { cookie })).text, sets()], ['token=w6RHhwaA', 0]);
      const third = await visit('/zfQ3rzM3', { method: 'put', cookie });
      assert.deepEqual([third.text, sets()], ['token=zfQ3rzM3', 1]);
    }),
  );

  it(
    'A member called cookie somewhere in the data is data like any other (B103, U78, F66)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, { resave: false }, (req, res) => {
        const user = (data(req).user ??= { name: 'bob', cookie: 0 }) as { cookie: number };
        user.cookie++;
        res.end();
      });
      const first = await visit();
      assert.equal(sets(), 1);
      await visit('/', { cookie: cookieOf(first) });
      assert.equal(sets(), 1);
    }),
  );

  it(
    'An error of the store on touching comes after the response (B128, U79, F67)',
    ported(async (suite) => {
      const { visit, site, store } = await counting(suite, { resave: false }, (req, res) => {
        data(req).hit = true;
        res.end('session saved');
      });
      store.touch = (_id: string, _record: object, callback?: (error?: unknown) => void) => {
        callback?.(new Error('boom!'));
      };
      const first = await visit();
      assert.equal(first.text, 'session saved');
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'session saved');
      assert.deepEqual(await lateErrors(site), ['boom!']);
    }),
  );
});

describe('The option saveUninitialized', () => {
  it(
    'Without saveUninitialized an untouched new session is neither saved nor sent (B108, U80, F68)',
    ported(async () => {
      const store = new session.MemoryStore();
      const sets = countSets(store);
      const { visit } = await serveWith(session({ keys, store }));
      assertNoCookie(await visit());
      assert.equal(sets(), 0);
    }),
  );

  it(
    'The settings of these suites save an untouched new session (B109, F69)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, {});
      assertCookie(await visit());
      assert.equal(sets(), 1);
    }),
  );

  it(
    'With saveUninitialized true an untouched new session is saved and sent (B109, U81, F70)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, { saveUninitialized: true });
      assertCookie(await visit());
      assert.equal(sets(), 1);
    }),
  );

  it(
    'With saveUninitialized false an untouched new session is neither saved nor sent (B109, U82, F71)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, { saveUninitialized: false });
      assertNoCookie(await visit());
      assert.equal(sets(), 0);
    }),
  );

  it(
    'With saveUninitialized false a modified new session is saved and sent (B109, U83, F72)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, { saveUninitialized: false }, countHits);
      assertCookie(await visit());
      assert.equal(sets(), 1);
    }),
  );

  it(
    'An error of the store on saving comes after the response (B128, U84, F73)',
    ported(async (suite) => {
      const { visit, site, store } = await counting(suite, {}, (_, res) => res.end('session saved'));
      store.set = (_id, _record, callback) => callback?.(new Error('boom!'));
      assert.equal((await visit()).text, 'session saved');
      assert.deepEqual(await lateErrors(site), ['boom!']);
      assert.equal(await lengthOf(store), 0);
    }),
  );

  it(
    'An untouched new session that is not saved is not touched either (B110, U85, F74)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      let touches = 0;
      store.touch = (_id: string, _record: object, callback?: () => void) => {
        touches++;
        callback?.();
      };
      const { visit } = await suite.serve({ saveUninitialized: false, store });
      await visit();
      assert.equal(touches, 0);
    }),
  );
});
