// What a function as `keys` may answer, and what becomes of its answers.
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { inspect } from 'node:util';
import { createKeyRingProvider, type ProvidedKeyRing } from '../../../src/keys/keys-provider';
import type { KeyPair, KeysProvider, Request } from '../../../src/types';
import { thumbprint } from '../../support/forge';
import { turn } from '../../support/gate';
import { createKeyPair, keys, otherKeys } from '../../support/keys';

/** Also those that the types forbid. */
type Provider = (...args: Parameters<KeysProvider>) => unknown;

const req = Object.create(null) as Request;

/** What the callback is called with, until a few turns after the first call. */
async function callsOf(provider: Provider): Promise<unknown[][]> {
  const calls: unknown[][] = [];
  await new Promise<void>((resolve) => {
    createKeyRingProvider(provider as KeysProvider)(req, undefined, (...args) => {
      calls.push(args);
      resolve();
    });
  });
  for (let turns = 0; turns < 5; turns++) await turn();
  return calls;
}

async function provided(provider: Provider): Promise<ProvidedKeyRing> {
  const [[error, result] = []] = await callsOf(provider);
  if (error) throw error as Error;
  return result as ProvidedKeyRing;
}

describe('keysProvider', () => {
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
      it(`${name}: the key ring signs with these keys`, async () => {
        const { keyRing, tenant } = await provided(provider);
        assert.equal(keyRing.signing.kid, thumbprint(keys.public));
        assert.equal(tenant, undefined);
      });
    }

    const anError = new Error('no such tenant');
    const bad: [string, Provider, RegExp | Error][] = [
      ['an error to done', (_req, _token, done) => done(anError), anError],
      ['an error to done, later', (_req, _token, done) => setImmediate(done, anError), anError],
      ['an error and keys to done', (_req, _token, done) => done(anError, keys), anError],
      ["'route' as an error", (_req, _token, done) => done('route'), /keys function failed/],
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
        /keys function: keys\.p\w+ must be an EC key/,
      ],
      ['a text', () => Promise.resolve(keys.private), /keys function: keys must be an object/],
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
      it(`${name}: one clear error`, async () => {
        const calls = await callsOf(provider);
        assert.equal(calls.length, 1);
        const [error, result] = calls[0] ?? [];
        assert.ok(error instanceof Error);
        if (expected instanceof Error) assert.equal(error, expected);
        else assert.match(error.message, expected);
        assert.equal(result, undefined);
      });
    }

    it('within the turn if the provider does', () => {
      let isCalled = false;
      createKeyRingProvider((_req, _token, done) => done(null, keys))(
        req,
        undefined,
        () => (isCalled = true),
      );
      assert.ok(isCalled);
    });
  });

  describe('with the name of a tenant', () => {
    it('hands that on beside the keys (B253)', async () => {
      for (const given of [keys, [keys, otherKeys], { private: createPrivateKey(keys.private) }]) {
        const { keyRing, tenant } = await provided(() => Promise.resolve({ keys: given, tenant: 'shop' }));
        assert.equal(keyRing.signing.kid, thumbprint(keys.public));
        assert.equal(tenant, 'shop');
      }
      const { tenant } = await provided((_req, _token, done) => done(null, { keys, tenant: 'bank' }));
      assert.equal(tenant, 'bank');
    });

    for (const tenant of [undefined, null, '', 7, ['a'], {}, true, 'a\0b']) {
      it(`that is ${inspect(tenant)} is refused (B253)`, async () => {
        await assert.rejects(
          provided(() => Promise.resolve({ keys, tenant })),
          { name: 'TypeError', message: /^keys function: tenant must be a string that is not empty/ },
        );
      });
    }

    it('is refused beside no name at all, as in a JWK Set (B253)', async () => {
      await assert.rejects(
        provided(() => Promise.resolve({ keys: [keys] })),
        { name: 'TypeError', message: /answer \{ keys, tenant \}, or the keys alone/ },
      );
    });

    it('and without keys is refused, also where those are beside the name (B253)', async () => {
      for (const answer of [{ tenant: 'a' }, { ...keys, tenant: 'a' }, { keys: [], tenant: 'a' }]) {
        await assert.rejects(
          provided(() => Promise.resolve(answer)),
          /gave no keys/,
        );
      }
    });

    it('keeps private keys out of the errors', async () => {
      await assert.rejects(
        provided(() => Promise.resolve({ keys: { public: keys.private }, tenant: 'a' })),
        (error: Error) =>
          error.message.startsWith('keys function: keys.public must be') &&
          !inspect(error).includes(keys.private.split('\n')[1] ?? ''),
      );
    });
  });

  describe('remembers what it has parsed', () => {
    /** What a provider of these answers leads to, one after the other. */
    async function parsed(...answers: unknown[]): Promise<(ProvidedKeyRing | undefined)[]> {
      const provide = createKeyRingProvider(() => Promise.resolve(answers.shift() as KeyPair));
      const found: (ProvidedKeyRing | undefined)[] = [];
      while (answers.length > 0) {
        found.push(
          await new Promise((resolve) => provide(req, undefined, (_error, found) => resolve(found))),
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
        [
          { keys, tenant: 'a' },
          { keys: [{ ...keys }], tenant: 'a' },
        ],
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
        { keys, tenant: 'a' },
        { keys, tenant: 'b' },
        { keys: otherKeys, tenant: 'a' },
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
});
