/** Which cookie of a request is read, in which spelling, and what it opens. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import http from 'node:http';
import { type Request, type Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { breakSignature, byHand } from '../support/by-hand';
import { asymmetric, ecdsa, forge, hmac, recordOf, seconds, type Signer } from '../support/forge';
import { createKeyPair, keys, otherKeys } from '../support/keys';
import { legacyCookie } from '../support/legacy';
import { serverOf } from '../support/server';
import { idOf, recordWith } from '../support/session-tokens';
import { visits } from '../support/visits';
import { asStore, data, serve } from '../support/site';
import { ForeignStore } from '../support/stores';

describe('the cookie of a request', () => {
  /** A server, its store, and the cookie of a session with one visit in it. */
  async function visited(options: session.SessionOptions = {}) {
    const store = new ForeignStore();
    const { server } = await serve({ store, ...options }, visits);
    const first = await request(server).get('/').expect('1');
    const cookie = cookieOf(first);
    const token = tokenOf(first);
    store.calls.length = 0;
    const send = (header: string) => request(server).get('/').set('Cookie', header);
    return { store, server, cookie, token, send };
  }

  /** Asserts that this Cookie header is as good as none: a new session, another id, and the store left in peace. */
  async function assertIgnored({ store, send }: Awaited<ReturnType<typeof visited>>, header: string) {
    const gets = store.count('get');
    const res = await send(header).expect(200);
    assert.equal(res.text, '1', 'the handler sees a fresh session');
    assert(!header.includes(tokenOf(res)), 'the cookie carries another id');
    assert.equal(store.count('get'), gets, 'the store is not asked');
  }

  /** Gives a forged token a stored session, so that accepting it would show. */
  function plant(store: ForeignStore, token: string): void {
    store.records.set(idOf(token), recordWith({ visits: 41 }));
  }

  const unusable: [label: string, header: string | undefined][] = [
    ['no cookie', undefined],
    ['another cookie', 'other=1'],
    ['an unusable cookie', 'connect.sid=garbage'],
  ];
  for (const [label, header] of unusable) {
    it(`leads to next in the same tick, without asking the store, where there is ${label} (B018)`, async () => {
      const store = new ForeignStore();
      const middleware = session({ keys, store: asStore(store) });
      const server = http.createServer((req, res) => {
        let called = false;
        middleware(req as Request, res as Response, (error?: unknown) => {
          assert.equal(error, undefined);
          called = true;
        });
        const generated = (req as Partial<Request>).session instanceof session.Session;
        res.end(JSON.stringify({ called, generated }));
      });
      const pending = request(server).get('/');
      const res = await (header === undefined ? pending : pending.set('Cookie', header));
      assert.deepEqual(JSON.parse(res.text), { called: true, generated: true });
      assert.equal(store.count('get'), 0);
    });
  }

  it('leads to its stored session, with one question to the store (B019)', async () => {
    const { store, server, cookie, token } = await visited();
    await request(server).get('/read').set('Cookie', cookie).expect('1');
    assert.equal(store.count('get'), 1);
    assert.equal(store.calls[0]?.method, 'get');
    assert.equal(store.calls[0].id, idOf(token));
  });

  it('gives req.sessionID before the store answers, the same as the id and what the store is asked for (B019)', async () => {
    const { store, cookie, token } = await visited();
    const middleware = session({ keys, store: asStore(store) });
    let sessionID: unknown;
    const server = serverOf(
      (req, res, next) => {
        middleware(req, res, next);
        sessionID = req.sessionID;
      },
      (req, res) => res.end(JSON.stringify([req.sessionID, req.session.id, data(req).visits])),
    );
    const get = store.hold('get');
    const pending = request(server)
      .get('/')
      .set('Cookie', cookie)
      .then((res) => res);
    await get.reached;
    const id = store.calls.at(-1)?.id;
    assert.equal(id, idOf(token));
    assert.equal(sessionID, id);
    get.release();
    assert.deepEqual(JSON.parse((await pending).text), [id, id, 1]);
  });

  it('is ignored with a character appended (B020)', async () => {
    const setting = await visited();
    for (const character of ['A', '=', '.', '-']) await assertIgnored(setting, setting.cookie + character);
  });

  it('is ignored with any other signature (B020)', async () => {
    const setting = await visited();
    await assertIgnored(setting, breakSignature(setting.cookie));
    const [header, payload] = setting.token.split('.');
    await assertIgnored(setting, `connect.sid=${header ?? ''}.${payload ?? ''}.`);
    const strangers = byHand({}, otherKeys);
    plant(setting.store, strangers);
    await assertIgnored(setting, `connect.sid=${strangers}`);
  });

  const neither = [
    '',
    'garbage',
    '..',
    'a.b',
    'a.b.c',
    's',
    'S:id.signature',
    '%',
    '{}',
    'j:{"a":1}',
    '__proto__',
  ];
  for (const value of neither) {
    it(`is ignored where it is neither a token nor a legacy value: "${value}" (B021)`, async () => {
      await assertIgnored(await visited(), `connect.sid=${value}`);
    });
  }

  it('is accepted when put together by hand but rightly, so that refusals below mean something', async () => {
    const { store, send } = await visited();
    for (const payload of [{}, { exp: seconds() + 60 }, { nbf: seconds() - 60 }]) {
      const token = byHand(payload);
      plant(store, token);
      await send(`connect.sid=${token}`).expect('42');
    }
  });

  describe('whose header does not say ES256', () => {
    const rsa = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    const p384 = createKeyPair('secp384r1');
    const algorithms = [
      undefined,
      'none',
      'NONE',
      'HS256',
      'RS256',
      'PS256',
      'ES384',
      'ES512',
      'ES256K',
      'EdDSA',
    ];
    const odd = ['es256', '', 256, ['ES256']];

    const token = (alg: unknown, signer?: Signer) =>
      forge({ alg, typ: 'JWT' }, { iat: seconds(), ses: { id: 'forged', gen: 1 } }, signer);
    const tokens: [label: string, create: () => string][] = [
      ['none, unsigned', () => token('none', () => Buffer.alloc(0))],
      ['HS256, keyed with the public PEM', () => token('HS256', hmac(keys.public))],
      ['RS256, signed with an RSA key', () => token('RS256', asymmetric(rsa.privateKey, 'sha256'))],
      ['ES384, signed with a P-384 key', () => token('ES384', ecdsa(p384.private, 'sha384'))],
      ...[...algorithms, ...odd].map((alg): [string, () => string] => [
        `${alg === undefined ? 'nothing' : JSON.stringify(alg)}, though signed with our key`,
        () => token(alg),
      ]),
    ];
    for (const [label, create] of tokens) {
      it(`but ${label}, is ignored (B022)`, async () => {
        const setting = await visited();
        const forged = create();
        plant(setting.store, forged);
        await assertIgnored(setting, `connect.sid=${forged}`);
      });
    }
  });

  const times: [label: string, payload: () => object][] = [
    ['exp in the past', () => ({ exp: seconds() - 60 })],
    ['nbf in the future', () => ({ nbf: seconds() + 60 })],
    ['exp that is text', () => ({ exp: String(seconds() + 60) })],
    ['nbf that is text', () => ({ nbf: String(seconds() - 60) })],
    ['exp null', () => ({ exp: null })],
    ['nbf null', () => ({ nbf: null })],
    ['exp true', () => ({ exp: true })],
    ['nbf in an array', () => ({ nbf: [seconds() - 60] })],
  ];
  for (const [label, payload] of times) {
    it(`is ignored with ${label}, though rightly signed (B023)`, async () => {
      const setting = await visited();
      const token = byHand(payload());
      plant(setting.store, token);
      await assertIgnored(setting, `connect.sid=${token}`);
    });
  }

  it('is no longer accepted from the second in which it expires (B023)', async () => {
    const { store, send } = await visited();
    const payload = { exp: seconds() + 60 };
    const token = byHand(payload);
    plant(store, token);
    await send(`connect.sid=${token}`).expect('42');
    const ended = byHand({ exp: seconds() });
    plant(store, ended);
    await send(`connect.sid=${ended}`).expect('1');
  });

  describe('in another spelling', () => {
    async function assertStranger(
      setting: Awaited<ReturnType<typeof visited>>,
      spelling: string,
    ): Promise<void> {
      assert.notEqual(spelling, setting.token);
      const before = new Map(setting.store.records);
      await assertIgnored(setting, `connect.sid=${spelling}`);
      for (const [id, text] of before) assert.equal(setting.store.records.get(id), text);
    }

    it('by the second root of its signature, opens what it opens, and nothing else (B024)', async () => {
      const { token, send, store } = await visited();
      const [header = '', payload = '', signature = ''] = token.split('.');
      const bytes = Buffer.from(signature, 'base64url');
      const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
      const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
      const second = Buffer.concat([
        bytes.subarray(0, 32),
        Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
      ]);
      const key = { key: createPublicKey(keys.public), dsaEncoding: 'ieee-p1363' as const };
      assert(verify('sha256', Buffer.from(`${header}.${payload}`), key, second), 'it is a good signature');
      const spelling = `connect.sid=${header}.${payload}.${second.toString('base64url')}`;
      const res = await send(spelling).expect('2');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual([...store.records.keys()], [idOf(token)]);
      store.records.clear();
      await send(spelling).expect('1');
    });

    it('by stray bits of base64url padding, does not reach the session (B024)', async () => {
      const setting = await visited();
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      const last = alphabet.indexOf(setting.token.at(-1) ?? '');
      for (const stray of [1, 2, 4, 8, 15]) {
        const spelling = setting.token.slice(0, -1) + (alphabet[last | stray] ?? '');
        const bytes = (token: string) => Buffer.from(token.split('.')[2] ?? '', 'base64url');
        assert.deepEqual(bytes(spelling), bytes(setting.token), 'it is the same signature');
        await assertStranger(setting, spelling);
      }
    });

    it('by padding or by the alphabet of plain base64, does not reach the session (B024)', async () => {
      const setting = await visited();
      await assertStranger(setting, `${setting.token}==`);
      let token = setting.token;
      while (!/[-_]/.test(token.split('.')[2] ?? '')) token = byHand();
      plant(setting.store, token);
      await setting.send(`connect.sid=${token}`).expect('42');
      setting.store.calls.length = 0;
      await assertStranger({ ...setting, token }, token.replaceAll('-', '+').replaceAll('_', '/'));
    });
  });

  describe('among several of its name', () => {
    const stale = (count: number) =>
      Array.from({ length: count }, () => `connect.sid=${byHand({}, otherKeys)}`);

    for (const position of [1, 2, 3, 4]) {
      it(`is found at position ${String(position)} behind stale ones (B025)`, async () => {
        const { cookie, send } = await visited();
        await send(['a=b', ...stale(position - 1), cookie, 'c=d'].join('; ')).expect('2');
      });
    }

    it('is not looked for beyond the fourth (B025)', async () => {
      const setting = await visited();
      await assertIgnored(setting, [...stale(4), setting.cookie].join('; '));
    });

    it('is the first whose session lives (B025)', async () => {
      const { server, cookie, send, store } = await visited();
      const another = cookieOf(await request(server).get('/').expect('1'));
      await send(another).expect('2');
      await send([...stale(1), cookie, another].join('; ')).expect('2');
      await send([...stale(1), another, cookie].join('; ')).expect('3');
      // One that the store does not know, and one of an older generation that ended long ago.
      const forgotten = byHand({ ses: { id: 'forgotten', gen: 1 } });
      const superseded = byHand({ ses: { id: 'rotated', gen: 1 } });
      store.records.set(idOf(superseded), recordWith({ visits: 41 }, { gen: 2, rotatedAt: 1 }));
      store.calls.length = 0;
      const res = await send(`connect.sid=${forgotten}; connect.sid=${superseded}; ${cookie}`).expect('3');
      assert.deepEqual(
        store.calls.filter(({ method }) => method === 'get').map(({ id }) => id),
        [forgotten, superseded, cookie.slice('connect.sid='.length)].map((token) => idOf(token)),
      );
      assert.equal(setCookie(res), undefined);
      await send(`connect.sid=${forgotten}; connect.sid=${superseded}`).expect('1');
    });

    it('has a name to which other blanks than space and tab belong (B025)', async () => {
      const setting = await visited();
      const { cookie, send } = setting;
      await send(`a=b;\t ${cookie} \t;c=d`).expect('2');
      for (const blank of ['\u00a0', '\u0085']) await assertIgnored(setting, blank + cookie);
    });

    it('is read with a value that is percent-encoded (B025)', async () => {
      const { token, send } = await visited();
      await send(`connect.sid=${token.replaceAll('.', '%2E')}`).expect('2');
      await send(`connect.sid=%65${token.slice(1)}`).expect('3');
    });

    it('is left as it is where the percent-encoding is malformed (B025)', async () => {
      const { store, send, cookie } = await visited({ secret: 'keyboard cat' });
      const encoded = legacyCookie('100%-real', 'keyboard cat').slice('connect.sid='.length);
      const malformed = decodeURIComponent(encoded);
      assert.throws(() => decodeURIComponent(malformed));
      store.records.set('100%-real', recordOf({ visits: 41 }));
      await send(`connect.sid=${malformed}`).expect('42');
      await send(`connect.sid=%E0%A4%A; ${cookie}`).expect('2');
    });

    it('is read without the double quotes around it (B025)', async () => {
      const { token, send } = await visited();
      await send(`connect.sid="${token}"`).expect('2');
      await send(`a="b"; connect.sid="${token}"; c="d"`).expect('3');
    });

    it('is read from a whole Set-Cookie line that comes back as Cookie (B025)', async () => {
      const { server, visit } = await serve({ cookie: { maxAge: 60_000, sameSite: 'lax' } }, visits);
      const line = setCookie(await request(server).get('/').expect('1')) ?? '';
      assert.match(line, /; Path=\/; Expires=.*; HttpOnly; SameSite=Lax$/);
      assert.equal((await visit('/', line)).text, '2');
    });
  });
});
