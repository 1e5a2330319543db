/** How the middleware takes a request: which obstacles it meets first, which cookie it reads, and the new session. */
import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import express, { type Request, type RequestHandler, type Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie, setCookies, tokenOf } from '../support/cookies';
import { debugLines } from '../support/debug-lines';
import { breakSignature, byHand } from '../support/by-hand';
import { asymmetric, ecdsa, forge, hmac, recordOf, seconds, type Signer } from '../support/forge';
import { createKeyPair, keys, otherKeys } from '../support/keys';
import { legacyCookie } from '../support/legacy';
import { recordNext } from '../support/next-calls';
import { serverOf, type Handler } from '../support/server';
import { idOf, recordWith } from '../support/session-tokens';
import { countVisit, visits } from '../support/visits';
import { asStore, data, serve } from '../support/site';
import { ForeignStore } from '../support/stores';
import { requestText, Wire, withServer } from '../support/wire';

const express4 = createRequire(__filename)('express4') as typeof express;

/** The middleware after `prepare` has had its way with the request. */
const prepared =
  (middleware: RequestHandler, prepare: (req: Request, res: Response) => void): RequestHandler =>
  (req, res, next) => {
    prepare(req, res);
    middleware(req, res, next);
  };

/** Tells whether the request came with a session. */
const hasSession: Handler = (req, res) => {
  const present = (req as Partial<Request>).session !== undefined;
  if (present) countVisit(req);
  res.end(present ? 'session' : 'no session');
};

/** Visits `url` and tells whether there was a session; a session means a cookie, none means none. */
async function getsSession(server: Parameters<typeof request>[0], url: string): Promise<boolean> {
  const res = await request(server).get(url).expect(200);
  assert.match(res.text, /^(no )?session$/);
  assert.equal(setCookie(res) !== undefined, res.text === 'session');
  return res.text === 'session';
}

describe('the middleware, before it reads a cookie', () => {
  it('calls next at once and leaves the response alone where req.session exists (B011)', async () => {
    const middleware = session({ keys, saveUninitialized: true });
    const own = { visits: 1 };
    let nextArguments: unknown[] | undefined;
    const server = http.createServer((request_, response) => {
      const req = Object.assign(request_ as Request, { session: own });
      const res = response as Response;
      const methods = () =>
        ['end', 'write', 'writeHead', 'setHeader'].map((name): unknown => Reflect.get(res, name));
      const before = [...Reflect.ownKeys(res), ...methods()];
      middleware(req, res, (...args: unknown[]) => {
        nextArguments = args;
      });
      assert.deepEqual(nextArguments, [], 'called in the same tick, without an argument');
      assert.deepEqual([...Reflect.ownKeys(res), ...methods()], before);
      assert.equal(req.session, own);
      res.end();
    });
    const res = await request(server).get('/').expect(200);
    assert.deepEqual(setCookies(res), []);
  });

  it('does its work once where it is mounted twice (B011)', async () => {
    const store = new ForeignStore();
    const outer = session({ keys, store: asStore(store) });
    const inner = session({ keys, store: asStore(store), name: 'inner' });
    const server = serverOf((req, res, next) => {
      outer(req, res, () => {
        inner(req, res, next);
      });
    }, visits);
    const first = await request(server).get('/').expect('1');
    assert.equal(setCookies(first).length, 1);
    await request(server).get('/').set('Cookie', cookieOf(first)).expect('2');
    assert.equal(store.count('set'), 2);
  });

  describe('meets obstacles in a fixed order', () => {
    /** A middleware in front of which all obstacles but those removed are set up. */
    async function obstructed(without: ('session' | 'store' | 'path' | 'keys')[]) {
      const store = new ForeignStore();
      const removed = (name: (typeof without)[number]) => without.includes(name);
      let pathTests = 0;
      const cookie = () => {
        pathTests++;
        return { path: removed('path') ? '/' : '/elsewhere' };
      };
      const middleware = recordNext(
        session({ store: asStore(store), cookie, ...(removed('keys') ? { keys } : {}) }),
      );
      if (!removed('store')) store.emit('disconnect');
      const own = { visits: 1 };
      let seen: Record<string, unknown> = {};
      const server = serverOf(
        prepared(middleware, (req) => {
          if (!removed('session')) Object.assign(req, { session: own });
        }),
        (req, res) => {
          seen = {
            ...Object.fromEntries(Object.entries(req).filter(([name]) => name.startsWith('session'))),
          };
          res.end();
        },
      );
      let res: request.Response | undefined;
      const lines = await debugLines(async () => {
        res = await request(server).get('/');
      });
      assert(res);
      return { res, seen, own, pathTests, lines: lines.join('\n'), nextArguments: middleware.calls[0] };
    }

    it('first a session that is there already (B012, B257)', async () => {
      const { res, seen, own, pathTests, lines, nextArguments } = await obstructed([]);
      assert.equal(res.status, 200);
      assert.deepEqual(nextArguments, []);
      assert.deepEqual(seen, { session: own });
      assert.equal(pathTests, 0);
      assert.match(lines, /^two session middlewares run on one request[^\n]*$/);
    });

    it('second a store that is disconnected (B012)', async () => {
      const { res, seen, pathTests, lines, nextArguments } = await obstructed(['session']);
      assert.equal(res.status, 200);
      assert.deepEqual(nextArguments, []);
      assert.deepEqual(seen, {});
      assert.equal(pathTests, 0);
      assert.match(lines, /disconnected/);
    });

    it('third a path that does not match (B012)', async () => {
      const { res, seen, pathTests, lines, nextArguments } = await obstructed(['session', 'store']);
      assert.equal(res.status, 200);
      assert.deepEqual(nextArguments, []);
      assert.deepEqual(seen, {});
      assert.equal(pathTests, 1);
      assert.match(lines, /mismatch/);
    });

    it('fourth missing keys, which are an error (B012)', async () => {
      const { res, nextArguments } = await obstructed(['session', 'store', 'path']);
      assert.equal(res.status, 500);
      assert.equal(nextArguments?.length, 1);
      assert.match((nextArguments[0] as Error).message, /keys.*required/);
    });

    it('and with none of them makes a session (B012)', async () => {
      const { res, seen, nextArguments } = await obstructed(['session', 'store', 'path', 'keys']);
      assert.equal(res.status, 200);
      assert.deepEqual(nextArguments, []);
      assert(seen.session instanceof session.Session);
    });
  });
});

describe('the path of the cookie', () => {
  const under = (path: string) => session({ keys, cookie: { path } });

  const frameworks: [label: string, framework: typeof express][] = [
    ['Express 5', express],
    ['Express 4', express4],
  ];
  for (const [label, framework] of frameworks) {
    it(`is compared with the full URL where ${label} mounts the middleware (B014)`, async () => {
      const app = framework();
      app.use('/foo', under('/foo/bar'));
      app.use('/foo', hasSession);
      assert.equal(await getsSession(app, '/foo/bar'), true);
      assert.equal(await getsSession(app, '/foo/foo/bar'), false);
    });
  }

  const admin = serverOf(under('/admin'), hasSession);
  for (const url of ['/admin', '/admin/', '/admin/x', '/admin?x']) {
    it(`lets ${url} in where it is /admin (B015)`, async () => {
      assert.equal(await getsSession(admin, url), true);
    });
  }
  for (const url of ['/administrator', '/Admin', '/x?/admin', '/x/admin', '/']) {
    it(`keeps ${url} out where it is /admin (B015)`, async () => {
      assert.equal(await getsSession(admin, url), false);
    });
  }

  it('ends at a slash of its own (B015)', async () => {
    const server = serverOf(under('/admin/'), hasSession);
    assert.equal(await getsSession(server, '/admin/'), true);
    assert.equal(await getsSession(server, '/admin/x'), true);
    assert.equal(await getsSession(server, '/admin'), false);
  });

  for (const [form, url, expected] of [
    ['the absolute form, as proxies get it', 'http://localhost/x', true],
    ['the asterisk form, for the whole server', '*', false],
  ] as const) {
    it(`is compared with the path of a request target in ${form} (B016)`, async () => {
      const targeted = prepared(session({ keys }), (req) => {
        req.url = url;
      });
      assert.equal(await getsSession(serverOf(targeted, hasSession), '/'), expected);
    });
  }

  for (const target of ['http://[::1', 'http://%zz/x', 'http://[', '//[::1', '//', '/%', '*']) {
    it(`is not an error for the target ${target}, as a server without Express gets it (B015, B016)`, async () => {
      for (const path of ['/', '/admin']) {
        const server = serverOf(session({ keys, cookie: { path } }), hasSession);
        await withServer(server, async (port) => {
          const answered = await new Wire(port, requestText('GET', target)).closed;
          assert.match(answered, /^HTTP\/1\.1 200 [^]*session/);
          if (path === '/admin') assert.match(answered, /no session/);
        });
        assert.deepEqual(server.lateErrors, []);
      }
    });
  }

  it('does not match an empty req.url unless it is / (B016)', async () => {
    const emptied = prepared(under('/admin'), (req) => {
      req.url = '';
    });
    assert.equal(await getsSession(serverOf(emptied, hasSession), '/'), false);
  });

  describe('from a function', () => {
    async function errorOf(cookie: () => unknown) {
      const options = { keys, cookie } as session.SessionOptions;
      const middleware = recordNext(session(options));
      let handled = false;
      const server = serverOf(middleware, (_, res) => {
        handled = true;
        res.end();
      });
      const res = await request(server).get('/').expect(500);
      assert.equal(setCookie(res), undefined);
      assert.equal(handled, false);
      assert.equal(middleware.calls.length, 1);
      return middleware.calls[0]?.[0];
    }

    it('that throws reaches next (B017)', async () => {
      const error = new Error('boom!');
      const thrown = await errorOf(() => {
        throw error;
      });
      assert.equal(thrown, error);
    });

    for (const value of [undefined, null, 42, '/foo', true]) {
      it(`that returns ${String(value)} reaches next as an error (B017)`, async () => {
        const error = await errorOf(() => value);
        assert(error instanceof Error);
        assert.match(error.message, /cookie/);
      });
    }
  });
});

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

describe('a new session', () => {
  it('is a Session with a Cookie for its only own key (B030)', async () => {
    const { visit } = await serve({}, (req, res) => {
      assert(req.session instanceof session.Session);
      assert.deepEqual(Object.keys(req.session), ['cookie']);
      assert(req.session.cookie instanceof session.Cookie);
      res.end();
    });
    await visit('/');
  });

  it('has a cookie of its own, made from a copy of the options (B030)', async () => {
    const cookie = { path: '/', maxAge: 60_000, sameSite: 'lax' as const };
    const seen: unknown[] = [];
    const { visit } = await serve({ cookie }, (req, res) => {
      const { path, originalMaxAge, sameSite, domain } = req.session.cookie;
      seen.push({ path, originalMaxAge, sameSite, domain });
      Object.assign(req.session.cookie, {
        path: '/x',
        maxAge: 1000,
        sameSite: 'none',
        domain: 'example.test',
      });
      res.end();
    });
    await visit('/');
    await visit('/');
    const fresh = { path: '/', originalMaxAge: 60_000, sameSite: 'lax', domain: undefined };
    assert.deepEqual(seen, [fresh, fresh]);
    assert.deepEqual(cookie, { path: '/', maxAge: 60_000, sameSite: 'lax' });
  });

  describe('that cannot be generated once the store has answered', () => {
    let isAsked = false;
    const boom = () => {
      throw new Error('boom!');
    };
    const failing: [label: string, options: object, message: RegExp][] = [
      [
        'for a bad cookie option',
        { cookie: () => ({ maxAge: isAsked ? 'soon' : 5000 }) },
        /^cookie\.maxAge option must be a number/,
      ],
      ['because genid throws', { genid: boom }, /boom!/],
      ['because jwtFromReq throws', { jwtFromReq: boom }, /boom!/],
    ];
    for (const [label, options, message] of failing) {
      it(`is an error for next, ${label} (B031)`, async () => {
        const store = new ForeignStore();
        const middleware = recordNext(session({ keys, store: asStore(store), ...options }));
        const server = serverOf(middleware, () => assert.fail('the handler must not run'));
        isAsked = false;
        const get = store.get.bind(store);
        store.get = (...args) => {
          isAsked = true;
          get(...args);
        };
        const res = await request(server).get('/').set('Cookie', `connect.sid=${byHand()}`).expect(500);
        assert.match(res.text, message);
        assert.equal(store.count('get'), 1);
        assert.equal(middleware.calls.length, 1);
        assert(middleware.calls[0]?.[0] instanceof Error);
      });
    }
  });
});
