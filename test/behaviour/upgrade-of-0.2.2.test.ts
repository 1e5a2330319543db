/** Tokens of express-session-jwt 0.2.2 open their sessions and are replaced by tokens of today. */
import assert from 'node:assert/strict';
import type session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, decode, setCookie } from '../support/cookies';
import { countChecks } from '../support/cryptography';
import { isSignedBy, issue, recordOf, seconds } from '../support/forge';
import { createKeyPair, keys, otherKeys, secp256k1Keys } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { logOut, regenerate } from '../support/pages';
import type { Handler } from '../support/server';
import { idOf, sesOf, stateOf } from '../support/session-tokens';
import { claimsOfSession, countHits, data, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';
import { idOfToken02, startSession02 } from '../support/token02';

const pages: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/id': (req, res) => res.end(req.sessionID),
  '/data': (req, res) => res.end(JSON.stringify(req.session)),
  '/login': (req, res) => {
    data(req).user = 'bob';
    res.end();
  },
  '/destroy': logOut,
  '/regenerate': regenerate,
};

type Options02 = Parameters<typeof startSession02>[2];

/** A session with 2 hits that 0.2.2 wrote, and a site of this package over the same store. */
async function upgradeSite(
  options: session.SessionOptions = {},
  options02: Options02 = {},
  store: ForeignStore = new ForeignStore(),
) {
  const old = await startSession02(store, { hits: 2 }, options02);
  store.calls.length = 0;
  const site = await serve({ store, ...options }, pages);
  return { store, old, site, calls: () => store.calls.map(({ method, id }) => `${method} ${id}`) };
}

describe('a token of 0.2.2', () => {
  it('opens the record under SHA-256 of its text, which stays there, and gets a token of today (B203, B237)', async () => {
    const { store, old, site, calls } = await upgradeSite();
    const payload = decode(old.token).payload;
    assert.deepEqual(Object.keys(payload).sort(), ['iat', 'nonce']);
    const third = await site.visit('/', old.cookie);
    assert.equal(third.text, '3');
    assert.match(old.id, /^[0-9a-f]{64}$/);
    assert.deepEqual(sesOf(third), { lid: old.id, gen: 1 });
    assert.deepEqual(calls(), [`get ${old.id}`, `set ${old.id}`]);
    assert.equal((await site.visit('/', cookieOf(third))).text, '4');
    assert.deepEqual([...store.records.keys()], [old.id]);
    assert.equal(stateOf(store, old.id).adopted, true);
    for (const cookie of [old.cookie, cookieOf(third)]) {
      assert.equal((await site.visit('/id', cookie)).text, old.id);
    }
  });

  it('is upgraded by a request that changes nothing, without a write (B237)', async () => {
    const { old, site, calls } = await upgradeSite();
    const first = await site.visit('/show', old.cookie);
    assert.equal(first.text, '2');
    assert.deepEqual(calls(), [`get ${old.id}`, `touch ${old.id}`]);
    const second = await site.visit('/show', cookieOf(first));
    assert.equal(second.text, '2');
    assert.equal(setCookie(second), undefined);
  });

  it('is upgraded on a store that compares, by a write that finds nothing of ours (B237)', async () => {
    const store = new ComparingStore();
    const { old, site, calls } = await upgradeSite({}, {}, store);
    await site.visit('/', old.cookie);
    assert.deepEqual(calls(), [`get ${old.id}`, `compareAndSet ${old.id}`]);
    assert.deepEqual(store.expected, [null]);
  });

  it('keeps data and cookie (B237)', async () => {
    const { old, site } = await upgradeSite(
      { cookie: { maxAge: 60_000 } },
      { cookie: { maxAge: 86_400_000, sameSite: 'lax' } },
    );
    const shown = JSON.parse((await site.visit('/data', old.cookie)).text) as Record<string, unknown>;
    const { cookie, ...rest } = shown as { cookie: Record<string, unknown> };
    assert.deepEqual(rest, { hits: 2 });
    assert.equal(cookie.sameSite, 'lax');
    assert.ok(Math.abs(Number(cookie.originalMaxAge) - 86_400_000) < 10);
  });

  it('with claims opens its session, whose claims are those of today (B237)', async () => {
    const { old, site } = await upgradeSite(
      { jwtFromReq: () => ({ role: 'admin' }) },
      { jwtFromReq: () => ({ role: 'admin' }) },
    );
    const first = await site.visit('/', old.cookie);
    assert.equal(first.text, '3');
    const { iat, auth_time: authTime, ...claims } = decode(cookieOf(first).slice(12)).payload;
    assert.deepEqual(claims, { role: 'admin', ses: { lid: old.id, gen: 1 } });
    assert.ok(iat && authTime);
  });

  for (const [name, given] of [
    ['P-256', otherKeys],
    ['secp256k1, as its documentation made them', secp256k1Keys],
  ] as const) {
    it(`is verified with keys on ${name}, the first of the list or a later one (B237)`, async () => {
      for (const list of [given, [keys, { public: given.public }]]) {
        const { old, site } = await upgradeSite({ keys: list }, { keys: given });
        const first = await site.visit('/', old.cookie);
        assert.equal(first.text, '3');
        assert.ok(isSignedBy(cookieOf(first).slice(12), Array.isArray(list) ? keys.public : given.public));
      }
    });
  }

  it('used again, twenty times in parallel, is the same session, and each response has a good token (B237)', async () => {
    const { store, old, site } = await upgradeSite();
    const responses = await Promise.all(Array.from({ length: 20 }, () => site.visit('/show', old.cookie)));
    for (const cookie of new Set(responses.map((res) => cookieOf(res)))) {
      assert.equal((await site.visit('/show', cookie)).text, '2');
    }
    for (const res of responses) assert.deepEqual(sesOf(res), { lid: old.id, gen: 1 });
    assert.deepEqual([...store.records.keys()], [old.id]);
    assert.deepEqual(await lateErrors(site), []);
  });

  it('opens nothing once somebody has signed in (B237)', async () => {
    const { store, old, site } = await upgradeSite({ jwtFromReq: claimsOfSession });
    const login = await site.visit('/login', old.cookie);
    assert.deepEqual(sesOf(login), { lid: old.id, gen: 2 });
    const assertDead = async () => {
      const res = await site.visit('/show', old.cookie);
      assert.equal(res.text, 'undefined');
      assert.equal(setCookie(res), undefined);
    };
    await assertDead();
    store.records.set(old.id, (store.records.get(old.id) ?? '').replace(/"rotatedAt":\d+/, '"rotatedAt":1'));
    await assertDead();
    assert.equal((await site.visit('/show', cookieOf(login))).text, '2');
  });

  for (const path of ['/destroy', '/regenerate']) {
    it(`opens nothing after ${path}, nor does a token that came of it (B236, B237)`, async () => {
      const { store, old, site } = await upgradeSite();
      const upgraded = await site.visit('/', old.cookie);
      const ended = await site.visit(path, old.cookie);
      for (const cookie of [old.cookie, cookieOf(upgraded)]) {
        assert.equal((await site.visit('/show', cookie)).text, 'undefined');
      }
      assert.ok(!store.records.has(old.id));
      if (path === '/regenerate') assert.deepEqual([...store.records.keys()], [idOf(ended)]);
    });
  }

  it('whose text, id or nonce is no credential by itself (B237)', async () => {
    const { old, site } = await upgradeSite({ secret: 'of express-session' });
    const { nonce } = decode(old.token).payload;
    for (const text of [old.id, String(nonce), `s:${old.id}`]) {
      assert.equal((await site.visit('/show', `connect.sid=${text}`)).text, 'undefined');
    }
  });

  it('of another key, with another nonce or with a ses opens nothing (B203, B237)', async () => {
    const { store, site } = await upgradeSite();
    const stranger = createKeyPair();
    for (const token of [
      issue({ iat: seconds(), nonce: 'n' }, stranger),
      issue({ iat: seconds(), nonce: 7 }),
      issue({ iat: seconds(), nonce: 'n', ses: {} }),
      issue({ iat: seconds(), nonce: 'n', ses: null }),
      issue({ iat: seconds(), sub: 'a mail link' }),
    ]) {
      store.records.set(idOfToken02(token), recordOf({ hits: 2 }));
      store.calls.length = 0;
      assert.equal((await site.visit('/show', `connect.sid=${token}`)).text, 'undefined');
      assert.deepEqual(store.calls, []);
    }
    const idToken = issue({ iat: seconds(), nonce: 'of OpenID', sub: 'bob' });
    assert.equal((await site.visit('/show', `connect.sid=${idToken}`)).text, 'undefined');
  });

  it('says nothing to a record that is ours, or was adopted in another way (B221, B237)', async () => {
    const { store, old, site } = await upgradeSite();
    const first = await site.visit('/', old.cookie);
    const text = store.records.get(old.id) ?? '';
    store.records.set(old.id, text.replace(',"adopted":true', ''));
    assert.notEqual(store.records.get(old.id), text);
    for (const cookie of [old.cookie, cookieOf(first)]) {
      assert.equal((await site.visit('/show', cookie)).text, 'undefined');
    }
  });

  it('is not accepted by a verifier without a store, nor is the token that an upgrade gives (B237)', async () => {
    const { old, site } = await upgradeSite({ jwtFromReq: () => ({ role: 'admin' }) });
    const upgraded = cookieOf(await site.visit('/', old.cookie));
    const verifier = await serve(
      { keys: { public: keys.public }, secret: 'of express-session' },
      { '/': (req, res) => res.end(String(req.session.jwt?.role)) },
    );
    for (const cookie of [old.cookie, upgraded]) {
      assert.equal((await verifier.visit('/', cookie)).text, 'undefined');
    }
    const regenerated = cookieOf(await site.visit('/regenerate', upgraded));
    assert.equal((await verifier.visit('/', regenerated)).text, 'admin');
  });

  it('without kid costs at most ten verifications against any number of keys', async () => {
    const list = [...Array.from({ length: 12 }, () => createKeyPair()), keys];
    const { old, site } = await upgradeSite({ keys: list });
    const checks = await countChecks(async () => {
      assert.equal((await site.visit('/show', old.cookie)).text, 'undefined');
    });
    assert.equal(checks, 10);
  });
});
