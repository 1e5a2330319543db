/** Which options the factory takes, which it refuses, and what it makes of them. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync } from 'node:crypto';
import util from 'node:util';
import type { RequestHandler } from 'express';
import request from 'supertest';
import session from '../../src';
import { breakSignature, byHand } from '../support/by-hand';
import { attributes, cookieOf, decode, setCookie, setCookies, tokenOf } from '../support/cookies';
import { recordOf } from '../support/forge';
import { createKeyPair, keys, otherKeys, secp256k1Keys } from '../support/keys';
import { legacyCookie, legacySecret } from '../support/legacy';
import { loose } from '../support/loose';
import { runProgram } from '../support/run-program';
import { createServer, serverOf } from '../support/server';
import type { Ses } from '../support/session-tokens';
import { asStore, countHits, serve } from '../support/site';
import { ForeignStore, SmartStore } from '../support/stores';
import { countVisit, visits } from '../support/visits';

/** Options as an application without types could pass them. */
const untyped = (options: object) => options as session.SessionOptions;

const factoryCall = (options: object) => () => session(untyped(options));

/** What the factory throws for these options. */
function refusal(options: object): TypeError {
  try {
    session(untyped(options));
  } catch (error) {
    assert(error instanceof TypeError, `not a TypeError: ${String(error)}`);
    return error;
  }
  throw new assert.AssertionError({ message: 'the factory accepts these options' });
}

/** Claims of the token that this server gives to a new visitor of `/`. */
async function newClaims(server: ReturnType<typeof createServer>): Promise<Record<string, unknown>> {
  return decode(tokenOf(await request(server).get('/'))).payload;
}

/** The session's handle in the claims of a token. */
function handleOf(claims: Record<string, unknown> | undefined): string {
  const { id } = claims?.ses as Ses;
  return id ?? assert.fail('no handle');
}

describe('the factory', () => {
  it('returns a function of three parameters when called with nothing, null or no option (B003)', () => {
    const factory = session as (options?: unknown) => RequestHandler;
    for (const middleware of [factory(), factory(undefined), factory(null), factory({})]) {
      assert.equal(typeof middleware, 'function');
      assert.equal(middleware.length, 3);
    }
  });

  describe('with no option but keys', () => {
    it('names the cookie connect.sid and gives it Path=/ and HttpOnly, nothing else (B004)', async () => {
      const server = createServer({}, visits);
      const res = await request(server).get('/').expect('1');
      assert.equal(setCookies(res).length, 1);
      const line = setCookie(res, 'connect.sid');
      assert(line !== undefined);
      assert.deepEqual(attributes(line), { path: '/', httponly: true });
    });

    it('makes a cookie without maxAge (B004)', async () => {
      const { get } = await serve({}, (req, res) => {
        const { path, httpOnly, maxAge } = req.session.cookie;
        res.end(JSON.stringify({ path, httpOnly, maxAge }));
      });
      const res = await get('/');
      assert.deepEqual(JSON.parse(res.text), { path: '/', httpOnly: true, maxAge: null });
    });

    it('does not save an untouched new session (B004)', async () => {
      const store = new ForeignStore();
      const res = await request(createServer({ store })).get('/').expect(200);
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
    });

    it('does not save an unmodified loaded session again (B004)', async () => {
      const store = new ForeignStore();
      const { server, visit } = await serve({ store }, visits);
      const first = await request(server).get('/').expect('1');
      assert.equal((await visit('/read', cookieOf(first))).text, '1');
      assert.equal(store.count('set'), 1);
    });

    it('does not send the cookie again for an unmodified session with an expiry (B004)', async () => {
      const { get, visit } = await serve({}, (req, res) => {
        if (req.url === '/') {
          countVisit(req);
          req.session.cookie.maxAge = 60_000;
        }
        res.end();
      });
      const first = await get('/');
      const second = await visit('/again', cookieOf(first));
      assert.equal(setCookie(second), undefined);
    });

    it('keeps the record of a session that a handler unset (B004)', async () => {
      const store = new ForeignStore();
      const { get, visit } = await serve({ store }, (req, res) => {
        if (req.url === '/') countVisit(req);
        else Object.assign(req, { session: null });
        res.end();
      });
      const first = await get('/');
      await visit('/unset', cookieOf(first));
      assert.equal(store.records.size, 1);
      assert.equal(store.count('destroy'), 0);
    });

    it('goes by req.secure and not by X-Forwarded-Proto (B004)', async () => {
      const { server, visit } = await serve({}, (req, res) => {
        if (req.url === '/secure') Object.assign(req, { secure: true });
        countVisit(req);
        req.session.cookie.secure = true;
        res.end();
      });
      const forwarded = await request(server).get('/').set('X-Forwarded-Proto', 'https').expect(200);
      assert.equal(setCookie(forwarded), undefined);
      const secure = await visit('/secure');
      assert.match(setCookie(secure) ?? '', /; Secure/);
    });

    it('keeps sessions in a MemoryStore of its own, so two factories share nothing (B004)', async () => {
      const counter = createServer({}, visits);
      const first = await request(counter).get('/').expect('1');
      await request(counter).get('/').set('Cookie', cookieOf(first)).expect('2');
      await request(createServer({}, visits)).get('/').set('Cookie', cookieOf(first)).expect('1');

      const members = createServer({}, (req, res) => {
        const store = req.sessionStore as unknown as Record<string, unknown>;
        res.end(JSON.stringify(['all', 'clear', 'length'].map((name) => typeof store[name])));
      });
      await request(members).get('/').expect('["function","function","function"]');
    });

    it('has no secret, so no legacy cookie is accepted (B004)', async () => {
      const store = new ForeignStore();
      store.records.set('old-id', recordOf({ visits: 41 }));
      const { visit } = await serve({ store }, visits);
      assert.equal((await visit('/', legacyCookie('old-id', 'keyboard cat'))).text, '1');
      assert.equal((await visit('/', legacyCookie('old-id', ''))).text, '1');
      assert.equal(store.count('get'), 0);
    });

    it('gives every session a random id and puts no custom claim into its token (B004)', async () => {
      const server = createServer({}, visits);
      const claims = [await newClaims(server), await newClaims(server), await newClaims(server)];
      for (const claim of claims) assert.deepEqual(Object.keys(claim).sort(), ['iat', 'ses']);
      const handles = claims.map(handleOf);
      assert.equal(new Set(handles).size, 3);
      for (const handle of handles) assert.match(handle, /^[\w-]{32}$/, '192 bits in base64url');
    });
  });

  describe('with several bad options at once', () => {
    const bad = [
      { option: { genid: 'bogus!' }, message: /genid option must be a function/ },
      { option: { unset: 'bogus!' }, message: /unset option must be "destroy" or "keep"/ },
      { option: { secret: [] }, message: /secret option array must contain one or more strings/ },
      { option: { jwtFromReq: 'bogus!' }, message: /jwtFromReq option must be a function/ },
    ];

    bad.forEach(({ message }, first) => {
      const rest = bad.slice(first);
      const names = rest.map(({ option }) => Object.keys(option).join()).join(', ');
      it(`complains about the first of ${names} (B005)`, () => {
        // Given in reverse, so that the order of the options object cannot be what decides.
        const options = Object.assign({ keys }, ...rest.map(({ option }) => option).reverse()) as object;
        assert.throws(factoryCall(options), { name: 'TypeError', message });
      });
    });
  });

  describe('with a bad cookie option', () => {
    const badCookies: [label: string, cookie: unknown, message: RegExp][] = [
      ['a number', 42, /^cookie option must be an object/],
      ['a string', 'foo', /^cookie option must be an object/],
      ['true', true, /^cookie option must be an object/],
      ['an object whose maxAge is text', { maxAge: '42' }, /^cookie\.maxAge option must be a number/],
      ['an object whose maxAge is true', { maxAge: true }, /^cookie\.maxAge option must be a number/],
    ];
    for (const [label, cookie, message] of badCookies) {
      it(`throws at once for ${label} (B006, B263)`, () => {
        assert.match(refusal({ keys, cookie }).message, message);
      });

      it(`does not throw for a function that returns ${label}, the first generated session does (B006, B263)`, async () => {
        const middleware = session(untyped({ keys, cookie: () => cookie }));
        let seen: { error?: unknown; session?: unknown } = {};
        let handled = false;
        const server = serverOf(
          (req, res, next) => {
            middleware(req, res, (error?: unknown) => {
              seen = { error, session: req.session };
              next(error);
            });
          },
          (_, res) => {
            handled = true;
            res.end();
          },
        );
        const res = await request(server).get('/').expect(500);
        assert.match(res.text, typeof cookie === 'object' ? message : /^cookie option must return an object/);
        assert(seen.error instanceof TypeError);
        assert.equal(seen.session, undefined);
        assert.equal(setCookie(res), undefined);
        assert.equal(handled, false);
        assert.deepEqual(server.lateErrors, []);
      });
    }

    for (const cookie of [false, null, 0, '']) {
      it(`takes ${util.inspect(cookie)} for no cookie option (B006)`, async () => {
        const { visit } = await serve(untyped({ cookie }), visits);
        const res = await visit('/');
        assert.match(setCookie(res) ?? '', /; Path=\/; HttpOnly$/);
      });
    }
  });

  it('refuses a store without an on method, at once (B007)', () => {
    const method = () => undefined;
    const methods = { get: method, set: method, destroy: method };
    assert.throws(factoryCall({ keys, store: methods }), TypeError);
    assert.throws(factoryCall({ keys, store: {} }), TypeError);
    assert.throws(factoryCall({ keys, store: { ...methods, on: 'yes' } }), TypeError);
    assert.doesNotThrow(factoryCall({ keys, store: { ...methods, on: method } }));
  });

  describe('next to NODE_ENV', function () {
    // Each program compiles the whole package before it does anything.
    this.timeout(60_000);

    const warning = /MemoryStore is not\s+designed for a production environment/g;
    const warnings = (stderr: string) => stderr.match(warning)?.length ?? 0;

    it('warns at each factory call of a production process about a MemoryStore, given or default (B008)', async () => {
      const { stderr } = await runProgram('three factories with a MemoryStore', { NODE_ENV: 'production' });
      assert.equal(warnings(stderr), 3);
    });

    it('warns with console.warn, once per factory call (B008)', async () => {
      const { stdout } = await runProgram('one factory that tells console.warn', { NODE_ENV: 'production' });
      const calls = JSON.parse(stdout) as unknown[][];
      assert.equal(calls.length, 1);
      assert.equal(warnings(String(calls[0]?.[0])), 1);
    });

    it('is silent in production with any other store (B008)', async () => {
      const { stderr } = await runProgram('a factory with another store', { NODE_ENV: 'production' });
      assert.equal(stderr, '');
    });

    for (const environment of ['development', 'test', '']) {
      it(`is silent with a MemoryStore where NODE_ENV is "${environment}" (B008)`, async () => {
        const { stderr } = await runProgram('three factories with a MemoryStore', { NODE_ENV: environment });
        assert.equal(stderr, '');
      });
    }

    it('goes by the NODE_ENV of the moment at which it was loaded (B008)', async () => {
      const later = 'a factory whose process turns to production after loading';
      assert.equal((await runProgram(later, { NODE_ENV: 'development' })).stderr, '');
      const earlier = 'a factory whose process turns to development after loading';
      assert.equal(warnings((await runProgram(earlier, { NODE_ENV: 'production' })).stderr), 1);
    });
  });
});

describe('the store that was given', () => {
  const stores: [label: string, create: () => ForeignStore | session.MemoryStore][] = [
    ['a MemoryStore', () => new session.MemoryStore()],
    ['a foreign store with private fields', () => new ForeignStore()],
  ];

  for (const [label, create] of stores) {
    it(`runs methods that were replaced after the factory call, on ${label} itself (B009)`, async () => {
      const store = create();
      const { get, visit } = await serve({ store, unset: 'destroy' }, (req, res) => {
        if (req.url === '/unset') Object.assign(req, { session: null });
        else if (req.url === '/count') countVisit(req);
        res.end();
      });
      const seen: [method: string, self: unknown][] = [];
      const methods = store as unknown as Record<string, (...args: unknown[]) => void>;
      for (const name of ['get', 'set', 'touch', 'destroy']) {
        const original = methods[name];
        assert(original);
        methods[name] = function (this: unknown, ...args: unknown[]) {
          seen.push([name, this]);
          original.apply(this, args);
        };
      }

      const cookie = cookieOf(await get('/count'));
      await visit('/touch', cookie);
      await visit('/unset', cookie);

      assert.deepEqual(
        seen.map(([method]) => method),
        ['set', 'get', 'touch', 'get', 'destroy'],
      );
      for (const [method, self] of seen) assert.equal(self, store, method);
    });
  }

  it('settles once, at the factory call, whether a store can touch (B009)', async () => {
    const store = new SmartStore();
    const { server, visit } = await serve({ store }, visits);
    const cookie = cookieOf(await request(server).get('/').expect('1'));
    let touched = 0;
    Object.assign(store, {
      touch: (_id: string, _data: unknown, callback: () => void) => {
        touched++;
        callback();
      },
    });
    assert.equal((await visit('/read', cookie)).text, '1');
    assert.equal(touched, 0);
    await request(createServer({ store }, visits)).get('/read').set('Cookie', cookie).expect('1');
    assert.equal(touched, 1);
  });

  describe('shared by two factories', () => {
    it('shares the sessions between them (B010)', async () => {
      const store = new ForeignStore();
      const one = createServer({ store }, visits);
      const other = createServer({ store }, visits);
      const first = await request(one).get('/').expect('1');
      await request(other).get('/').set('Cookie', cookieOf(first)).expect('2');
      await request(one).get('/').set('Cookie', cookieOf(first)).expect('3');
    });

    for (const [label, create] of stores) {
      it(`creates and regenerates sessions by each factory's own options, on ${label} (B010)`, async () => {
        const store = create();
        const regenerating = (req: Parameters<typeof visits>[0], res: Parameters<typeof visits>[1]) => {
          countVisit(req);
          if (req.url === '/') res.end();
          else
            req.session.regenerate(() => {
              res.end();
            });
        };
        const one = createServer(
          {
            store,
            genid: () => 'one',
            cookie: { maxAge: 60_000, path: '/' },
            jwtFromReq: () => ({ app: 'one' }),
          },
          regenerating,
        );
        const two = createServer(
          {
            store,
            genid: () => 'two',
            cookie: { httpOnly: false },
            jwtFromReq: () => ({ app: 'two' }),
          },
          regenerating,
        );
        for (const url of ['/', '/regenerate']) {
          const fromOne = await request(one).get(url);
          const fromTwo = await request(two).get(url);
          const [claimsOne, claimsTwo] = [fromOne, fromTwo].map((res) => decode(tokenOf(res)).payload);
          assert.deepEqual([handleOf(claimsOne), claimsOne?.app], ['one', 'one'], url);
          assert.deepEqual([handleOf(claimsTwo), claimsTwo?.app], ['two', 'two'], url);
          assert.deepEqual(Object.keys(attributes(setCookie(fromOne) ?? '')), [
            'path',
            'expires',
            'httponly',
          ]);
          assert.deepEqual(attributes(setCookie(fromTwo) ?? ''), { path: '/' });
        }
      });
    }

    /** A store that any write to would make throw; it records what it is subscribed to. */
    function frozenStore() {
      const records = new Map<string, string>();
      const subscriptions: string[] = [];
      type Callback = (error: unknown, record?: unknown) => void;
      const store = Object.freeze({
        on(event: string) {
          subscriptions.push(event);
        },
        get(id: string, callback: Callback) {
          const text = records.get(id);
          setImmediate(callback, null, text === undefined ? undefined : JSON.parse(text));
        },
        set(id: string, data: unknown, callback: Callback) {
          records.set(id, JSON.stringify(data));
          setImmediate(callback, null);
        },
        destroy(id: string, callback: Callback) {
          records.delete(id);
          setImmediate(callback, null);
        },
      });
      return { store: asStore(store), records, subscriptions };
    }

    it('writes nothing onto the store, which may be frozen (B010)', async () => {
      const { store, records, subscriptions } = frozenStore();
      const one = createServer({ store }, visits);
      const two = createServer({ store }, (req, res) => {
        req.session.regenerate(() => {
          res.end(String(countVisit(req)));
        });
      });
      const first = await request(one).get('/').expect('1');
      await request(one).get('/').set('Cookie', cookieOf(first)).expect('2');
      await request(two).get('/').set('Cookie', cookieOf(first)).expect('1');
      assert.equal(records.size, 1);
      assert.deepEqual([...new Set(subscriptions)].length, subscriptions.length, 'one listener per event');
    });

    it('adds no member to a MemoryStore (B010)', async () => {
      const store = new session.MemoryStore();
      const before = Reflect.ownKeys(store);
      const { server, visit } = await serve({ store }, visits);
      const first = await request(server).get('/').expect('1');
      assert.equal((await visit('/', cookieOf(first))).text, '2');
      assert.deepEqual(Reflect.ownKeys(store), before);
      assert.equal('generate' in store, false);
    });

    for (const [label, create] of stores) {
      it(`listens once for connect and once for disconnect, with 11 factories on ${label} (B010)`, async () => {
        const store = create();
        const warned: Error[] = [];
        const onWarning = (warning: Error) => warned.push(warning);
        process.on('warning', onWarning);
        for (let i = 0; i < 11; i++) session({ keys, store: asStore(store) });
        // Node emits its leak warning in a later turn.
        await new Promise((resolve) => setImmediate(resolve));
        process.off('warning', onWarning);
        assert(store.listenerCount('connect') <= 1);
        assert(store.listenerCount('disconnect') <= 1);
        assert.deepEqual(warned, []);
      });
    }
  });
});

describe('the cookie name', () => {
  const named: [label: string, options: object, name: string][] = [
    ['that of name rather than that of key', { name: 'by_name', key: 'by_key' }, 'by_name'],
    ['connect.sid where name is empty', { name: '' }, 'connect.sid'],
    ['connect.sid where key is empty', { key: '' }, 'connect.sid'],
    ['that of key where name is empty', { name: '', key: 'by_key' }, 'by_key'],
  ];
  for (const [label, options, name] of named) {
    it(`is ${label}, written and read back (B098)`, async () => {
      const { server, visit } = await serve(untyped(options), visits);
      const first = await request(server).get('/').expect('1');
      assert.equal(setCookies(first).length, 1);
      assert.equal((await visit('/', cookieOf(first, name))).text, '2');
    });
  }

  it('is the only one under which a token is accepted (B098)', async () => {
    const { server, visit } = await serve({ name: 'session_id' }, visits);
    const token = tokenOf(await request(server).get('/').expect('1'), 'session_id');
    assert.equal((await visit('/', `connect.sid=${token}`)).text, '1');
    assert.equal((await visit('/', `xsession_id=${token}`)).text, '1');
  });

  const overHttps = { 'X-Forwarded-Proto': 'https' };

  it('may start with __Secure- where the cookie is secure', async () => {
    const cookie = { secure: true, domain: 'example.test', path: '/app' };
    const server = createServer({ name: '__Secure-sid', proxy: true, cookie }, visits);
    const first = await request(server).get('/app').set(overHttps).expect('1');
    const sent = cookieOf(first, '__Secure-sid');
    await request(server)
      .get('/app')
      .set({ ...overHttps, Cookie: sent })
      .expect('2');
  });

  it('may start with __Host- where the cookie is secure, for the path / and for no domain', async () => {
    const server = createServer({ name: '__Host-sid', proxy: true, cookie: { secure: true } }, visits);
    const first = await request(server).get('/').set(overHttps).expect('1');
    assert.deepEqual(attributes(setCookie(first, '__Host-sid') ?? ''), {
      path: '/',
      httponly: true,
      secure: true,
    });
    await request(server)
      .get('/')
      .set({ ...overHttps, Cookie: cookieOf(first, '__Host-sid') })
      .expect('2');
    assert.doesNotThrow(factoryCall({ keys, name: '__Host-sid', cookie: { secure: true, path: '/' } }));
  });

  const unmet: [label: string, options: object, message: RegExp][] = [
    ['__Secure- and no cookie option', { name: '__Secure-sid' }, /(?=.*__Secure-)(?=.*\bsecure\b)/],
    [
      '__Secure- and an insecure cookie',
      { name: '__Secure-sid', cookie: { secure: false } },
      /(?=.*__Secure-)(?=.*\bsecure\b)/,
    ],
    [
      '__Secure- given as key',
      { key: '__Secure-sid', cookie: { path: '/' } },
      /(?=.*__Secure-)(?=.*\bsecure\b)/,
    ],
    ['__Host- and no cookie option', { name: '__Host-sid' }, /(?=.*__Host-)(?=.*\bsecure\b)/],
    [
      '__Host- and an insecure cookie',
      { name: '__Host-sid', cookie: { path: '/' } },
      /(?=.*__Host-)(?=.*\bsecure\b)/,
    ],
    [
      '__Host- and another path',
      { name: '__Host-sid', cookie: { secure: true, path: '/app' } },
      /(?=.*__Host-)(?=.*\bpath\b)/,
    ],
    [
      '__Host- and a domain',
      { name: '__Host-sid', cookie: { secure: true, domain: 'example.test' } },
      /(?=.*__Host-)(?=.*\bdomain\b)/,
    ],
  ];
  for (const [label, options, message] of unmet) {
    it(`is refused at the factory call: ${label}`, () => {
      assert.match(refusal({ keys, ...options }).message, message);
    });
  }

  it('with a prefix is not checked against a cookie function before a request', () => {
    assert.doesNotThrow(factoryCall({ keys, name: '__Host-sid', cookie: () => ({ secure: true }) }));
  });
});

describe('an option of the wrong kind', () => {
  it('is refused: a store needs on, and the message says so (B007)', () => {
    assert.match(refusal({ keys, store: {} }).message, /store.*\bon\b/);
  });

  it('is refused: name must be text', () => {
    for (const name of [42, {}, ['connect.sid']])
      assert.match(refusal({ keys, name }).message, /name.*string/);
  });

  it('is refused: a secret must be something a signature can be made with', () => {
    for (const secret of [42, true, {}, ['keyboard cat', 42], ['keyboard cat', null]]) {
      assert.match(refusal({ keys, secret }).message, /secret.*string/, util.inspect(secret));
    }
  });
});

describe('unusable keys', () => {
  const rsa = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const ed25519 = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const encrypted = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
  });
  const p384 = createKeyPair('secp384r1');
  const truncated = (pem: string) => `${pem.slice(0, 60)}\n${pem.slice(pem.lastIndexOf('-----END'))}`;

  const kind = /keys.*(P-256|prime256v1)/s;
  const pem = /keys.*PEM/s;
  const pair = /keys.*(pair|belong|match)/s;

  const unusable: [label: string, keys: unknown, message: RegExp][] = [
    ['an RSA pair', { public: rsa.publicKey, private: rsa.privateKey }, kind],
    ['an RSA public key alone', { public: rsa.publicKey }, kind],
    ['an Ed25519 pair', { public: ed25519.publicKey, private: ed25519.privateKey }, kind],
    ['a P-384 pair', p384, kind],
    ['a P-384 public key alone', { public: p384.public }, kind],
    ['a P-521 pair', createKeyPair('secp521r1'), kind],
    ['a public key of another private key', { public: otherKeys.public, private: keys.private }, pair],
    ['a public key on another curve than its private key', { ...keys, public: secp256k1Keys.public }, pair],
    ['a file path for the private key', { ...keys, private: './keys/private.pem' }, pem],
    ['a file path for the public key', { ...keys, public: '/etc/keys/public.pem' }, pem],
    ['a file path in a Buffer', { ...keys, public: Buffer.from('public.pem') }, pem],
    ['empty text', { ...keys, private: '' }, pem],
    ['a number', { ...keys, public: 42 }, pem],
    ['neither key', {}, pem],
    ['a public key in the place of the private one', { ...keys, private: keys.public }, /keys.*private key/],
    ['a private PEM cut short', { ...keys, private: truncated(keys.private) }, pem],
    ['a public PEM cut short', { ...keys, public: truncated(keys.public) }, pem],
    ['an encrypted private key', { public: encrypted.publicKey, private: encrypted.privateKey }, pem],
    ['an unusable pair behind a usable one', [keys, p384], kind],
    ['nothing in the array but null', [null], pem],
    ['a PEM instead of an object', keys.private, pem],
    ['a number instead of an object', 42, pem],
    ['true instead of an object', true, pem],
  ];

  for (const [label, material, message] of unusable) {
    it(`are told at the factory call, by a TypeError that names keys and what is right: ${label}`, () => {
      assert.match(refusal({ keys: material }).message, message);
    });
  }

  it('are told without a word of the private key', () => {
    const cases = [
      ...unusable.map(([, material]) => material),
      { ...keys, private: keys.private.replace('BEGIN', 'BEGUN') },
    ];
    const bodies = [keys, p384, { private: rsa.privateKey }, { private: ed25519.privateKey }].map(
      ({ private: text }) => text.split('\n')[1] ?? '',
    );
    for (const material of cases) {
      const shown = util.inspect(refusal({ keys: material }), { showHidden: true, depth: 10 });
      for (const body of bodies) assert(!shown.includes(body.slice(0, 24)), 'private key in an error');
    }
  });

  it('do not include a PEM whose newlines were written as backslash and n', async () => {
    const flat = (text: string) => text.replaceAll('\n', '\\n');
    const store = new ForeignStore();
    const repaired = { public: flat(keys.public), private: flat(keys.private) };
    const first = await request(createServer({ store, keys: repaired }, visits))
      .get('/')
      .expect('1');
    await request(createServer({ store, keys }, visits)).get('/').set('Cookie', cookieOf(first)).expect('2');

    const buffers = { public: Buffer.from(repaired.public), private: Buffer.from(repaired.private) };
    const second = createServer({ store, keys: buffers }, visits);
    await request(second).get('/').set('Cookie', cookieOf(first)).expect('3');
  });
});

/** Keys with which tokens can be verified, but not issued. */
const verifyOnly = { public: keys.public };

describe('the option', () => {
  it('keys may leave out the public half, which follows from the private one (B195)', async () => {
    const store = new ForeignStore();
    const issuing = (await serve({ keys: { private: keys.private }, store }, countHits)).server;
    const first = await request(issuing).get('/');
    const verifying = (await serve({ keys: verifyOnly, store }, countHits)).server;
    assert.equal((await request(verifying).get('/').set('Cookie', cookieOf(first))).text, '2');
    assert.equal((await request(issuing).get('/').set('Cookie', cookieOf(first))).text, '3');
  });

  it('keys with a private key in the public place say where it belongs, and do not quote it (B197)', () => {
    const make = () => session({ keys: [{ public: keys.private }] });
    assert.throws(make, (error) => {
      assert(error instanceof TypeError);
      assert.match(error.message, /keys\[0\]\.public must be a public key.*keep that in keys\[0\]\.private/);
      return !error.message.includes(keys.private.split('\n')[1] ?? '');
    });
  });

  it('keys may be KeyObjects, each in its own place (B195 B197)', async () => {
    const pair = { public: createPublicKey(keys.public), private: createPrivateKey(keys.private) };
    const { get, visit } = await serve({ store: new ForeignStore(), keys: pair }, countHits);
    const cookie = cookieOf(await visit('/start'));
    assert.equal((await get('/', cookie)).text, '2');
    const misplaced = [
      [{ public: pair.private }, /^keys\.public must be a public key, it is a private one/],
      [{ private: pair.public }, /^keys\.private must be a private key, it is a public one/],
      [
        { private: createSecretKey(Buffer.alloc(32)) },
        /^keys\.private must be a private key, it is a secret/,
      ],
    ] as const;
    for (const [given, message] of misplaced) {
      assert.throws(() => session({ keys: given }), { name: 'TypeError', message });
    }
  });

  it('secret must not be an array with an empty text, which anybody could sign with (B112)', () => {
    const make = () => session({ keys, secret: [legacySecret, ''] });
    assert.throws(make, { name: 'TypeError', message: /^secret option must not contain an empty string/ });
  });

  for (const size of [0, -1, 1.5, Infinity, NaN, '10']) {
    it(`tokenCacheSize ${String(size)} (${typeof size}) is refused by the factory`, () => {
      const make = () => session(loose({ keys, tokenCacheSize: size }));
      assert.throws(make, { name: 'TypeError', message: /^tokenCacheSize option must be/ });
    });
  }

  it('tokenCacheSize 1 forgets tokens, but neither sessions nor bad signatures (B019 B020)', async () => {
    const { get, visit } = await serve({ store: new ForeignStore(), tokenCacheSize: 1 }, countHits);
    const cookies = [cookieOf(await visit('/start')), cookieOf(await visit('/start'))];
    for (const round of ['2', '3']) {
      for (const cookie of cookies) {
        assert.equal((await get('/', cookie)).text, round);
      }
    }
    const broken = `connect.sid=${breakSignature(byHand())}`;
    assert.equal((await get('/', broken)).text, '1');
  });
});
