/** The options genid, key, name and rolling. */
import assert from 'node:assert/strict';
import session from '../../src';
import { cookieOf, setCookies, tokenOf } from '../support/cookies';
import { isSignedBy } from '../support/forge';
import { loose } from '../support/loose';
import type { Handler } from '../support/server';
import { idOfHandle, sesOf } from '../support/session-tokens';
import { countHits, data } from '../support/site';
import { ForeignStore } from '../support/stores';
import { assertCookie, assertNoCookie, countSets, ported, type Suite, sent } from './harness';

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

describe('The option genid', () => {
  it('A genid that is no function is refused (B090, U60, F48)', () => {
    assert.throws(() => session(loose({ genid: 'bogus!' })), /genid.*must/);
  });

  it(
    'Without genid an id is made (B091, U61, F49)',
    ported(async (suite) => {
      const { visit } = await suite.serve();
      const [first, second] = [await visit(), await visit()];
      assert.notEqual(sesOf(first).id, sesOf(second).id);
    }),
  );

  /** The handle of a token is this, and the id of the record is made of it. */
  const assertHandle = async (suite: Suite, genid: (req: { url: string }) => string, handle: string) => {
    const store = new ForeignStore();
    const { visit } = await suite.serve({ genid, store });
    const token = tokenOf(await visit('/foo'));
    assert.ok(isSignedBy(token, suite.publicKey));
    assert.deepEqual(sesOf(token), { id: handle, gen: 1 });
    assert.deepEqual([...store.records.keys()], [idOfHandle(handle)]);
  };

  it(
    'What genid returns is the handle in the token (B092, U62, F50)',
    ported((suite) => assertHandle(suite, () => 'apple', 'apple')),
  );

  it(
    'What genid returns may have characters that a cookie may not (B092, U63, F51)',
    ported((suite) => assertHandle(suite, () => '%', '%')),
  );

  it(
    'genid is given the request (B092, U64, F52)',
    ported((suite) => assertHandle(suite, (req) => req.url, '/foo')),
  );
});

describe('The name of the cookie', () => {
  /** A cookie of this name is sent, and read back. */
  const assertName = async (suite: Suite, options: Record<string, unknown>, name: string) => {
    const { visit } = await suite.serve(options, countHits);
    const first = await visit();
    assert.equal(setCookies(first).length, 1);
    assert.equal((await visit('/', { cookie: cookieOf(first, name) })).text, '2');
  };

  it(
    'Without key the cookie is called connect.sid (B098, U65, F53)',
    ported((suite) => assertName(suite, {}, 'connect.sid')),
  );

  it(
    'key names the cookie (B098, U66, F54)',
    ported((suite) => assertName(suite, { key: 'session_id' }, 'session_id')),
  );

  it(
    'Without name the cookie is called connect.sid (B098, U67, F55)',
    ported((suite) => assertName(suite, { name: undefined }, 'connect.sid')),
  );

  it(
    'name names the cookie (B098, U68, F56)',
    ported((suite) => assertName(suite, { name: 'session_id' }, 'session_id')),
  );
});

describe('The option rolling', () => {
  it(
    'Without rolling an unmodified session gets no further cookie (B104, U69, F57)',
    ported(async (suite) => {
      const { visit } = await suite.serve({}, bob);
      assertNoCookie(await visit('/', { cookie: cookieOf(await visit()) }));
    }),
  );

  it(
    'With rolling an unmodified session gets its cookie each time (B105, U70, F58)',
    ported(async (suite) => {
      const { visit } = await suite.serve({ rolling: true }, bob);
      const cookie = cookieOf(await visit());
      const second = await visit('/', { cookie });
      assert.equal(cookieOf(second), cookie);
      assert.ok(sent(second).expires);
    }),
  );

  it(
    'rolling sends no cookie of a new session that is not to be saved (B106, U71, F59)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, { rolling: true, saveUninitialized: false });
      assertNoCookie(await visit());
      assert.equal(sets(), 0);
    }),
  );

  it(
    'rolling saves and sends a new session where saveUninitialized is true (B106, U72, F60)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, { rolling: true, saveUninitialized: true });
      assertCookie(await visit());
      assert.equal(sets(), 1);
    }),
  );

  it(
    'rolling saves and sends a new session that was modified (B106, U73, F61)',
    ported(async (suite) => {
      const { visit, sets } = await counting(suite, { rolling: true, saveUninitialized: false }, bob);
      assertCookie(await visit());
      assert.equal(sets(), 1);
    }),
  );
});
