import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import session from '../src';
import { createTokensProvider } from '../src/keys/keys-provider';
import { NO_RULES } from '../src/token/token-rules';
import { createTokenCache, type Tokens } from '../src/token/token';
import { byHand } from './support/by-hand';
import { cookieOf, digest, setCookie, tokenOf } from './support/cookies';
import { issue, isSignedBy, recordOf, seconds } from './support/forge';
import { createKeyPair, keys, otherKeys } from './support/keys';
import { legacyCookie } from './support/legacy';
import { loose } from './support/loose';
import { recordNext } from './support/next-calls';
import { serverOf } from './support/server';
import { asStore, closeSites, countHits, gate, open, openSite, routes, showHits, turn } from './support/site';
import { ForeignStore } from './support/stores';

/** Also those that the types forbid. */
type Provider = (...args: Parameters<session.KeysProvider>) => unknown;

/** The tenant is the first segment of the path. */
const tenants: Record<string, session.KeyPair> = { a: keys, b: otherKeys };

const byTenant: session.KeysProvider = (req) => Promise.resolve(tenants[req.url.slice(1, 2)]);

function siteOf(provider: unknown, options: Record<string, unknown> = {}) {
  return openSite(loose({ store: new ForeignStore(), ...options, keys: undefined, keysProvider: provider }), {
    '/': countHits,
    '/a': countHits,
    '/b': countHits,
    '/a/regenerate': async (req, res) => {
      await req.session.regenerate();
      return countHits(req, res);
    },
  });
}

describe('keysProvider', () => {
  afterEach(closeSites);

  describe('as an option', () => {
    it('excludes keys', () => {
      assert.throws(() => session({ keys, keysProvider: byTenant }), {
        name: 'TypeError',
        message: /keys and keysProvider options/,
      });
      assert.throws(() => session({ keys: [], keysProvider: byTenant }), TypeError);
      session(loose({ keys: null, keysProvider: byTenant }));
    });

    it('must be a function', () => {
      assert.throws(() => session(loose({ keysProvider: keys })), {
        name: 'TypeError',
        message: 'keysProvider option must be a function',
      });
    });
  });

  describe('is asked', () => {
    /** What the provider was called with. */
    function recording() {
      const tokens: unknown[] = [];
      const provider: Provider = (req, token) => {
        assert.ok(req.headers);
        tokens.push(token);
        return Promise.resolve(keys);
      };
      return { tokens, provider };
    }

    it('once a request, with the token that came or undefined', async () => {
      const { tokens, provider } = recording();
      const site = await siteOf(provider);
      const first = await site.visit('/');
      await site.visit('/', cookieOf(first));
      assert.deepEqual(tokens, [undefined, tokenOf(first)]);
    });

    it('with the first cookie of the name that could be a token, verified or not', async () => {
      const { tokens, provider } = recording();
      const site = await siteOf(provider);
      const forged = byHand({}, createKeyPair());
      await site.visit('/', `connect.sid=bogus; connect.sid=${forged}; connect.sid=${byHand()}`);
      await site.visit('/', `connect.sid=${'e'.repeat(5000)}`);
      await site.visit('/', legacyCookie('an-id', 'secret'));
      assert.deepEqual(tokens, [forged, undefined, undefined]);
    });

    it('with what cookie-parser has left of the cookies', async () => {
      const { tokens, provider } = recording();
      const token = byHand();
      const middleware = session(loose({ keysProvider: provider }));
      for (const parsed of [
        { signedCookies: { 'connect.sid': token } },
        { cookies: { 'connect.sid': token } },
        { cookies: { 'connect.sid': {} } },
      ]) {
        const site = await open(
          serverOf((req, res, next) => {
            Object.assign(req, parsed);
            middleware(req, res, next);
          }),
        );
        await site.visit('/');
      }
      assert.deepEqual(tokens, [token, token, undefined]);
    });

    it('not outside of the path, and not where there is a session already', async () => {
      const { tokens, provider } = recording();
      const site = await siteOf(provider, { cookie: { path: '/a' } });
      await site.visit('/elsewhere');
      const middleware = session(loose({ keysProvider: provider }));
      const twice = await open(
        serverOf((req, res, next) => {
          Object.assign(req, { session: {} });
          middleware(req, res, next);
        }),
      );
      await twice.get('/');
      assert.deepEqual(tokens, []);
    });

    it('not while the store is down', async () => {
      const { tokens, provider } = recording();
      const store = new ForeignStore();
      const site = await openSite(loose({ keys: undefined, keysProvider: provider, store }), {});
      store.emit('disconnect');
      await site.visit('/');
      assert.deepEqual(tokens, []);
    });
  });

  describe('answers', () => {
    const good: [string, Provider][] = [
      ['through done at once', (_req, _token, done) => done(null, keys)],
      ['through done later', (_req, _token, done) => setTimeout(done, 1, null, keys)],
      ['by a promise', () => Promise.resolve(keys)],
      ['by a promise later', () => turn().then(() => keys)],
      ['by an object with then', () => ({ then: (resolve: (keys: unknown) => void) => resolve(keys) })],
      [
        'through done while its promise has no value',
        async (_req, _token, done) => {
          await turn();
          done(null, keys);
        },
      ],
      [
        'through done after its promise was fulfilled',
        (_req, _token, done) => {
          setTimeout(done, 5, null, keys);
          return Promise.resolve();
        },
      ],
      [
        'both ways',
        (_req, _token, done) => {
          done(null, keys);
          return Promise.resolve(keys);
        },
      ],
      [
        'both ways, later',
        async (_req, _token, done) => {
          await turn();
          done(null, keys);
          return keys;
        },
      ],
      ['with an array', () => Promise.resolve([keys, otherKeys])],
      ['with KeyObjects', () => Promise.resolve({ private: createPrivateKey(keys.private) })],
      [
        'with JWKs',
        () => Promise.resolve({ private: createPrivateKey(keys.private).export({ format: 'jwk' }) }),
      ],
      ['with Buffers', () => Promise.resolve({ private: Buffer.from(keys.private) })],
    ];
    for (const [name, provider] of good) {
      it(`${name}: the session is there when the handler runs`, async () => {
        const site = await siteOf(provider);
        const first = await site.visit('/');
        assert.ok(isSignedBy(tokenOf(first), keys.public));
        assert.equal((await site.visit('/', cookieOf(first))).text, '2');
      });
    }

    const anError = new Error('no such tenant');
    const bad: [string, Provider, RegExp | Error][] = [
      ['an error to done', (_req, _token, done) => done(anError), anError],
      ['an error to done, later', (_req, _token, done) => setImmediate(done, anError), anError],
      ['an error and keys to done', (_req, _token, done) => done(anError, keys), anError],
      ["'route' as an error", (_req, _token, done) => done('route'), /keysProvider failed/],
      [
        'an exception',
        () => {
          throw anError;
        },
        anError,
      ],
      [
        'an exception without a reason',
        () => {
          throw undefined as unknown as Error;
        },
        /threw without a reason/,
      ],
      [
        'an exception after done',
        (_req, _token, done) => {
          done(null, keys);
          throw anError;
        },
        anError,
      ],
      ['a rejection', () => Promise.reject(anError), anError],
      ['a rejection without a reason', () => Promise.reject(), /rejected without a reason/], // eslint-disable-line @typescript-eslint/prefer-promise-reject-errors
      [
        'a then that throws',
        () => ({
          then: () => {
            throw anError;
          },
        }),
        anError,
      ],
      ['done without keys', (_req, _token, done) => done(null), /gave no keys/],
      ['done with null', (_req, _token, done) => done(null, null), /gave no keys/],
      ['an empty array', () => Promise.resolve([]), /gave no keys/],
      ['a promise without a value', () => Promise.resolve(), /gave no keys/],
      ['a promise of null', () => Promise.resolve(null), /gave no keys/],
      ['nothing, and does not take done', () => undefined, /must return a promise, or declare `done`/],
      ['keys that are no promise', () => keys, /must return a promise, or declare `done`/],
      [
        'keys of another kind',
        () => Promise.resolve(createKeyPair('secp384r1')),
        /keysProvider: keys\.p\w+ must be an EC key/,
      ],
      ['a text', () => Promise.resolve(keys.private), /keysProvider: keys must be an object/],
      [
        'cyclic nonsense',
        () => {
          const one: Record<string, unknown> = {};
          one.public = one;
          return Promise.resolve(one);
        },
        /circular/i,
      ],
      [
        'done twice',
        (_req, _token, done) => {
          done(null, keys);
          done(null, otherKeys);
        },
        /called done twice/,
      ],
      [
        'done twice in one later turn',
        (_req, _token, done) => {
          setImmediate(() => {
            done(null, keys);
            done(null, keys);
          });
        },
        /called done twice/,
      ],
    ];
    for (const [name, provider, expected] of bad) {
      it(`${name}: one clear error for next, no session, no handler`, async () => {
        let ran = false;
        const store = new ForeignStore();
        const middleware = recordNext(session(loose({ keysProvider: provider, store })));
        const site = await open(
          serverOf(middleware, (_, res) => {
            ran = true;
            res.end();
          }),
        );
        const res = await site.get('/', `connect.sid=${byHand()}`);
        assert.equal(res.status, 500);
        await turn();
        assert.equal(middleware.calls.length, 1);
        const [error] = middleware.calls[0] ?? [];
        assert.ok(error instanceof Error);
        if (expected instanceof Error) assert.equal(error, expected);
        else assert.match(error.message, expected);
        assert.equal(ran, false);
        assert.deepEqual(store.calls, []);
      });
    }

    it('keeps the private key out of the errors', async () => {
      const site = await siteOf(() => Promise.resolve({ public: keys.private, private: 'x' }));
      assert.ok(!(await site.get('/')).text.includes(keys.private.split('\n')[1] ?? ''));
    });

    for (const [name, answerAgain] of [
      ['calls done again', (done: () => void) => done()],
      ['rejects', (_done: () => void, reject: (error: Error) => void) => reject(anError)],
    ] as const) {
      it(`and ${name} when the request goes on: one warning a middleware, and next is called once`, async () => {
        const inHandler = gate();
        const provider: Provider = (_req, _token, done) =>
          new Promise((_resolve, reject) => {
            done(null, keys);
            void inHandler.reached.then(() => {
              answerAgain(() => done(null, otherKeys), reject);
            });
          });
        const warnings: Error[] = [];
        const onWarning = (warning: Error) => warnings.push(warning);
        process.on('warning', onWarning);
        try {
          const middleware = recordNext(session(loose({ keysProvider: provider })));
          const site = await open(
            serverOf(middleware, async (req, res) => {
              const passed = inHandler.pass();
              await turn();
              await turn();
              inHandler.open();
              await passed;
              countHits(req, res);
            }),
          );
          for (let i = 0; i < 2; i++) {
            const res = await site.visit('/');
            assert.ok(isSignedBy(tokenOf(res), keys.public));
          }
          assert.deepEqual(middleware.calls, [[], []]);
          assert.deepEqual(
            warnings.map(({ message }) => message),
            ['keysProvider answered a second time for one request: only the first answer counts'],
          );
        } finally {
          process.off('warning', onWarning);
        }
      });
    }

    it('leaves an exception of the application to the application', async () => {
      const failure = new Error('of the handler');
      const middleware = session({
        keysProvider: async (_req, _token, done) => {
          await turn();
          done(null, keys);
        },
      });
      const ofMocha = process.rawListeners('uncaughtException') as NodeJS.UncaughtExceptionListener[];
      process.removeAllListeners('uncaughtException');
      try {
        const uncaught = once(process, 'uncaughtException');
        middleware({ headers: {}, url: '/' } as never, {} as never, () => {
          throw failure;
        });
        assert.equal((await uncaught)[0], failure);
      } finally {
        for (const listener of ofMocha) process.on('uncaughtException', listener);
      }
    });
  });

  describe('with several tenants', () => {
    it('signs with the keys of each, and accepts no token of another, also not from the cache', async () => {
      const store = new ForeignStore();
      const site = await siteOf(byTenant, { store });
      const a = await site.visit('/a');
      const b = await site.visit('/b');
      assert.ok(isSignedBy(tokenOf(a), keys.public));
      assert.ok(isSignedBy(tokenOf(b), otherKeys.public));
      assert.equal((await site.visit('/a', cookieOf(a))).text, '2');
      const gets = store.count('get');
      const crossed = await site.visit('/b', cookieOf(a));
      assert.equal(crossed.text, '1');
      assert.equal(store.count('get'), gets);
      assert.ok(isSignedBy(tokenOf(crossed), otherKeys.public));
      assert.equal((await site.visit('/a', cookieOf(b))).text, '1');
      assert.equal((await site.visit('/a', cookieOf(a))).text, '3');
    });

    it('holds tokens without kid to the keys that have signed them', async () => {
      const store = new ForeignStore();
      const site = await siteOf(byTenant, { store });
      const token = issue({ iat: seconds(), nonce: 'old' });
      store.records.set(digest(token), recordOf({ hits: 5 }));
      assert.equal((await site.visit('/a', `connect.sid=${token}`)).text, '6');
      assert.equal((await site.visit('/b', `connect.sid=${token}`)).text, '1');
    });

    it('regenerates with the keys of the request', async () => {
      const site = await siteOf(byTenant);
      const b = await site.visit('/b');
      assert.equal(b.status, 200);
      const first = await site.visit('/a');
      const second = await site.visit('/a/regenerate', cookieOf(first));
      assert.ok(isSignedBy(tokenOf(second), keys.public));
    });

    it('ends sessions at once whose key is no longer given', async () => {
      let current: session.ProvidedKeys = [otherKeys, keys];
      const site = await siteOf(() => Promise.resolve(current));
      current = keys;
      const first = await site.visit('/');
      current = [otherKeys, { public: keys.public }];
      assert.equal((await site.visit('/', cookieOf(first))).text, '2');
      current = otherKeys;
      assert.equal((await site.visit('/', cookieOf(first))).text, '1');
    });

    it('gives a legacy session that one tenant has upgraded to no other at the same time', async () => {
      const store = new ForeignStore();
      store.records.set('an-id', recordOf({ hits: 3 }));
      const secret = 'keyboard cat';
      const waiting = gate();
      const middleware = session({ keysProvider: byTenant, secret, store: asStore(store) });
      const site = await open(
        serverOf(
          middleware,
          routes({
            '/a': async (req, res) => {
              await waiting.pass();
              countHits(req, res);
            },
            '/b': showHits,
          }),
        ),
      );
      const cookie = legacyCookie('an-id', secret);
      const a = site.visit('/a', cookie);
      await waiting.reached;
      const b = await site.visit('/b', cookie);
      assert.equal(b.text, 'undefined');
      assert.equal(setCookie(b), undefined);
      waiting.open();
      assert.equal((await a).text, '4');
      assert.equal((await site.visit('/b', cookie)).text, 'undefined');
      assert.equal((await site.visit('/a', cookie)).text, '5');
    });
  });

  describe('remembers what it has parsed', () => {
    /** The Tokens that a provider of these answers leads to, one after the other. */
    async function parsed(...answers: unknown[]): Promise<(Tokens | undefined)[]> {
      const provide = createTokensProvider(
        () => Promise.resolve(answers.shift() as session.KeyPair),
        createTokenCache(10),
        NO_RULES,
      );
      const found: (Tokens | undefined)[] = [];
      while (answers.length > 0) {
        found.push(
          await new Promise((resolve) =>
            provide({} as never, undefined, (_error, tokens) => resolve(tokens)),
          ),
        );
      }
      return found;
    }
    const object = createPrivateKey(keys.private);
    const jwk = object.export({ format: 'jwk' });

    it('by content: equal text, Buffer, JWK or the same KeyObject', async () => {
      for (const [one, two] of [
        [keys, { ...keys }],
        [keys, [{ public: Buffer.from(keys.public), private: Buffer.from(keys.private) }]],
        [{ private: jwk }, { private: { ...jwk } }],
        [{ private: object }, { private: object }],
      ]) {
        const [first, second] = await parsed(one, two);
        assert.ok(first);
        assert.equal(first, second);
      }
    });

    it('and nothing else', async () => {
      const all = await parsed(
        keys,
        otherKeys,
        [keys, otherKeys],
        [otherKeys, keys],
        { public: keys.public },
        { private: jwk },
        { private: object },
        { private: createPrivateKey(keys.private) },
      );
      assert.ok(all.every(Boolean));
      assert.equal(new Set(all).size, all.length);
    });

    it('not by what a JWK says of itself', async () => {
      const forged = Array.from({ length: 20 }, (_, index) => ({ private: { object: index, kty: 'EC' } }));
      const [known, ...others] = await parsed({ private: object }, ...forged, { private: ['object', 1] });
      assert.ok(known);
      assert.deepEqual(new Set(others), new Set([undefined]));
    });

    it('within bounds', async () => {
      const [first, ...rest] = await parsed(
        keys,
        ...Array.from({ length: 1000 }, (_, index) => ({
          public: `${keys.public}${'\n'.repeat(index + 1)}`,
        })),
        keys,
      );
      assert.ok(first);
      assert.notEqual(rest.at(-1), first);
    });
  });

  it('without store and with private keys keeps the sessions of all requests in one MemoryStore', async () => {
    const site = await openSite(
      { keys: undefined, keysProvider: byTenant },
      {
        '/a': countHits,
        '/b': (req, res) => req.sessionStore.length?.((_, count) => res.end(String(count))),
      },
    );
    const first = await site.visit('/a');
    assert.equal((await site.visit('/a', cookieOf(first))).text, '2');
    assert.equal((await site.visit('/b')).text, '1');
  });

  it('says so where the store is asked for a session of another request', async () => {
    const site = await openSite(
      { keys: undefined, keysProvider: byTenant },
      {
        '/a': (req, res) => {
          assert.throws(
            () => (req.sessionStore as unknown as { generate(req: object): void }).generate({}),
            /did not come through/,
          );
          res.end();
        },
      },
    );
    await site.visit('/a');
  });
});
