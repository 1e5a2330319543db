/** The first group of both suites: the factory, creating, loading and saving a session. */
import assert from 'node:assert/strict';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { cookieOf, tokenOf } from '../support/cookies';
import { isSignedBy } from '../support/forge';
import type { Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { answer, countHits, data } from '../support/site';
import { roundTrip } from '../support/wire';
import { assertCookie, assertNoCookie, countSets, lengthOf, ported, sent } from './harness';

/** Gives each session the next number, which it keeps. */
function numbered(): Handler {
  let last = 0;
  return (req, res) => {
    data(req).num ??= ++last;
    res.end(`session ${String(data(req).num)}`);
  };
}

describe('session()', () => {
  it('The package has the constructors Session, Store and MemoryStore (B001, U1, F1)', () => {
    for (const name of ['Session', 'Store', 'MemoryStore'] as const) {
      assert.equal(typeof session[name], 'function');
    }
  });

  it(
    'A request that has a session already is passed on untouched (B011, U2, F2)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, undefined, (req) => Object.assign(req, { session: {} }));
      assertNoCookie(await visit());
    }),
  );

  it(
    'No secret is needed, since keys sign the cookie (B111, U3, F3)',
    ported(async (suite) => {
      const { visit } = await suite.serve({ secret: undefined }, countHits);
      const first = await visit();
      assert.ok(isSignedBy(tokenOf(first), suite.publicKey));
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, '2');
    }),
  );

  it(
    'Without keys a request is an error that names the option (B194, F4)',
    ported(async (suite) => {
      let runs = 0;
      const { ask } = await suite.serve({ keys: undefined }, (_, res) => {
        runs++;
        res.end();
      });
      const response = await ask();
      assert.equal(response.status, 500);
      assert.match(response.text, /keys.*required/);
      assert.equal(runs, 0);
    }),
  );

  it(
    'A secret that other code has left in req.secret does no harm (B111, U4, F5)',
    ported(async (suite) => {
      const { visit } = await suite.serve({ secret: undefined }, undefined, (req) =>
        Object.assign(req, { secret: 'keyboard cat' }),
      );
      assert.equal((await visit()).text, '');
    }),
  );

  it(
    'A first request makes a session, stores it and sends its cookie (B026, U5, F6)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store }, (req, res) => {
        data(req).active = true;
        res.end('session active');
      });
      const response = await visit();
      assertCookie(response);
      assert.equal(response.text, 'session active');
      assert.equal(await lengthOf(store), 1);
    }),
  );

  it(
    'The cookie of a session brings it back (B019, U6, F7)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, numbered());
      const first = await visit();
      assert.equal(first.text, 'session 1');
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'session 1');
    }),
  );

  it(
    'An error of the store on reading is passed to next instead of the handler (B126, U7, F8)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      let runs = 0;
      const { visit, ask } = await suite.serve({ store }, (_, res) => {
        runs++;
        res.end('hello, world');
      });
      store.get = (_, callback) => callback(new Error('boom!'));
      const first = await visit();
      assertCookie(first);
      assert.equal(first.text, 'hello, world');
      const second = await ask('/', { cookie: cookieOf(first) });
      assert.deepEqual([second.status, second.text, runs], [500, 'boom!', 1]);
      assertNoCookie(second);
    }),
  );

  it(
    'An error ENOENT of the store on reading means that there is no such session (B126, U8, F9)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store }, numbered());
      store.get = (_, callback) => callback(Object.assign(new Error('boom!'), { code: 'ENOENT' }));
      const first = await visit();
      assert.equal(first.text, 'session 1');
      const second = await visit('/', { cookie: cookieOf(first) });
      assert.equal(second.text, 'session 2');
      assert.notEqual(idOf(second), idOf(first));
    }),
  );

  it(
    'Two requests without a cookie make two sessions (B027, U9, F10)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store }, (req, res) => {
        const isNew = data(req).num === undefined;
        data(req).num = 1;
        res.end(isNew ? 'created' : 'updated');
      });
      const responses = await Promise.all([visit(), visit()]);
      assert.deepEqual(
        responses.map(({ text }) => text),
        ['created', 'created'],
      );
      const [, all] = await answer((done) => store.all(done));
      assert.equal(Object.keys(all as object).length, 2);
    }),
  );

  it(
    'An empty req.url is taken for the root (B016, U10, F11)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, undefined, (req) => Object.assign(req, { url: '' }));
      assertCookie(await visit());
    }),
  );

  it(
    'A second res.end is ignored (B046, U11, F12)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, (_, res) => {
        res.setHeader('Content-Type', 'text/plain');
        res.end('Hello, world!');
        res.end();
      });
      const response = await visit();
      assert.equal(response.headers['content-type'], 'text/plain');
      assert.equal(response.text, 'Hello, world!');
    }),
  );

  it(
    'res.end(null) sends an empty body (B047, U12, F13)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, (_, res) => res.end(null));
      assert.equal((await visit()).text, '');
    }),
  );

  it(
    'A stored member with the name of a session method leaves the method alone (B147, U13, F14)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const { visit } = await suite.serve({ store }, async (req, res) => {
        data(req).num = Number(data(req).num ?? 0) + 1;
        await req.session.save();
        res.end('session saved');
      });
      const first = await visit();
      const [, stored] = await answer((done) => store.get(idOf(first), done));
      const record = Object.assign(stored as session.SessionData, { save: 'nope' });
      await answer((done) => store.set(idOf(first), record, done));
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'session saved');
      const [, after] = await answer((done) => store.get(idOf(first), done));
      assert.equal((after as { num: number }).num, 2);
    }),
  );

  it(
    'The enumerable members of a session are its data and cookie (B146, U14, F15)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, (req, res) => {
        Object.assign(req.session, { test1: 1, test2: 'b' });
        res.end(Object.keys(req.session).sort().join());
      });
      const first = await visit();
      assert.equal(first.text, 'cookie,test1,test2');
      assert.equal((await visit('/', { cookie: cookieOf(first) })).text, 'cookie,test1,test2');
    }),
  );

  it(
    'A req.sessionID that is no text keeps the session from being stored (B039, U15, F16)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const sets = countSets(store);
      const { visit } = await suite.serve({ store }, (req, res) => {
        Object.assign(req, { sessionID: () => undefined });
        data(req).test1 = 1;
        res.end();
      });
      assertNoCookie(await visit());
      assert.deepEqual([sets(), await lengthOf(store)], [0, 0]);
    }),
  );

  it(
    'A rolling cookie on a response that is written slowly expires later each time (B107, U16, F17)',
    ported((suite) =>
      withFrozenClock(async (clock) => {
        const { visit } = await suite.serve({ rolling: true }, async (req, res) => {
          data(req).user = 'bob';
          res.write('hello, ');
          await roundTrip();
          clock.tick(200);
          res.end('world!');
        });
        const first = await visit();
        clock.tick(1000);
        const second = await visit('/', { cookie: cookieOf(first) });
        assert.equal(second.text, 'hello, world!');
        const [before, after] = [first, second].map((response) => Date.parse(String(sent(response).expires)));
        assert.ok(Number(after) > Number(before), `${String(after)} > ${String(before)}`);
      }),
    ),
  );
});
