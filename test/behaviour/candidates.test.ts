/** A request may carry several cookies of the name; this says which of them is tried, and which opens a session. */
import assert from 'node:assert/strict';
import session from '../../src';
import { breakSignature, byHand } from '../support/by-hand';
import { cookieOf, setCookie, setCookies, tokenOf } from '../support/cookies';
import { countChecks } from '../support/cryptography';
import { adding, serveAfter } from '../support/earlier-middleware';
import { ecdsa, issue, recordOf, seconds } from '../support/forge';
import { createKeyPair, keys } from '../support/keys';
import { legacyCookie, legacySecret, startLegacySession } from '../support/legacy';
import { logOut, regenerate } from '../support/pages';
import { idOf, recordWith, sesOf } from '../support/session-tokens';
import { countHits, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';
import { idOfToken02 } from '../support/token02';

async function setUp(options: session.SessionOptions = {}) {
  const store = new ForeignStore();
  const site = await serve(
    { store, secret: legacySecret, ...options },
    {
      '/': countHits,
      '/show': showHits,
      '/destroy': logOut,
      '/regenerate': regenerate,
    },
  );
  /** The token of a session that has this many hits, or of one that the store does not know. */
  const tokenOf = (handle: string, hits?: number, state: object = {}) => {
    const token = byHand({ ses: { id: handle, gen: 1 } });
    if (hits !== undefined) store.records.set(idOf(token), recordWith({ hits }, state));
    return token;
  };
  return { store, site, tokenOf };
}

const pair = (value: string): string => `connect.sid=${value}`;

describe('several cookies of the name', () => {
  it('are tried in order, and the first whose session lives is used (B025)', async () => {
    const { store, site, tokenOf } = await setUp();
    const [lost, first, second] = [tokenOf('lost'), tokenOf('first', 10), tokenOf('second', 20)];
    assert.equal((await site.visit('/show', [lost, first, second].map(pair).join('; '))).text, '10');
    assert.deepEqual(
      store.calls.filter(({ method }) => method === 'get').map(({ id }) => id),
      [idOf(lost), idOf(first)],
    );
    assert.equal((await site.visit('/show', [lost, second, first].map(pair).join('; '))).text, '20');
  });

  for (const path of ['/destroy', '/regenerate']) {
    it(`lead ${path} to the one that lives, though another request is ending the one before it (B025 B252)`, async () => {
      const { store, site, tokenOf } = await setUp();
      const [ending, living] = [tokenOf('ending', 10), tokenOf('living', 20)];
      const held = store.hold('destroy');
      const logout = site.visit('/destroy', pair(ending));
      await held.reached;
      await site.visit(path, [ending, living].map(pair).join('; '));
      assert.equal(store.records.has(idOf(living)), false);
      held.release();
      await logout;
    });
  }

  it('are passed over where the store has the session in another generation (B025)', async () => {
    const { site, tokenOf } = await setUp();
    const living = tokenOf('living', 10);
    for (const state of [
      { gen: 2, rotatedAt: Date.now() },
      { gen: 2, rotatedAt: Date.now() - 60_000 },
    ]) {
      const old = tokenOf('old', 20, state);
      assert.equal((await site.visit('/show', `${pair(old)}; ${pair(living)}`)).text, '10');
      assert.equal((await site.visit('/show', `${pair(living)}; ${pair(old)}`)).text, '10');
    }
  });

  it('may be tokens and cookies of express-session, mixed (B025)', async () => {
    const { store, site, tokenOf } = await setUp();
    store.records.set('old-id', recordOf({ hits: 30 }));
    const cookies = [pair(tokenOf('lost')), legacyCookie('unknown'), legacyCookie('old-id')];
    const res = await site.visit('/show', [...cookies, pair(tokenOf('living', 10))].join('; '));
    assert.equal(res.text, '30');
    assert.deepEqual(sesOf(res), { lid: 'old-id', gen: 1 });
  });

  it('are tried to the fourth that is well-formed, and no further (B025)', async () => {
    const { store, site, tokenOf } = await setUp();
    const living = pair(tokenOf('living', 10));
    const lost = ['a', 'b', 'c'].map((handle) => pair(tokenOf(handle)));
    const garbage = ['connect.sid', pair(''), pair('garbage'), 'other=1', pair('a.b.c')];
    assert.equal(
      (await site.visit('/show', [...garbage, ...lost, ...garbage, living].join('; '))).text,
      '10',
    );
    assert.equal(store.count('get'), 4);
    const four = [...lost, pair(breakSignature(byHand()))];
    assert.equal((await site.visit('/show', [...four, living].join('; '))).text, 'undefined');
    assert.equal(store.count('get'), 7, 'a broken one counts, though no store is asked for it');
  });

  it('leave a request without a session where none lives (B025)', async () => {
    const { site, tokenOf } = await setUp();
    const res = await site.visit('/', `${pair(tokenOf('lost'))}; ${legacyCookie('unknown')}`);
    assert.equal(res.text, '1');
    assert.equal(setCookies(res).length, 1);
  });

  it('fail the request where the store fails for one of them (B025, B126)', async () => {
    const { store, site, tokenOf } = await setUp();
    const living = tokenOf('living', 10);
    store.failures.get = new Error('boom!');
    const res = await site.get('/', `${pair(tokenOf('lost'))}; ${pair(living)}`);
    assert.deepEqual([res.status, res.text], [500, 'boom!']);
  });

  for (const path of ['/destroy', '/regenerate']) {
    it(`end the session that lives by ${path}, not the one that is superseded (B025, B243)`, async () => {
      const { store, site, tokenOf } = await setUp();
      const old = tokenOf('old', 20, { gen: 2, rotatedAt: Date.now() });
      const living = tokenOf('living', 10);
      await site.visit(path, `${pair(old)}; ${pair(living)}`);
      assert.ok(!store.records.has(idOf(living)));
      assert.ok(store.records.has(idOf(old)));
    });
  }

  it('cost ten verifications at most, whatever they hold', async () => {
    const many = Array.from({ length: 10 }, () => createKeyPair());
    const { store, site } = await setUp({ keys: many });
    const stranger = createKeyPair();
    const forged = Array.from({ length: 4 }, (_, at) =>
      issue({ iat: seconds(), nonce: String(at) }, stranger),
    );
    for (const token of forged) store.records.set(idOfToken02(token), recordOf({ hits: 5 }));
    const checks = await countChecks(async () => {
      assert.equal((await site.visit('/show', forged.map(pair).join('; '))).text, 'undefined');
    });
    assert.equal(checks, 10);
    assert.equal(store.count('get'), 0);
  });

  it('cost one verification each where they name their key, and none once they are known', async () => {
    const { site } = await setUp();
    const cookie = cookieOf(await site.visit('/'));
    const broken = [10, 20, 30].map((end) => {
      const flipped = cookie.at(-end) === 'A' ? 'B' : 'A';
      return cookie.slice(0, -end) + flipped + cookie.slice(1 - end);
    });
    const checks = await countChecks(async () => {
      assert.equal((await site.visit('/show', [...broken, cookie].join('; '))).text, '1');
    });
    assert.equal(checks, 3);
  });
});

describe('the value of a cookie', () => {
  it('is percent-decoded, and left as it is where that is malformed (B025)', async () => {
    const { store, site, tokenOf } = await setUp();
    const token = tokenOf('handle', 10);
    assert.equal((await site.visit('/show', pair(token.replaceAll('.', '%2E')))).text, '10');
    store.records.set('100%', recordOf({ hits: 30 }));
    const [, value = ''] = legacyCookie('100%').split('=');
    assert.equal((await site.visit('/show', pair(decodeURIComponent(value)))).text, '30');
  });

  it('may stand in double quotes (B025)', async () => {
    const { site, tokenOf } = await setUp();
    const token = tokenOf('handle', 10);
    assert.equal((await site.visit('/show', pair(`"${token}"`))).text, '10');
    assert.equal((await site.visit('/show', pair(`"${token}`))).text, 'undefined');
    assert.equal((await site.visit('/show', pair('"'))).text, 'undefined');
  });

  it('may have spaces and tabs around it and around its name (B025)', async () => {
    const { site, tokenOf } = await setUp();
    const token = tokenOf('handle', 10);
    assert.equal((await site.visit('/show', `a=b; \t connect.sid \t=\t ${token} \t; c=d`)).text, '10');
  });

  for (const [name, character] of [
    ['a no-break space', '\u00a0'],
    ['a next-line character', '\u0085'],
    ['a soft hyphen', '\u00ad'],
  ] as const) {
    it(`is that of another cookie where ${name} is a part of its name (B025)`, async () => {
      const { store, site, tokenOf } = await setUp({
        name: '__Host-sid',
        proxy: true,
        cookie: { secure: true },
      });
      const token = tokenOf('handle', 10);
      assert.equal((await site.visit('/show', `__Host-sid=${token}`)).text, '10');
      store.calls.length = 0;
      for (const other of [`${character}__Host-sid`, `__Host-sid${character}`]) {
        assert.equal((await site.visit('/show', `${other}=${token}`)).text, 'undefined');
      }
      assert.equal((await site.visit('/show', `__Host-sid=${character}${token}`)).text, 'undefined');
      assert.equal((await site.visit('/show', `__Host-sid=${token}${character}`)).text, 'undefined');
      assert.deepEqual(store.calls, []);
    });
  }

  it('works where a whole Set-Cookie line is sent back (B025)', async () => {
    const { site } = await setUp({ cookie: { maxAge: 60_000 } });
    const line = setCookie(await site.visit('/')) ?? '';
    assert.match(line, /; Path=\/; Expires=/);
    assert.equal((await site.visit('/', line)).text, '2');
  });
});

describe('a rightly signed token', () => {
  const now = seconds();

  for (const [name, claims] of [
    ['that has expired', { exp: now - 1 }],
    ['that is not valid yet', { nbf: now + 600 }],
    ['whose exp is text', { exp: String(now + 600) }],
    ['whose nbf is null', { nbf: null }],
    ['whose iat is a list', { iat: [now] }],
    ['whose auth_time is true', { auth_time: true }],
  ] as [string, object][]) {
    it(`${name} opens nothing, and no store is asked (B023)`, async () => {
      const { store, site } = await setUp();
      const token = byHand({ ses: { id: 'handle', gen: 1 }, ...claims });
      store.records.set(idOf(token), recordWith({ hits: 10 }));
      const res = await site.visit('/', pair(token));
      assert.equal(res.text, '1');
      assert.equal(store.count('get'), 0);
      assert.notEqual(sesOf(res).id, 'handle');
    });
  }

  it('that is from a time to come opens nothing where its age counts (B023)', async () => {
    const token = byHand({ ses: { id: 'handle', gen: 1 }, iat: now + 600 });
    for (const [jwt, text] of [
      [{ maxTokenAge: '1h' }, 'undefined'],
      [{ maxTokenAge: '1h', clockTolerance: 900 }, '10'],
      [{}, '10'],
    ] as [session.SessionOptions['jwt'], string][]) {
      const { store, site } = await setUp({ jwt });
      store.records.set(idOf(token), recordWith({ hits: 10 }));
      assert.equal((await site.visit('/show', pair(token))).text, text);
    }
  });

  it('that has expired by jwt.expiresIn still opens its session at the issuer (B023)', async () => {
    const { store, site } = await setUp({ keys, jwt: { expiresIn: 60 } });
    const token = byHand({ ses: { id: 'handle', gen: 1, exp: true }, iat: now - 120, exp: now - 60 });
    store.records.set(idOf(token), recordWith({ hits: 10 }));
    const res = await site.visit('/show', pair(token));
    assert.equal(res.text, '10');
    assert.equal(sesOf(res).id, 'handle');
  });

  it('in another spelling opens what it opens itself, or nothing (B024)', async () => {
    const { store, site, tokenOf } = await setUp();
    const token = tokenOf('handle', 10);
    const [header, payload, signature] = token.split('.');
    const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const stray = token.slice(0, -1) + (last[last.indexOf(token.slice(-1)) + 1] ?? '');
    const json = JSON.stringify({ protected: header, payload, signature });
    for (const other of [stray, `${token}=`, encodeURIComponent(json)]) {
      assert.equal((await site.visit('/show', pair(other))).text, 'undefined');
    }
    assert.equal(store.count('get'), 0);
    const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
    const bytes = Buffer.from(signature ?? '', 'base64url');
    const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
    bytes.write((order - s).toString(16).padStart(64, '0'), 32, 'hex');
    const twin = [header, payload, bytes.toString('base64url')].join('.');
    for (const text of [twin, token, twin]) assert.equal((await site.visit('/show', pair(text))).text, '10');
  });
});

describe('cookies of the request', () => {
  for (const secret of [42, legacySecret, [legacySecret]]) {
    it(`are not verified by req.secret, here ${JSON.stringify(secret)} (B116)`, async () => {
      const store = new ForeignStore();
      const legacy = await startLegacySession(store, { hits: 41 });
      const site = await serveAfter(adding({ secret }), { store }, countHits);
      const res = await site.get('/', legacy.cookie);
      assert.equal(res.status, 200);
      assert.equal(res.text, '1');
      assert.equal(store.count('get'), 0);
    });
  }

  it('with a signed payload that is no JSON are ignored (B021)', async () => {
    const { store, get } = await serve({ store: new ForeignStore() }, countHits);
    const input = ['{"alg":"ES256"}', '{"user":"bob"']
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
    const token = `${input}.${ecdsa(keys.private)(Buffer.from(input)).toString('base64url')}`;
    const res = await get('/', `connect.sid=${token}`);
    assert.equal(res.text, '1');
    assert.notEqual(tokenOf(res), token);
    assert.equal(store.count('get'), 0);
  });
});
