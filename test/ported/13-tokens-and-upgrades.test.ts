/** What only the fork's suite has: claims, logins, logouts, and sessions of express-session. */
import assert from 'node:assert/strict';
import expressSession from 'express-session';
import session from '../../src';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { loose } from '../support/loose';
import type { Handler } from '../support/server';
import { idOf, sesOf } from '../support/session-tokens';
import { answer, asStore, countHits, data, gate, showHits } from '../support/site';
import { assertCookie, assertNoCookie, countSets, lengthOf, ported, serveWith, type Suite } from './harness';

describe('The option jwtFromReq', () => {
  it('A jwtFromReq that is no function is refused (B200, F121)', () => {
    assert.throws(() => session(loose({ keys, jwtFromReq: 'bogus!' })), /jwtFromReq.*must/);
  });

  /** A session works, and its token has no claims of the application. */
  const assertNoClaims = async (suite: Suite, options: object) => {
    const { visit, site } = await suite.serve({ ...options }, countHits);
    const first = await visit();
    assert.deepEqual(Object.keys(decode(tokenOf(first)).payload).sort(), ['iat', 'ses']);
    assert.equal((await visit('/', { cookie: cookieOf(first) })).text, '2');
    assert.deepEqual(await lateErrors(site), []);
  };

  it(
    'Without jwtFromReq a token has no claims of the application (B201, F122)',
    ported((suite) => assertNoClaims(suite, {})),
  );

  it(
    'jwtFromReq may return null (B201, F123)',
    ported((suite) => assertNoClaims(suite, { jwtFromReq: () => null })),
  );

  it(
    'jwtFromReq may return an empty object (B201, F124)',
    ported((suite) => assertNoClaims(suite, { jwtFromReq: () => ({}) })),
  );

  it(
    'jwtFromReq is given the request, and its claims are in the token (B202, F125)',
    ported(async (suite) => {
      const { visit } = await suite.serve({ jwtFromReq: ({ url }: { url: string }) => ({ url }) });
      assert.equal(decode(tokenOf(await visit('/foo'))).payload.url, '/foo');
    }),
  );
});

describe('Security', () => {
  it(
    'A login makes another token for the session, whose data goes on (B208, F128)',
    ported(async (suite) => {
      const store = new session.MemoryStore();
      const sets = countSets(store);
      const jwtFromReq = ({ user }: { user?: { id: number } }) =>
        user ? { user_id: user.id, roles: ['user', 'editor'] } : null;
      const { visit } = await suite.serve({ jwtFromReq, store }, (req, res) => {
        if (req.url === '/logged-id') Object.assign(req, { user: { id: 101 } });
        return countHits(req, res);
      });
      const first = await visit();
      assert.deepEqual([first.text, sets()], ['1', 1]);
      const login = await visit('/logged-id', { cookie: cookieOf(first) });
      assert.deepEqual([login.text, sets()], ['2', 1]);
      assert.notEqual(tokenOf(login), tokenOf(first));
      assert.equal(decode(tokenOf(login)).payload.user_id, 101);
      assert.deepEqual(sesOf(login), { id: sesOf(first).id, gen: 2 });
      assert.equal(await lengthOf(store), 1);
      assert.equal((await visit('/logged-id', { cookie: cookieOf(login) })).text, '3');
    }),
  );

  /** A request that has loaded its session when a logout ends it, and one with the same cookie afterwards. */
  async function raceLogout(suite: Suite, store: session.MemoryStore) {
    const loaded = gate();
    const { visit } = await suite.serve({ store }, async (req, res) => {
      if (req.url === '/logout') {
        void req.session.destroy();
        res.end('logged out');
        return;
      }
      data(req).hits = Number(data(req).hits ?? 0) + 1;
      if (req.url === '/slow') await loaded.pass();
      res.end(String(data(req).hits));
    });
    const first = await visit();
    const cookie = cookieOf(first);
    const sets = countSets(store);
    const slow = visit('/slow', { cookie });
    await loaded.reached;
    assert.equal((await visit('/logout', { cookie })).text, 'logged out');
    loaded.open();
    const late = await slow;
    assert.equal(late.text, '2');
    return { first, late, sets: sets(), length: await lengthOf(store), next: await visit('/', { cookie }) };
  }

  it(
    'A request that is late stores nothing of a session logged out meanwhile (B223, F132)',
    ported(async (suite) => {
      const { first, late, sets, length, next } = await raceLogout(suite, new session.MemoryStore());
      assertCookie(late);
      assert.deepEqual([sets, length], [1, 0]);
      assert.equal(next.text, '1');
      assert.notEqual(idOf(next), idOf(first));
    }),
  );

  it(
    'Nor does it on the MemoryStore of express-session (B224, F133)',
    ported(async (suite) => {
      const store = new expressSession.MemoryStore();
      const { first, late, length, next } = await raceLogout(suite, store);
      assertNoCookie(late);
      assert.equal(length, 0);
      assert.equal(next.text, '1');
      assert.notEqual(idOf(next), idOf(first));
    }),
  );
});

describe('Sessions of express-session', () => {
  const secret = 'my-secret';

  /** A session with two hits that express-session has stored, and a server of this package on the same store. */
  async function upgrade(suite: Suite, options: object, handler: Handler = countHits) {
    const store = new expressSession.MemoryStore();
    const before = await serveWith(
      expressSession({
        secret,
        resave: true,
        saveUninitialized: true,
        store: asStore(store),
        ...options,
      }),
      countHits,
    );
    const first = await before.visit();
    const { name } = options as { name?: string };
    const cookie = cookieOf(first, name);
    const second = await before.visit('/', { cookie });
    assertNoCookie(second);
    assert.equal(second.text, '2');
    const [, all] = await answer((done) => store.all(done));
    const [id] = Object.keys(all as object);
    const { visit } = await suite.serve({ store, secret, ...options }, handler);
    return { store, cookie, id, visit };
  }

  it(
    'A session of express-session goes on with a token, in the same record (B229, F136)',
    ported(async (suite) => {
      const { store, cookie, id, visit } = await upgrade(suite, {});
      const upgraded = await visit('/', { cookie });
      assert.equal(upgraded.text, '3');
      assert.notEqual(cookieOf(upgraded), cookie);
      const next = await visit('/', { cookie: cookieOf(upgraded) });
      assertNoCookie(next);
      assert.equal(next.text, '4');
      const [, all] = await answer((done) => store.all(done));
      assert.deepEqual(Object.keys(all as object), [id]);
      assert.deepEqual(sesOf(upgraded), { lid: id, gen: 1 });
    }),
  );

  it(
    'A session of express-session gets its token without being modified (B230, F137)',
    ported(async (suite) => {
      const { store, cookie, visit } = await upgrade(suite, {}, showHits);
      const sets = countSets(store);
      const upgraded = await visit('/', { cookie });
      assert.equal(upgraded.text, '2');
      assert.notEqual(cookieOf(upgraded), cookie);
      const next = await visit('/', { cookie: cookieOf(upgraded) });
      assert.equal(next.text, '2');
      assertNoCookie(next);
      assert.equal(sets(), 0);
      assert.equal(await lengthOf(store), 1);
    }),
  );

  it(
    'A cookie of express-session without its signature opens no session (B231, F138)',
    ported(async (suite) => {
      const { store, cookie, id, visit } = await upgrade(suite, { name: 'sid' });
      const unsigned = await visit('/', { cookie: cookie.replace(/\..*/, '') });
      assert.equal(unsigned.text, '1');
      assert.notEqual(setCookie(unsigned, 'sid'), undefined);
      assert.equal((await visit('/', { cookie: cookieOf(unsigned, 'sid') })).text, '2');
      const [, all] = await answer((done) => store.all(done));
      assert.deepEqual(Object.keys(all as object).sort(), [id, idOf(tokenOf(unsigned, 'sid'))].sort());
    }),
  );
});
