/** The option keysProvider, in requests: keys that are found for each of them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import session from '../../src';
import { byHand } from '../support/by-hand';
import { cookieOf, tokenOf } from '../support/cookies';
import { isSignedBy } from '../support/forge';
import { createKeyPair, keys, otherKeys } from '../support/keys';
import { legacyCookie } from '../support/legacy';
import { loose } from '../support/loose';
import { recordNext } from '../support/next-calls';
import { serverOf } from '../support/server';
import { countHits, gate, open, serve, turn } from '../support/site';
import { ForeignStore } from '../support/stores';
import { startSession02 } from '../support/token02';

/** Also those that the types forbid. */
type Provider = (...args: Parameters<session.KeysProvider>) => unknown;

/** The tenant is the first segment of the path. */
const tenants: Record<string, session.KeyPair> = { a: keys, b: otherKeys };

const byTenant: session.KeysProvider = (req) => Promise.resolve(tenants[req.url.slice(1, 2)]);

function siteOf(provider: unknown, options: Record<string, unknown> = {}) {
  return serve(loose({ store: new ForeignStore(), ...options, keys: provider }), {
    '/': countHits,
    '/a': countHits,
    '/b': countHits,
    '/a/regenerate': async (req, res) => {
      await req.session.regenerate();
      return countHits(req, res);
    },
  });
}

describe('a function as keys', () => {
  describe('as an option', () => {
    it('may have the name that 0.2.2 gives it', async () => {
      const site = await serve({ keys: undefined, keysProvider: byTenant }, { '/a': countHits });
      assert.ok(isSignedBy(tokenOf(await site.visit('/a')), keys.public));
    });

    it('excludes keys beside that older name', () => {
      assert.throws(() => session({ keys, keysProvider: byTenant }), {
        name: 'TypeError',
        message: /keys and keysProvider options/,
      });
      assert.throws(() => session({ keys: [], keysProvider: byTenant }), TypeError);
      session(loose({ keys: null, keysProvider: byTenant }));
    });

    it('must be a function where it has that older name', () => {
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
      const site = await serve(loose({ keys: undefined, keysProvider: provider, store }), {});
      store.emit('disconnect');
      await site.visit('/');
      assert.deepEqual(tokens, []);
    });
  });

  describe('answers', () => {
    const anError = new Error('no such tenant');

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
            ['keys function answered a second time for one request: only the first answer counts'],
          );
        } finally {
          process.off('warning', onWarning);
        }
      });
    }

    it('with an error of session.remoteKeys: that goes to next', async () => {
      const url = 'http://127.0.0.1:1/jwks.json';
      const res = await (await siteOf(session.remoteKeys(url))).get('/');
      assert.equal(res.status, 500);
      assert.equal(res.text, `remoteKeys: no keys from ${url}`);
    });

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
      const { cookie } = await startSession02(store, { hits: 5 });
      assert.equal((await site.visit('/a', cookie)).text, '6');
      assert.equal((await site.visit('/b', cookie)).text, '1');
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
  });

  it('without store and with private keys keeps the sessions of all requests in one MemoryStore', async () => {
    const site = await serve(
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
    const site = await serve(
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
