// What services that only verify make of an endpoint with a JWK Set.
import assert from 'node:assert/strict';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { jwks } from '../../../src/keys/jwks';
import { remoteKeys } from '../../../src/keys/remote-keys';
import type { RemoteKeys, RemoteKeysOptions } from '../../../src/types';
import { withMovableClock } from '../../support/clock';
import { forge } from '../../support/forge';
import { gate, isPending } from '../../support/gate';
import { createKeyPair, keys, otherKeys, secp256k1Keys, type KeyPair } from '../../support/keys';
import { sessionToken } from '../../support/tokens';

type Answer = (res: ServerResponse, req: IncomingMessage) => unknown;

/** Ends after each test. */
const servers: http.Server[] = [];

/** An issuer's endpoint whose answer can be changed; counts requests. */
async function createEndpoint(first: Answer | object) {
  const endpoint = { url: '', requests: 0, answer: first };
  const server = http.createServer((req, res) => {
    endpoint.requests += 1;
    if (typeof endpoint.answer === 'function') (endpoint.answer as Answer)(res, req);
    else res.end(JSON.stringify(endpoint.answer));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/jwks.json`;
  return endpoint;
}

const fail: Answer = (res) => {
  res.statusCode = 503;
  res.end();
};

/** What the provider answers to a token; the keys by their kid. */
async function kids(provider: RemoteKeys, token?: string): Promise<string[]> {
  const pairs = await provider({} as never, token);
  return jwks(pairs).keys.map(({ kid }) => kid);
}

const kidOf = (pair: KeyPair): string => jwks(pair).keys[0]?.kid ?? assert.fail();

/** A token that names this key. */
const tokenOf = (kid: unknown): string => forge({ alg: 'ES256', kid }, { user: 1 });

describe('session.remoteKeys', () => {
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  for (const [name, url, options, message] of [
    ['a relative address', '/jwks.json', undefined, /url must be an absolute URL/],
    ['no address', undefined, undefined, /url must be an absolute URL/],
    ['a file', 'file:///etc/passwd', undefined, /url must begin with https/],
    ['data', 'data:application/json,{"keys":[]}', undefined, /url must begin with https/],
    [
      'a password in the address',
      'https://user:pass@localhost/',
      undefined,
      /must not hold a user name or password/,
    ],
    [
      'a user name in the address',
      'https://user@localhost/',
      undefined,
      /must not hold a user name or password/,
    ],
    [
      'a timeout that is a text',
      'https://localhost/',
      { timeout: '5s' },
      /timeout must be a whole number of milliseconds/,
    ],
    ['a negative maxAge', 'https://localhost/', { maxAge: -1 }, /maxAge must be/],
    ['an endless cooldown', 'https://localhost/', { cooldown: Infinity }, /cooldown must be/],
    ['a timeout longer than timers run', 'https://localhost/', { timeout: 2 ** 31 }, /timeout must be/],
  ] as const) {
    it(`refuses ${name} with a TypeError`, () => {
      assert.throws(() => remoteKeys(url as string, options as never), {
        name: 'TypeError',
        message,
      });
    });
  }

  it('gives the public keys of the set, and asks for them once', async () => {
    const endpoint = await createEndpoint(jwks([keys, otherKeys]));
    const provider = remoteKeys(new URL(endpoint.url));
    assert.equal(endpoint.requests, 0);
    const all = [kidOf(keys), kidOf(otherKeys)];
    assert.deepEqual(await kids(provider), all);
    assert.deepEqual(await kids(provider, tokenOf(kidOf(otherKeys))), all);
    assert.deepEqual(await kids(provider, sessionToken()), all, 'a token without kid');
    assert.equal(endpoint.requests, 1);
  });

  it('makes one request for all who wait', async () => {
    const waiting = gate();
    const endpoint = await createEndpoint(async (res: ServerResponse) => {
      await waiting.pass();
      res.end(JSON.stringify(jwks(keys)));
    });
    const provider = remoteKeys(endpoint.url);
    const pending = Array.from({ length: 20 }, () => kids(provider, tokenOf(kidOf(keys))));
    await waiting.reached;
    waiting.open();
    for (const found of await Promise.all(pending)) assert.deepEqual(found, [kidOf(keys)]);
    assert.equal(endpoint.requests, 1);
  });

  describe('of a token with an unknown kid', () => {
    it('looks again, and finds the key of an issuer that has rotated', async () => {
      const endpoint = await createEndpoint(jwks(keys));
      const provider = remoteKeys(endpoint.url, { cooldown: 0 });
      await kids(provider);
      endpoint.answer = jwks([otherKeys, keys]);
      assert.deepEqual(await kids(provider, tokenOf(kidOf(keys))), [kidOf(keys)]);
      assert.deepEqual(await kids(provider, tokenOf(kidOf(otherKeys))), [kidOf(otherKeys), kidOf(keys)]);
      assert.equal(endpoint.requests, 2);
    });

    it('makes no request within the cool-down, whatever is sent', async () => {
      const endpoint = await createEndpoint(jwks(keys));
      const provider = remoteKeys(endpoint.url);
      for (let i = 0; i < 50; i++) {
        for (const kid of [`forged-${String(i)}`, i, null, { kid: 1 }, '__proto__']) {
          assert.deepEqual(await kids(provider, tokenOf(kid)), [kidOf(keys)]);
        }
      }
      assert.equal(endpoint.requests, 1);
    });

    it('looks again after the cool-down', () =>
      withMovableClock(async (tick) => {
        const endpoint = await createEndpoint(jwks(keys));
        const provider = remoteKeys(endpoint.url, { cooldown: 60_000 });
        await kids(provider, tokenOf('forged'));
        await kids(provider, tokenOf('forged'));
        tick(60_001);
        await kids(provider, tokenOf('forged'));
        assert.equal(endpoint.requests, 2);
      }));

    it('lets nobody wait whose key is known', async () => {
      const endpoint = await createEndpoint(jwks(keys));
      const provider = remoteKeys(endpoint.url, { cooldown: 0 });
      await kids(provider);
      const waiting = gate();
      endpoint.answer = async (res: ServerResponse) => {
        await waiting.pass();
        res.end(JSON.stringify(jwks(keys)));
      };
      const forged = kids(provider, tokenOf('forged'));
      await waiting.reached;
      assert.deepEqual(await kids(provider, tokenOf(kidOf(keys))), [kidOf(keys)]);
      assert.ok(await isPending(forged));
      waiting.open();
      await forged;
    });
  });

  describe('with keys older than maxAge', () => {
    it('fetches them again, so that a key which the issuer withdrew is gone', () =>
      withMovableClock(async (tick) => {
        const endpoint = await createEndpoint(jwks([keys, otherKeys]));
        const provider = remoteKeys(endpoint.url, { maxAge: 60_000 });
        await kids(provider);
        endpoint.answer = jwks(keys);
        assert.equal((await kids(provider)).length, 2);
        tick(60_001);
        assert.deepEqual(await kids(provider), [kidOf(keys)]);
        assert.equal(endpoint.requests, 2);
      }));

    it('keeps the last good ones when the endpoint fails, and then lets nobody wait for it', async () => {
      const endpoint = await createEndpoint(jwks(keys));
      const provider = remoteKeys(endpoint.url, { maxAge: 0, cooldown: 0 });
      await kids(provider);
      endpoint.answer = fail;
      assert.deepEqual(await kids(provider), [kidOf(keys)]);
      const waiting = gate();
      endpoint.answer = async (res: ServerResponse) => {
        await waiting.pass();
        res.end(JSON.stringify(jwks(otherKeys)));
      };
      assert.deepEqual(await kids(provider, tokenOf(kidOf(keys))), [kidOf(keys)]);
      await waiting.reached;
      const unknown = kids(provider, tokenOf(kidOf(otherKeys)));
      waiting.open();
      assert.deepEqual(await unknown, [kidOf(otherKeys)]);
    });

    it('asks a failing endpoint no more often than the cool-down allows', async () => {
      const endpoint = await createEndpoint(jwks(keys));
      const provider = remoteKeys(endpoint.url, { maxAge: 0 });
      await kids(provider);
      endpoint.answer = fail;
      for (let i = 0; i < 10; i++) await kids(provider, tokenOf(i));
      assert.equal(endpoint.requests, 2);
    });
  });

  describe('without any keys yet', () => {
    const rejections: [string, Answer | object, RegExp, RemoteKeysOptions?][] = [
      ['an error status', fail, /status 503/],
      [
        'a status of no content',
        (res) => {
          res.statusCode = 204;
          res.end();
        },
        /status 204/,
      ],
      ['text', (res) => res.end('<html>'), /not valid JSON|Unexpected token/],
      ['nothing', (res) => res.end(), /JSON/],
      ['null', (res) => res.end('null'), /no JWK Set/],
      ['a JWK alone', createPublicKey(keys.public).export({ format: 'jwk' }), /no JWK Set/],
      ['a redirect', (res) => res.writeHead(302, { location: '/elsewhere' }).end(), /fetch failed|redirect/],
      [
        'an endless answer',
        (res) => {
          const more = (): void => {
            while (!res.destroyed && res.write(' '.repeat(10_000)));
            res.once('drain', more);
          };
          more();
        },
        /longer than 65536 bytes/,
      ],
      ['an answer that hangs', () => undefined, /timeout/i, { timeout: 250 }],
      ['an answer that hangs in the middle', (res) => res.write('{"keys":['), /timeout/i, { timeout: 250 }],
      ['a broken connection', (res) => res.destroy(), /fetch failed/],
    ];
    for (const [name, answer, reason, options] of rejections) {
      it(`is an error that names the address, given ${name}`, async () => {
        const endpoint = await createEndpoint(answer);
        const provider = remoteKeys(`${endpoint.url}?secret=1`, options);
        await assert.rejects(kids(provider), (error: Error) => {
          assert.equal(error.message, `remoteKeys: no keys from ${endpoint.url}`);
          assert.match((error.cause as Error).message, reason);
          return true;
        });
        assert.equal(endpoint.requests, 1);
      });
    }

    it('tries again soon, not at each request', () =>
      withMovableClock(async (tick) => {
        const endpoint = await createEndpoint(fail);
        const provider = remoteKeys(endpoint.url);
        for (let i = 0; i < 5; i++) await assert.rejects(kids(provider));
        assert.equal(endpoint.requests, 1);
        endpoint.answer = jwks(keys);
        tick(1001);
        assert.deepEqual(await kids(provider), [kidOf(keys)]);
      }));
  });

  it('takes what can verify ES256 from the set, and passes over the rest', async () => {
    const jwk = createPublicKey(keys.public).export({ format: 'jwk' });
    const endpoint = await createEndpoint({
      keys: [
        null,
        'text',
        {},
        generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' }),
        createPublicKey(createKeyPair('secp384r1').public).export({ format: 'jwk' }),
        { ...jwk, y: jwk.x },
        { ...jwk, use: 'enc' },
        { ...jwk, alg: 'ES384' },
        { ...jwk, key_ops: ['deriveKey'] },
        { kty: 'oct', k: 'c2VjcmV0' },
        ...jwks([otherKeys, secp256k1Keys]).keys,
      ],
    });
    assert.deepEqual(await kids(remoteKeys(endpoint.url)), [kidOf(otherKeys), kidOf(secp256k1Keys)]);
  });

  it('never takes the private half of a key', async () => {
    const endpoint = await createEndpoint({
      keys: [createPrivateKey(keys.private).export({ format: 'jwk' })],
    });
    const [pair, ...rest] = await remoteKeys(endpoint.url)({} as never, undefined);
    assert.deepEqual(rest, []);
    assert.deepEqual(Object.keys(pair ?? {}), ['public']);
    assert.equal((pair?.public as { type?: string }).type, 'public');
  });

  describe('given a set without a key that can be used', () => {
    const unusable: [string, object][] = [
      ['an empty one', { keys: [] }],
      ['one of no keys at all', { keys: [null, 'text', {}] }],
      ['one of another algorithm', { keys: [{ ...jwks(keys).keys[0], alg: 'ES384' }] }],
      [
        'one on another curve',
        { keys: [createPublicKey(createKeyPair('secp384r1').public).export({ format: 'jwk' })] },
      ],
    ];
    for (const [name, set] of unusable) {
      it(`keeps the last good keys: ${name} (B264)`, async () => {
        const endpoint = await createEndpoint(jwks(keys));
        const provider = remoteKeys(endpoint.url, { maxAge: 0, cooldown: 0 });
        await kids(provider);
        endpoint.answer = set;
        for (let i = 0; i < 3; i++) assert.deepEqual(await kids(provider), [kidOf(keys)]);
        assert.deepEqual(await kids(provider, tokenOf('forged')), [kidOf(keys)]);
        assert.ok(endpoint.requests > 1);
        endpoint.answer = jwks(otherKeys);
        assert.deepEqual(await kids(provider, tokenOf(kidOf(otherKeys))), [kidOf(otherKeys)]);
      });

      it(`is an error that says so where there were no keys before: ${name} (B264)`, async () => {
        const endpoint = await createEndpoint(set);
        await assert.rejects(kids(remoteKeys(endpoint.url)), (error: Error) => {
          assert.equal(error.message, `remoteKeys: no keys from ${endpoint.url}`);
          assert.match((error.cause as Error).message, /no key that verifies ES256/);
          return true;
        });
      });
    }

    it('does not ask for another one more often than the cool-down allows (B264)', async () => {
      const endpoint = await createEndpoint(jwks(keys));
      const provider = remoteKeys(endpoint.url, { maxAge: 0 });
      await kids(provider);
      endpoint.answer = { keys: [] };
      for (let i = 0; i < 10; i++) await kids(provider, tokenOf(i));
      assert.equal(endpoint.requests, 2);
    });
  });

  it('takes a text that is no token for one without a kid', async () => {
    const endpoint = await createEndpoint(jwks(keys));
    const provider = remoteKeys(endpoint.url, { cooldown: 0 });
    for (const text of ['', '.', 'bogus', 'bnVsbA.e30.x', 'W10.e30.x', `${'e'.repeat(5000)}.a.b`]) {
      assert.deepEqual(await kids(provider, text), [kidOf(keys)]);
    }
    assert.equal(endpoint.requests, 1);
  });
});
