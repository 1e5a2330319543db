/** The option keys: which keys are taken, how they are rotated, and that they leave no trace. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, KeyObject } from 'node:crypto';
import express, { type NextFunction, type Request, type Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { isSignedBy } from '../support/forge';
import { createKeyPair, keys, otherKeys, secp256k1Keys, type KeyPair } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { logInAndCount } from '../support/log-in';
import { logOut } from '../support/pages';
import { idOf } from '../support/session-tokens';
import { loose } from '../support/loose';
import { serverOf, type Handler } from '../support/server';
import { countHits, data, open, routes, serve, showHits, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';

const buffers = (pair: KeyPair) => ({ public: Buffer.from(pair.public), private: Buffer.from(pair.private) });

const publicOnly = (pair: KeyPair) => ({ public: pair.public });

const regenerateAndCount: Handler = async (req, res) => {
  await req.session.regenerate();
  return countHits(req, res);
};

const userClaims = (req: Request) => ('user' in req ? { user_id: req.user } : null);

/** A site with these keys over a store that several sites may share. */
function siteWith(
  keyOption: unknown,
  store: ForeignStore = new ForeignStore(),
  options: session.SessionOptions = {},
): Promise<Site> {
  return serve(loose({ ...options, keys: keyOption, store }), {
    '/': countHits,
    '/show': showHits,
    '/nothing': (_, res) => res.end('untouched'),
    '/regenerate': regenerateAndCount,
    '/login': logInAndCount,
  });
}

describe('keys', () => {
  for (const [name, options] of [
    ['absent', {}],
    ['null', { keys: null }],
  ] as const) {
    it(`${name}: the factory does not throw, requests fail before the handler runs (B194)`, async () => {
      let ran = false;
      const middleware = session(loose(options));
      const site = await open(
        serverOf(middleware, (_, res) => {
          ran = true;
          res.end();
        }),
      );
      const res = await site.get('/');
      assert.equal(res.status, 500);
      assert.equal(res.text, 'keys option required for sessions');
      assert.equal(ran, false);
    });
  }

  it('absent: requests outside the cookie path pass (B194)', async () => {
    const site = await open(
      serverOf(session({ cookie: { path: '/app' } }), (req, res) => res.end(typeof req.session)),
    );
    const outside = await site.get('/');
    assert.equal(outside.status, 200);
    assert.equal(outside.text, 'undefined');
    assert.equal((await site.get('/app')).status, 500);
  });

  it('an empty array is the same as none (B195)', async () => {
    const middleware = session({ keys: [], cookie: { path: '/app' } });
    const site = await open(serverOf(middleware, (_, res) => res.end('ran')));
    assert.equal((await site.get('/')).text, 'ran');
    const res = await site.get('/app');
    assert.equal(res.status, 500);
    assert.equal(res.text, 'keys option required for sessions');
  });

  it('may be an object or an array, of PEM strings or of Buffers, all alike (B195)', async () => {
    const store = new ForeignStore();
    const forms = [
      keys,
      [keys],
      buffers(keys),
      [buffers(keys)],
      { ...keys, private: Buffer.from(keys.private) },
    ];
    const sites = await Promise.all(forms.map((form) => siteWith(form, store)));
    for (const issuer of sites) {
      const first = await issuer.visit('/');
      assert.ok(isSignedBy(tokenOf(first), keys.public));
      for (const reader of sites) assert.equal((await reader.visit('/show', cookieOf(first))).text, '1');
    }
  });

  it('may be PEM text whose line breaks an environment variable turned into \\n (B195)', async () => {
    const flat = (text: string) => text.replaceAll('\n', '\\n');
    const site = await siteWith({ public: flat(keys.public), private: flat(keys.private) });
    const first = await site.visit('/');
    assert.ok(isSignedBy(tokenOf(first), keys.public));
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
  });

  for (const curve of ['prime256v1', 'secp256k1']) {
    for (const form of ['sec1', 'pkcs8'] as const) {
      for (const kind of ['strings', 'Buffers']) {
        it(`on ${curve}, private key as ${form}, in ${kind}: sign and verify ES256 (B196)`, async () => {
          const pair = createKeyPair(curve, form);
          assert.equal(pair.private.includes('BEGIN EC PRIVATE KEY'), form === 'sec1');
          const site = await siteWith(kind === 'strings' ? pair : buffers(pair));
          const first = await site.visit('/');
          const token = tokenOf(first);
          const { header } = decode(token);
          assert.equal(header.alg, 'ES256');
          assert.equal(header.typ, 'JWT');
          const signature = token.split('.')[2] ?? '';
          assert.match(signature, /^[\w-]{86}$/);
          assert.equal(Buffer.from(signature, 'base64url').length, 64);
          assert.ok(isSignedBy(token, pair.public));
          assert.equal((await site.visit('/', cookieOf(first))).text, '2');
        });
      }
    }
  }

  it('of both curves may be mixed in one array (B196)', async () => {
    const store = new ForeignStore();
    const modern = await siteWith([keys, secp256k1Keys], store);
    const old = await siteWith([secp256k1Keys, keys], store);
    const one = await modern.visit('/');
    const two = await old.visit('/');
    assert.ok(isSignedBy(tokenOf(one), keys.public));
    assert.ok(isSignedBy(tokenOf(two), secp256k1Keys.public));
    for (const first of [one, two]) {
      assert.equal((await modern.visit('/', cookieOf(first))).text, '2');
      assert.equal((await old.visit('/', cookieOf(first))).text, '3');
    }
  });

  describe('on secp256k1', () => {
    /** The deprecations a fresh process sees when it makes a middleware with these keys and uses it twice. */
    function deprecations(curve: string): { namespace: string; message: string }[] {
      const script = `
        const seen = [];
        process.on('deprecation', ({ namespace, message }) => seen.push({ namespace, message }));
        const { createKeyPair } = require('./test/support/keys');
        const { createServer } = require('./test/support/server');
        const { countHits, open } = require('./test/support/site');
        const { closeServers } = require('./test/support/running-servers');
        const { cookieOf } = require('./test/support/cookies');
        (async () => {
          const site = await open(createServer({ keys: createKeyPair(${JSON.stringify(curve)}) }, countHits));
          const second = await site.visit('/', cookieOf(await site.visit('/')));
          await closeServers();
          console.log(JSON.stringify({ hits: second.text, seen }));
        })();`;
      const { NO_DEPRECATION, ...env } = process.env;
      assert.ok(NO_DEPRECATION === undefined || NO_DEPRECATION.length > 0);
      const output = execFileSync(process.execPath, ['-r', './test/support/register.cjs', '-e', script], {
        env,
        encoding: 'utf8',
      });
      const { hits, seen } = JSON.parse(output) as { hits: string; seen: ReturnType<typeof deprecations> };
      assert.equal(hits, '2');
      return seen;
    }

    it('draw one deprecation warning (B196)', () => {
      const seen = deprecations('secp256k1');
      assert.deepEqual(
        seen.map(({ namespace }) => namespace),
        ['express-session'],
      );
      assert.match(seen[0]?.message ?? '', /secp256k1/);
    }).timeout(20_000);

    it('are the only ones that do: P-256 draws none (B196)', () => {
      assert.deepEqual(deprecations('prime256v1'), []);
    }).timeout(20_000);
  });

  describe('that cannot be used', () => {
    const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
    const pkcs8 = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const ed25519 = generateKeyPairSync('ed25519');
    const x25519 = generateKeyPairSync('x25519');
    const pairOf = ({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): KeyPair => ({
      public: spki(publicKey),
      private: pkcs8(privateKey),
    });

    const unusable: [string, unknown][] = [
      ['RSA keys', pairOf(rsa)],
      ['Ed25519 keys', pairOf(ed25519)],
      ['X25519 keys', pairOf(x25519)],
      ['P-384 keys', createKeyPair('secp384r1')],
      ['P-521 keys', createKeyPair('secp521r1')],
      ['an RSA private key', { public: keys.public, private: pkcs8(rsa.privateKey) }],
      ['an RSA public key', { public: spki(rsa.publicKey), private: keys.private }],
      ['an RSA public key alone', { public: spki(rsa.publicKey) }],
      ['a private key that is no PEM', { public: keys.public, private: 'secret' }],
      ['a public key that is no PEM', { public: 'public', private: keys.private }],
      ['paths', { public: './public.pem', private: './private.pem' }],
      ['cut PEM text', { public: keys.public.slice(0, -60), private: keys.private.slice(0, -60) }],
      ['an empty Buffer', { public: Buffer.alloc(0), private: Buffer.alloc(0) }],
      ['numbers', { public: 1, private: 2 }],
      ['an object without keys', {}],
      ['a bare string', keys.private],
      ['a number', 42],
      ['true', true],
      ['an array of nothing', [undefined]],
      ['a good pair followed by a bad one', [keys, createKeyPair('secp384r1')]],
      ['the public key of another pair', { public: otherKeys.public, private: keys.private }],
    ];
    for (const [name, value] of unusable) {
      it(`are refused by the factory with a TypeError that names the option: ${name} (B197)`, () => {
        assert.throws(
          () => session(loose({ keys: value })),
          (error: unknown) => error instanceof TypeError && error.message.includes('keys'),
        );
      });
    }

    it('do not show up in the error that refuses them (B197)', () => {
      const pair = pairOf(rsa);
      assert.throws(
        () => session({ keys: pair }),
        (error: unknown) => findKeyMaterial(error, pair).length === 0,
      );
    });
  });

  describe('whose first entry has no private key', () => {
    /** Two sites over one store: one that issues tokens and one that has the public key alone. */
    async function pairOfSites(options: session.SessionOptions = {}) {
      const store = new ForeignStore();
      const issuer = await siteWith(keys, store);
      const reader = await siteWith(publicOnly(keys), store, options);
      return { store, issuer, reader };
    }

    it('let stored sessions load and save (B198)', async () => {
      const { store, issuer, reader } = await pairOfSites();
      const first = await issuer.visit('/');
      const second = await reader.visit('/', cookieOf(first));
      assert.equal(second.text, '2');
      assert.equal((await reader.visit('/show', cookieOf(first))).text, '2');
      assert.equal((await issuer.visit('/', cookieOf(first))).text, '3');
      assert.deepEqual([...store.records.keys()], [idOf(first)]);
    });

    it('let an anonymous request pass that leaves its session untouched (B198)', async () => {
      const ids: string[] = [];
      const store = new ForeignStore();
      const site = await serve(
        { keys: publicOnly(keys), store },
        {
          '/': (req, res) => {
            ids.push(req.sessionID);
            res.end(typeof req.session);
          },
        },
      );
      const res = await site.visit('/');
      assert.equal(res.text, 'object');
      assert.equal(setCookie(res), undefined);
      assert.match(ids.join(), /^[\w-]{32}$/);
      assert.deepEqual(store.calls, []);
      assert.deepEqual(await lateErrors(site), []);
    });

    it('make saving a new session an error that says what is missing (B198)', async () => {
      const { store, reader } = await pairOfSites();
      const res = await reader.get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, /keys.*private/);
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(store.calls, []);
    });

    it('make saving an untouched new session an error where saveUninitialized asks for it (B198)', async () => {
      const { reader } = await pairOfSites({ saveUninitialized: true });
      const res = await reader.get('/nothing');
      assert.equal(res.status, 500);
      assert.match(res.text, /keys.*private/);
    });

    it('make regenerate an error that says what is missing (B198)', async () => {
      const { issuer, reader } = await pairOfSites();
      const first = await issuer.visit('/');
      const res = await reader.get('/regenerate', cookieOf(first));
      assert.equal(res.status, 500);
      assert.match(res.text, /keys.*private/);
      assert.equal(setCookie(res), undefined);
    });

    it('make a change of the claims a late error that says what is missing, nothing is stored (B198, B214)', async () => {
      const { store, issuer, reader } = await pairOfSites({ jwtFromReq: userClaims });
      const first = await issuer.visit('/');
      const before = [...store.records];
      const res = await reader.visit('/login', cookieOf(first));
      assert.equal(setCookie(res), undefined);
      const [error = '', ...others] = await lateErrors(reader);
      assert.match(error, /keys.*private/);
      assert.deepEqual(others, []);
      assert.equal((reader.lateErrors[0] as { code?: string }).code, 'ERR_SESSION_TOKEN_UNDELIVERABLE');
      assert.deepEqual([...store.records], before);
      assert.equal((await issuer.visit('/show', cookieOf(first))).text, '1');
    });

    it("leave these errors to an Express app's own error handler (B198)", async () => {
      const app = express();
      app.use(session({ keys: publicOnly(keys) }));
      app.get('/', countHits);
      app.get('/regenerate', regenerateAndCount);
      app.get('/nothing', (_, res) => {
        res.send('untouched');
      });
      app.use((error: Error, _: Request, res: Response, next: NextFunction) => {
        if (res.headersSent) next(error);
        else res.status(500).send(`handled: ${error.message}`);
      });
      for (const path of ['/', '/regenerate']) {
        const res = await request(app).get(path);
        assert.equal(res.status, 500);
        assert.match(res.text, /^handled: .*keys.*private/);
      }
      assert.equal((await request(app).get('/nothing')).text, 'untouched');
    });

    it('may be followed by a private one, which is not used (B198)', async () => {
      const site = await siteWith([publicOnly(keys), otherKeys]);
      const res = await site.get('/');
      assert.equal(res.status, 500);
      assert.match(res.text, /keys.*private/);
    });
  });

  describe('leave no trace', () => {
    /** A site that collects what leads from each request to key material, once the response is out. */
    async function searchedSite(pair: KeyPair, keyOptions: Record<string, unknown>) {
      const found: string[] = [];
      let searched = 0;
      const search =
        (handler: Handler): Handler =>
        async (req, res) => {
          const look = () => {
            searched++;
            found.push(...findKeyMaterial(req, pair), ...findKeyMaterial(res, pair));
          };
          look();
          res.on('finish', look);
          await handler(req, res);
        };
      const handlers: Record<string, Handler> = {
        '/': countHits,
        '/nothing': (_, res) => res.end(),
        '/regenerate': regenerateAndCount,
        '/login': logInAndCount,
        '/destroy': logOut,
      };
      const searching = Object.fromEntries(
        Object.entries(handlers).map(([path, handler]) => [path, search(handler)]),
      );
      const site = await serve(loose({ ...keyOptions, jwtFromReq: userClaims }), searching);
      return { site, found, searches: () => searched };
    }

    for (const [name, keyOptions] of [
      ['keys', { keys: [keys, otherKeys] }],
      ['keysProvider', { keys: undefined, keysProvider: () => Promise.resolve([keys, otherKeys]) }],
    ] as const) {
      it(`of ${name} on a request or response, whatever it did with the session (B199)`, async () => {
        const { site, found, searches } = await searchedSite(keys, keyOptions);
        await site.visit('/nothing');
        let cookie = cookieOf(await site.visit('/'));
        await site.visit('/', cookie);
        cookie = cookieOf(await site.visit('/regenerate', cookie));
        cookie = cookieOf(await site.visit('/login', cookie));
        await site.visit('/destroy', cookie);
        assert.equal(searches(), 12);
        assert.deepEqual(found, []);
      });
    }

    it('on a request when they were given as Buffers (B199)', async () => {
      const { site, found } = await searchedSite(keys, { keys: buffers(keys) });
      await site.visit('/', cookieOf(await site.visit('/')));
      assert.deepEqual(found, []);
    });

    it('on a request without a private key, or on the error it ends in (B199)', async () => {
      const errors: unknown[] = [];
      const requests: Request[] = [];
      const server = serverOf((req, res, next) => {
        requests.push(req);
        session({ keys: publicOnly(keys) })(req, res, (error?: unknown) => {
          if (error) errors.push(error);
          next(error);
        });
      }, countHits);
      const site = await open(server);
      assert.equal((await site.get('/')).status, 500);
      assert.equal(errors.length, 1);
      assert.deepEqual(findKeyMaterial(errors, keys), []);
      assert.deepEqual(findKeyMaterial(requests, keys), []);
    });

    it('is a search that finds keys in the places where it should (B199)', () => {
      const holder = { deep: { list: [new Map([['pem', Buffer.from(keys.private)]])] } };
      assert.equal(findKeyMaterial(holder, keys).length, 1);
      assert.equal(findKeyMaterial({ text: `x ${keys.public}` }, keys).length, 1);
      assert.equal(
        findKeyMaterial(
          Object.assign(() => 1, { keys }),
          keys,
        ).length,
        2,
      );
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
      assert.equal(findKeyMaterial({ privateKey }, keys).length, 1);
      assert.deepEqual(findKeyMaterial({ name: 'bob' }, keys), []);
    });
  });
});

describe('rotating keys', () => {
  /** Sites over one store that answer with the stored name; `/set` stores `bob`. */
  function bobSites(...keyOptions: unknown[]): Promise<Site[]> {
    const store = new ForeignStore();
    const show: Handler = (req, res) => res.end(String(data(req).name));
    const set: Handler = (req, res) => {
      data(req).name = 'bob';
      return show(req, res);
    };
    return Promise.all(
      keyOptions.map((option) =>
        open(serverOf(session(loose({ keys: option, store })), routes({ '/set': set, '/show': show }))),
      ),
    );
  }

  it('needs no private key of older entries (B239)', async () => {
    const third = createKeyPair();
    const [old, oldest, current] = await bobSites(otherKeys, third, [
      keys,
      publicOnly(otherKeys),
      publicOnly(third),
    ]);
    assert.ok(old && oldest && current);
    for (const issuer of [old, oldest]) {
      const res = await issuer.visit('/set');
      assert.equal((await current.visit('/show', cookieOf(res))).text, 'bob');
    }
    assert.ok(isSignedBy(tokenOf(await current.visit('/set')), keys.public));
  });

  describe('with a token of an older key', () => {
    /** A session of the older key, and a site that lists this key second. */
    async function rolledOver(options: session.SessionOptions = {}) {
      const store = new ForeignStore();
      const before = await siteWith(otherKeys, store);
      const site = await siteWith([keys, publicOnly(otherKeys)], store, {
        jwtFromReq: userClaims,
        ...options,
      });
      const first = await before.visit('/');
      return { store, site, first };
    }

    it('keeps the token as long as its key is listed: nothing is signed or sent anew (B240)', async () => {
      const { store, site, first } = await rolledOver();
      for (const [path, text] of [
        ['/show', '1'],
        ['/', '2'],
        ['/show', '2'],
      ] as const) {
        const res = await site.visit(path, cookieOf(first));
        assert.equal(res.text, text);
        assert.equal(setCookie(res), undefined);
      }
      assert.deepEqual([...store.records.keys()], [idOf(first)]);
      assert.equal(store.count('destroy'), 0);
    });

    it('repeats the very token where the cookie is sent for another reason (B240)', async () => {
      const { site, first } = await rolledOver({ rolling: true });
      assert.equal(tokenOf(await site.visit('/', cookieOf(first))), tokenOf(first));
    });

    for (const [name, path] of [
      ['regenerated', '/regenerate'],
      ['rotated', '/login'],
    ] as const) {
      it(`signs ${name} tokens with the first key (B240)`, async () => {
        const { site, first } = await rolledOver();
        assert.ok(isSignedBy(tokenOf(first), otherKeys.public));
        const second = await site.visit(path, cookieOf(first));
        assert.ok(isSignedBy(tokenOf(second), keys.public));
        assert.ok(Number((await site.visit('/', cookieOf(second))).text) > Number(second.text));
      });
    }

    it('signs new tokens with the first key (B240)', async () => {
      const { site } = await rolledOver();
      assert.ok(isSignedBy(tokenOf(await site.visit('/')), keys.public));
    });

    it('starts a new session once the key is no longer listed (B240)', async () => {
      const { store, first } = await rolledOver();
      const after = await siteWith(keys, store);
      const gets = store.count('get');
      const res = await after.visit('/', cookieOf(first));
      assert.equal(res.text, '1');
      assert.ok(isSignedBy(tokenOf(res), keys.public));
      assert.equal(store.count('get'), gets);
    });
  });
});

/**
 * The paths by which key material can be reached from a value: through own members (enumerable or not, by name or by
 * symbol, getters called), Map and Set entries.
 */
function findKeyMaterial(root: unknown, pair: KeyPair): string[] {
  const traces = [pair.private, pair.public].map((pem) => (pem.split('\n')[1] ?? pem).slice(0, 60));
  const found: string[] = [];
  const seen = new Set<unknown>();
  const queue: [unknown, string][] = [[root, '']];
  const holdsKey = (value: unknown): boolean => {
    const text = typeof value === 'string' ? value : ArrayBuffer.isView(value) ? textOf(value) : '';
    return value instanceof KeyObject || traces.some((trace) => text.includes(trace));
  };
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [value, path] = next;
    if (holdsKey(value)) found.push(path);
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
    if (seen.has(value) || ArrayBuffer.isView(value)) continue;
    seen.add(value);
    for (const key of Reflect.ownKeys(value)) queue.push([memberOf(value, key), `${path}.${String(key)}`]);
    if (value instanceof Map) for (const entry of value) queue.push([entry, `${path}.entry`]);
    if (value instanceof Set) for (const entry of value) queue.push([entry, `${path}.entry`]);
  }
  return found;
}

function textOf(view: ArrayBufferView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('latin1');
}

/** What a member holds or its getter returns; a getter that refuses holds nothing. */
function memberOf(holder: object, key: string | symbol): unknown {
  const descriptor = Reflect.getOwnPropertyDescriptor(holder, key);
  if (descriptor?.get === undefined) return descriptor?.value;
  try {
    return Reflect.get(holder, key) as unknown;
  } catch {
    return undefined;
  }
}
