import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import type { Request } from 'express';
import session from '../src';
import { withFrozenClock } from './support/clock';
import { cookieOf, decode, digest, setCookie, tokenOf } from './support/cookies';
import { forge, issue, isSignedBy, recordOf, seconds } from './support/forge';
import { keys } from './support/keys';
import { lateErrors } from './support/late-errors';
import { loose } from './support/loose';
import type { Handler } from './support/server';
import { asStore, closeSites, countHits, data, openSite, showHits, type Site } from './support/site';
import { ForeignStore } from './support/stores';

const idBytes = (jti: string): Buffer => Buffer.from(jti, 'base64url');

const bits = (bytes: Buffer): string =>
  Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');

/** How many bits of these equally long ids differ between at least two of them. */
function varyingBits(ids: string[]): number {
  const rows = ids.map((id) => bits(idBytes(id)));
  return Array.from(rows[0] ?? '').filter((bit, at) => rows.some((row) => row[at] !== bit)).length;
}

/** A site over a store in which this token's digest leads to a session with 41 hits. */
async function siteKnowing(token: string): Promise<{ site: Site; store: ForeignStore }> {
  const store = new ForeignStore();
  store.records.set(digest(token), recordOf({ hits: 41 }));
  const site = await openSite({ store: asStore(store) }, { '/': countHits });
  return { site, store };
}

async function assertAccepted(token: string): Promise<void> {
  const { site } = await siteKnowing(token);
  const res = await site.visit('/', `connect.sid=${token}`);
  assert.equal(res.text, '42');
}

/** The token's record lies ready in the store, so only the token itself can be what is refused. */
async function assertRejected(token: string): Promise<void> {
  const { site, store } = await siteKnowing(token);
  const res = await site.visit('/', `connect.sid=${token}`);
  assert.equal(res.text, '1');
  assert.notEqual(tokenOf(res), token);
  assert.equal(store.count('get'), 0, 'the store was asked for a token that does not verify');
}

describe('genid', () => {
  afterEach(closeSites);

  for (const genid of ['bogus!', 42, true, {}]) {
    it(`refuses ${JSON.stringify(genid)} in the factory (B090)`, () => {
      assert.throws(
        () => session(loose({ keys, genid })),
        (error: unknown) =>
          error instanceof TypeError && error.message.includes('genid option must be a function'),
      );
    });
  }

  for (const genid of [undefined, null, false, 0, '']) {
    it(`takes ${inspect(genid)} as the default (B090)`, async () => {
      const site = await openSite(loose({ genid }), { '/': countHits });
      const first = await site.visit('/');
      assert.match(String(decode(tokenOf(first)).payload.jti), /^[\w-]{22,}$/);
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    });
  }

  it('is not needed for a session cookie to be set (B091)', async () => {
    const site = await openSite({}, { '/': countHits });
    const res = await site.visit('/');
    assert.ok(isSignedBy(tokenOf(res), keys.public));
  });

  it('gives every id 128 random bits or more by default, after regenerate as well (B091)', async () => {
    const ids: string[] = [];
    const site = await openSite(
      {},
      {
        '/': async (req, res) => {
          for (let turns = 0; turns < 64; turns++) {
            ids.push(String(decode(req.sessionID).payload.jti));
            await req.session.regenerate();
          }
          res.end();
        },
      },
    );
    await site.visit('/');
    assert.equal(new Set(ids).size, 64);
    // The whole alphabet in use: the bits counted below are not those of hexadecimal digits, half of which are fixed.
    assert.ok(new Set(ids.join('')).size > 60, 'the ids are not base64url');
    const lengths = new Set(ids.map((id) => idBytes(id).length));
    assert.equal(lengths.size, 1);
    assert.ok(varyingBits(ids) >= 128, `${String(varyingBits(ids))} bits`);
  });

  for (const [id, genid] of [
    ['apple', () => 'apple'],
    ['%', () => '%'],
    ['/foo', (req: Request) => req.url],
  ] as const) {
    it(`puts what it returns, ${id}, into the jti claim of a signed token (B092)`, async () => {
      const site = await openSite({ genid }, { '/foo': countHits });
      const token = tokenOf(await site.visit('/foo'));
      assert.ok(isSignedBy(token, keys.public));
      assert.equal(decode(token).payload.jti, id);
    });

    it(`makes sessions that are found again by their cookie when it returns ${id} (B093)`, async () => {
      const site = await openSite({ genid }, { '/foo': countHits });
      const first = await site.visit('/foo');
      const second = await site.visit('/foo', cookieOf(first));
      assert.equal(first.text, '1');
      assert.equal(second.text, '2');
    });
  }

  it('may return the same id to everybody without two clients sharing a session (B094)', async () => {
    await withFrozenClock(async () => {
      const store = new ForeignStore();
      const site = await openSite(
        { store: asStore(store), genid: () => 'same', jwtFromReq: () => ({ role: 'guest' }) },
        { '/': countHits, '/show': showHits },
      );
      const one = await site.visit('/');
      const two = await site.visit('/');
      assert.deepEqual([one.text, two.text], ['1', '1']);
      assert.notEqual(tokenOf(one), tokenOf(two));
      // The same second, id and claims: what tells the two tokens apart is nothing this test left different.
      assert.equal(decode(tokenOf(one)).payload.iat, decode(tokenOf(two)).payload.iat);
      assert.equal(store.records.size, 2);

      assert.equal((await site.visit('/', cookieOf(one))).text, '2');
      assert.equal((await site.visit('/show', cookieOf(two))).text, '1');
    });
  });

  for (const [name, value] of [
    ['a number', 42],
    ['undefined', undefined],
    ['null', null],
    ['an object', {}],
    ['a function', () => 'apple'],
    ['a promise', Promise.resolve('apple')],
  ] as const) {
    it(`leaves a usable session that is neither saved nor sent when it returns ${name} (B095)`, async () => {
      const store = new ForeignStore();
      const site = await openSite(loose({ genid: () => value, store, saveUninitialized: true }), {
        '/': (req, res) => {
          data(req).user = 'bob';
          res.end(JSON.stringify(req.session));
        },
      });
      const res = await site.visit('/');
      const { user, cookie } = JSON.parse(res.text) as { user: unknown; cookie: { path: unknown } };
      assert.equal(user, 'bob');
      assert.equal(cookie.path, '/');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  for (const [name, cookie] of [
    ['no cookie', undefined],
    ['a cookie whose session is gone', `connect.sid=${issue({ jti: 'gone', iat: seconds() })}`],
  ] as const) {
    it(`hands an error it throws to next for a request with ${name} (B096)`, async () => {
      const store = new ForeignStore();
      const genid = () => {
        throw new Error('no id today');
      };
      const site = await openSite(
        { genid, store: asStore(store) },
        { '/': countHits, '/nothing': (_, res) => res.end() },
      );
      for (const path of ['/', '/nothing']) {
        const res = await site.get(path, cookie);
        assert.equal(res.status, 500);
        assert.equal(res.text, 'no id today');
        assert.equal(setCookie(res), undefined);
      }
      assert.equal(store.count('set'), 0);
    });
  }

  describe('is called', () => {
    /** A site that notes each request for which genid was called. */
    async function countingSite(): Promise<{ site: Site; urls: string[] }> {
      const urls: string[] = [];
      const genid = (req: Request) => {
        urls.push(req.url);
        return `id ${String(urls.length)}`;
      };
      const logIn: Handler = (req, res) => {
        Object.assign(req, { user: 101 });
        res.end();
      };
      const regenerate: Handler = async (req, res) => {
        await req.session.regenerate();
        data(req).hits = 7;
        res.end();
      };
      const jwtFromReq = (req: Request) => ('user' in req ? { user_id: req.user } : null);
      const site = await openSite(
        { genid, jwtFromReq },
        { '/': countHits, '/login': logIn, '/new': regenerate },
      );
      return { site, urls };
    }

    it('once for a new session and not for a loaded one (B097)', async () => {
      const { site, urls } = await countingSite();
      const first = await site.visit('/');
      await site.visit('/', cookieOf(first));
      assert.deepEqual(urls, ['/']);
      assert.equal(decode(tokenOf(first)).payload.jti, 'id 1');
    });

    it('once by regenerate (B097)', async () => {
      const { site, urls } = await countingSite();
      const first = await site.visit('/');
      const second = await site.visit('/new', cookieOf(first));
      assert.deepEqual(urls, ['/', '/new']);
      assert.equal(decode(tokenOf(second)).payload.jti, 'id 2');
    });

    it('once by rotation (B097)', async () => {
      const { site, urls } = await countingSite();
      const first = await site.visit('/');
      const second = await site.visit('/login', cookieOf(first));
      assert.deepEqual(urls, ['/', '/login']);
      assert.equal(decode(tokenOf(second)).payload.jti, 'id 2');
    });
  });
});

describe('a token', () => {
  afterEach(closeSites);

  const payload = { jti: 'forged', iat: seconds() };

  it('made outside with the right header, key and payload is accepted (B022)', async () => {
    await assertAccepted(forge({ alg: 'ES256', typ: 'JWT' }, payload));
  });

  const now = seconds();

  it('with exp ahead and nbf past is accepted (B023)', async () => {
    await assertAccepted(issue({ ...payload, exp: now + 600, nbf: now - 600 }));
  });

  const times: [string, object][] = [
    ['exp in the past', { exp: now - 1 }],
    ['exp at this very second', { exp: now }],
    ['exp at the epoch', { exp: 0 }],
    ['nbf in the future', { nbf: now + 600 }],
    ['exp past and nbf past', { exp: now - 5, nbf: now - 10 }],
  ];
  for (const name of ['exp', 'nbf']) {
    const far = name === 'exp' ? String(now + 600) : String(now - 600);
    for (const value of ['tomorrow', far, null, true, {}, [Number(far)]]) {
      times.push([`${inspect(value).replace(far, 'a number')} for ${name}`, { [name]: value }]);
    }
  }
  for (const [name, claims] of times) {
    it(`with ${name} is rejected though its signature is good (B023)`, async () => {
      await assertRejected(issue({ ...payload, ...claims }));
    });
  }

  it('that was accepted a moment ago is rejected from its exp on (B023)', async () => {
    await withFrozenClock(async ({ tick }) => {
      const token = issue({ ...payload, exp: seconds() + 10 });
      const { site, store } = await siteKnowing(token);
      assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '42');
      tick(9_000);
      assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '43');
      tick(1_000);
      const before = store.count('get');
      const res = await site.visit('/', `connect.sid=${token}`);
      assert.equal(res.text, '1');
      assert.notEqual(tokenOf(res), token);
      assert.equal(store.count('get'), before);
    });
  });

  it('that came too early is accepted from its nbf on (B023)', async () => {
    await withFrozenClock(async ({ tick }) => {
      const token = issue({ ...payload, nbf: seconds() + 10 });
      const { site } = await siteKnowing(token);
      assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '1');
      tick(10_000);
      assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '42');
    });
  });

  const signatureOf = (token: string): string => token.slice(token.lastIndexOf('.') + 1);
  const withSignature = (token: string, signature: string): string =>
    `${token.slice(0, token.lastIndexOf('.'))}.${signature}`;

  /** The other s that satisfies the ECDSA equation: n - s. */
  function otherRoot(token: string): string {
    const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
    const bytes = Buffer.from(signatureOf(token), 'base64url');
    const s = BigInt(`0x${bytes.subarray(32).toString('hex')}`);
    const other = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex');
    return withSignature(token, Buffer.concat([bytes.subarray(0, 32), other]).toString('base64url'));
  }

  /** The last character of 64 bytes in base64url has four bits that decode to nothing. */
  function strayBits(token: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(token.slice(-1));
    return token.slice(0, -1) + (alphabet[last + 1] ?? '');
  }

  const spellings: [string, (token: string) => string][] = [
    ['with the second ECDSA root', otherRoot],
    ['with stray padding bits at its end', strayBits],
    ['with base64 padding', (token) => `${token}==`],
    [
      'with a blank in the middle of its signature',
      (token) => `${token.slice(0, -40)}%20${token.slice(-40)}`,
    ],
    ['with a fourth segment', (token) => `${token}.`],
  ];
  for (const [name, respell] of spellings) {
    it(`spelled another way, ${name}, does not reach the session (B024)`, async () => {
      const site = await openSite({}, { '/': countHits, '/show': showHits });
      const first = await site.visit('/');
      const token = tokenOf(first);
      const other = respell(token);
      assert.notEqual(other, token);

      const res = await site.visit('/', `connect.sid=${other}`);
      assert.equal(res.text, '1');
      assert.notEqual(tokenOf(res), token);
      assert.equal((await site.visit('/show', cookieOf(first))).text, '1');
    });
  }

  it('respelled as in these cases still carries a signature that is mathematically good (B024)', () => {
    const token = issue(payload);
    assert.ok(isSignedBy(otherRoot(token), keys.public));
    assert.ok(isSignedBy(strayBits(token), keys.public));
    assert.notEqual(digest(otherRoot(token)), digest(token));
  });
});
