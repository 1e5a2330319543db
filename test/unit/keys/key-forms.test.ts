// In which forms keys may be given, and how they are made and published.
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { generateKeys } from '../../../src/keys/generate-keys';
import { jwks } from '../../../src/keys/jwks';
import { createKeyRing } from '../../../src/keys/key-ring';
import { isSignedBy } from '../../support/forge';
import { createKeyPair, keys, otherKeys, secp256k1Keys } from '../../support/keys';
import { contents, createTokens } from '../../support/tokens';

const publicObject = createPublicKey(keys.public);
const privateObject = createPrivateKey(keys.private);
const publicJwk = publicObject.export({ format: 'jwk' });
const privateJwk = privateObject.export({ format: 'jwk' });

describe('forms of keys', () => {
  const forms: [string, unknown][] = [
    ['KeyObjects', { public: publicObject, private: privateObject }],
    ['JWKs', { public: publicJwk, private: privateJwk }],
    ['a private PEM alone', { private: keys.private }],
    ['a private Buffer alone', { private: Buffer.from(keys.private) }],
    ['a private KeyObject alone', { private: privateObject }],
    ['a private JWK alone', { private: privateJwk }],
    ['a JWK beside a PEM', { public: publicJwk, private: keys.private }],
    ['an array of a JWK pair', [{ public: publicJwk, private: privateJwk }, { public: otherKeys.public }]],
    [
      'JWKs that say what they are for',
      { private: { ...privateJwk, use: 'sig', alg: 'ES256', key_ops: ['sign'] } },
    ],
  ];
  for (const [name, option] of forms) {
    it(`may be ${name}: sign, verify and name the same key (B195)`, () => {
      const token = createTokens({ keys: option }).issue(contents(), 4000);
      assert.ok(isSignedBy(token.text, keys.public));
      assert.equal(token.kid, jwks(keys).keys[0]?.kid);
      assert.ok(createTokens({ keys: option }).verify(token.text));
    });
  }

  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const otherPrivateJwk = createPrivateKey(otherKeys.private).export({ format: 'jwk' });
  const refused: [string, unknown, RegExp][] = [
    [
      'a private JWK as the public one',
      { public: privateJwk },
      /^keys\.public must be a public key.*keys\.private$/,
    ],
    ['a public JWK as the private one', { private: publicJwk }, /^keys\.private must be a private key/],
    [
      'an RSA JWK',
      { public: rsa.publicKey.export({ format: 'jwk' }) },
      /^keys\.public must be an EC key.*rsa/,
    ],
    [
      'a JWK on P-384',
      { public: createPublicKey(createKeyPair('secp384r1').public).export({ format: 'jwk' }) },
      /^keys\.public must be an EC key/,
    ],
    [
      'a JWK of a point that is not on the curve',
      { public: { ...publicJwk, y: publicJwk.x } },
      /^keys\.public cannot be read/,
    ],
    ['a JWK with a number in it', { public: { ...publicJwk, x: 1 } }, /^keys\.public cannot be read/],
    ['a symmetric JWK', { public: { kty: 'oct', k: 'c2VjcmV0' } }, /^keys\.public cannot be read/],
    [
      'a JWK for encryption',
      { public: { ...publicJwk, use: 'enc' } },
      /^keys\.public must be a JWK for ES256/,
    ],
    [
      'a JWK for another algorithm',
      { public: { ...publicJwk, alg: 'ES384' } },
      /^keys\.public must be a JWK for ES256/,
    ],
    [
      'a JWK for other operations',
      { public: { ...publicJwk, key_ops: ['deriveKey'] } },
      /must be a JWK for ES256/,
    ],
    [
      'a JWK whose operations are no array',
      { public: { ...publicJwk, key_ops: 'verify' } },
      /must be a JWK for ES256/,
    ],
    [
      'a private JWK that names another public key',
      { private: { ...privateJwk, d: otherPrivateJwk.d } },
      /does not belong/,
    ],
    ['a bare JWK', publicJwk, /^keys must have a public or a private key/],
    [
      'an object that is no JWK',
      { public: {} },
      /^keys\.public must be a PEM text or Buffer, a KeyObject or a JWK/,
    ],
    [
      'null as the public one',
      { public: null },
      /^keys\.public must be a PEM text or Buffer, a KeyObject or a JWK/,
    ],
    ['a bad one in second place', [keys, { public: {} }], /^keys\[1\]\.public must be/],
  ];
  for (const [name, option, message] of refused) {
    it(`may not be ${name} (B197)`, () => {
      assert.throws(
        () => createKeyRing(option),
        (error: unknown) => {
          assert.ok(error instanceof TypeError);
          assert.match(error.message, message);
          for (const secret of [privateJwk.d, otherPrivateJwk.d])
            assert.ok(!error.message.includes(String(secret)));
          return true;
        },
      );
    });
  }
});

describe('session.generateKeys', () => {
  it('makes another pair on P-256 each time, as PEM text that the middleware takes', () => {
    const [one, two] = [generateKeys(), generateKeys()];
    assert.notEqual(one.private, two.private);
    assert.match(one.public, /^-----BEGIN PUBLIC KEY-----\n/);
    assert.match(one.private, /^-----BEGIN PRIVATE KEY-----\n/);
    assert.deepEqual(Object.keys(one), ['public', 'private']);
    assert.equal(createPublicKey(one.public).asymmetricKeyDetails?.namedCurve, 'prime256v1');
    assert.ok(isSignedBy(createTokens({ keys: one }).issue(contents(), 4000).text, one.public));
  });
});

describe('session.jwks', () => {
  const member = (pem: string) => {
    const { x, y } = createPublicKey(pem).export({ format: 'jwk' });
    return { x, y };
  };

  it('lists the public keys of pairs, with the kid that is in the tokens', () => {
    const set = jwks([keys, { public: otherKeys.public }]);
    assert.deepEqual(Object.keys(set), ['keys']);
    for (const [index, { public: pem }] of [keys, otherKeys].entries()) {
      const { kid, ...rest } = set.keys[index] ?? assert.fail();
      assert.match(kid, /^[\w-]{43}$/);
      assert.deepEqual(rest, { kty: 'EC', crv: 'P-256', ...member(pem), alg: 'ES256', use: 'sig' });
    }
  });

  it('has the kid of RFC 7638, as the jose library computes it', async () => {
    const { calculateJwkThumbprint } = await import('jose');
    const [jwk] = jwks(keys).keys;
    assert.ok(jwk);
    assert.equal(jwk.kid, await calculateJwkThumbprint(jwk));
  });

  for (const [name, pair] of [
    ['PEM', keys],
    ['KeyObject', { private: privateObject }],
    ['JWK', { private: privateJwk }],
    ['JWK with members of its own', { private: { ...privateJwk, secret: 'x' } as JsonWebKey }],
  ] as const) {
    it(`never has a private member, given a private key as ${name}`, () => {
      const text = JSON.stringify(jwks(pair));
      assert.ok(!text.includes(String(privateJwk.d)));
      const members = (JSON.parse(text) as { keys: object[] }).keys.map((jwk) => Object.keys(jwk).join(' '));
      assert.deepEqual(members, ['kty crv x y kid alg use']);
    });
  }

  it('lists a key once that is given twice', () => {
    assert.equal(jwks([keys, { public: keys.public }]).keys.length, 1);
  });

  it('lists keys on secp256k1 as what they are', () => {
    assert.equal(jwks(secp256k1Keys).keys[0]?.crv, 'secp256k1');
  });

  for (const nothing of [undefined, null, [], 'keys', {}]) {
    it(`throws a TypeError given ${JSON.stringify(nothing)}`, () => {
      assert.throws(() => jwks(nothing as never), { name: 'TypeError', message: /^keys/ });
    });
  }
});
