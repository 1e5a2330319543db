// Signatures at the borders of what ECDSA on P-256 allows.
import assert from 'node:assert/strict';
import {
  encode,
  FIELD,
  GENERATOR,
  hashOf,
  inverse,
  keyFor,
  mod,
  multiply,
  negate,
  ORDER,
  pemOf,
  type Point,
  pointFrom,
} from '../../support/p256';
import { createTokens } from '../../support/tokens';

/*
 * Vectors after the manner of Wycheproof's for ECDSA on P-256 with SHA-256 in the form r || s: they are computed from
 * the curve's equation, so that each can be followed. A signature under test is that of one signing input.
 */

const INPUT = ['{"alg":"ES256","typ":"JWT"}', '{"iat":1700000000,"ses":{"id":"vector","gen":1}}']
  .map((text) => Buffer.from(text).toString('base64url'))
  .join('.');
const HASH = hashOf(INPUT);

interface Signature {
  r: bigint;
  s: bigint;
}

interface Vector {
  name: string;
  key: Point;
  signature: Buffer;
}

const raw = ({ r, s }: Signature): Buffer => Buffer.concat([encode(r), encode(s)]);

/** As SEC 1, section 4.1.3 signs, with a secret k of our choice. */
function sign(privateKey: bigint, k: bigint): Signature {
  const r = mod(multiply(k)?.x ?? 0n);
  return { r, s: mod(inverse(k) * (HASH + r * privateKey)) };
}

const PRIVATE = hashOf('a private key');
const KEY = multiply(PRIVATE);
const ordinary = sign(PRIVATE, hashOf('a secret number'));

/** A good signature with this point R and this s, under the key that follows from them. */
function around(name: string, R: NonNullable<Point>, s: bigint): Vector & Signature {
  const r = mod(R.x);
  return { name, key: keyFor(HASH, R, s), signature: raw({ r, s }), r, s };
}

const someR = multiply(hashOf('another secret number')) ?? assert.fail();
const sIsOne = around('s = 1', someR, 1n);
const smallR = around('r is the smallest x on the curve', pointFrom(1n), hashOf('s'));
const wrappedR = around('the x of R is n or more, so that r is small', pointFrom(ORDER), hashOf('s'));
/** Verification adds u1 G and u2 Q: here they are the same point, which takes the formula for doubling. */
const doubling = ((): Vector => {
  const k = hashOf('k');
  const r = mod(multiply(k)?.x ?? 0n);
  const signature = raw({ r, s: mod(2n * HASH * inverse(k)) });
  return { name: 'u1 G = u2 Q', key: multiply(HASH * inverse(r)), signature };
})();

const valid: Vector[] = [
  { name: 'an ordinary one', key: KEY, signature: raw(ordinary) },
  { name: 'its second root, n - s', key: KEY, signature: raw({ ...ordinary, s: ORDER - ordinary.s }) },
  ...[1n, 2n, 3n, ORDER - 1n].map((k) => ({
    name: `k = ${k === ORDER - 1n ? 'n - 1' : String(k)}`,
    key: KEY,
    signature: raw(sign(PRIVATE, k)),
  })),
  ...[1n, 2n, ORDER - 1n, ORDER - 2n].map((key) => ({
    name: `the private key is ${key > 2n ? `n - ${String(ORDER - key)}` : String(key)}`,
    key: multiply(key),
    signature: raw(sign(key, hashOf('k'))),
  })),
  sIsOne,
  around('s = n - 1', someR, ORDER - 1n),
  around('s = (n - 1) / 2', someR, (ORDER - 1n) / 2n),
  around('s = (n + 1) / 2', someR, (ORDER + 1n) / 2n),
  around('the inverse of s is 2', someR, inverse(2n)),
  around('the inverse of s is 2^128', someR, inverse(2n ** 128n)),
  around('the inverse of s is n - 2', someR, inverse(ORDER - 2n)),
  around('s has 31 leading zero bytes', someR, 0x7fn),
  around('s has a leading one bit', someR, 2n ** 255n + 1n),
  smallR,
  around('the x of R is next below n, so that r is about n - 1', pointFrom(ORDER - 20n), hashOf('s')),
  wrappedR,
  around('u1 = 2', someR, mod(HASH * inverse(2n))),
  around('u2 = 1', someR, mod(someR.x)),
  doubling,
];

const borders: Record<string, bigint> = {
  '0': 0n,
  '1': 1n,
  'n - 1': ORDER - 1n,
  n: ORDER,
  'n + 1': ORDER + 1n,
  'p - 1': FIELD - 1n,
  p: FIELD,
  'p + 1': FIELD + 1n,
  '2^256 - 1': 2n ** 256n - 1n,
};

const derInteger = (value: bigint): Buffer => {
  const bytes = encode(value, 33).subarray(value >> 255n ? 0 : 1);
  return Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
};
const der = (() => {
  const body = Buffer.concat([derInteger(ordinary.r), derInteger(ordinary.s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
})();

const minimal = (value: bigint): Buffer => encode(value, Math.ceil(value.toString(16).length / 2));

const invalid: Vector[] = [
  ...Object.entries(borders).flatMap(([rName, r]) => [
    ...Object.entries(borders).map(([sName, s]) => ({
      name: `r = ${rName}, s = ${sName}`,
      key: KEY,
      signature: raw({ r, s }),
    })),
    { name: `r = ${rName}, s as it was`, key: KEY, signature: raw({ ...ordinary, r }) },
    { name: `r as it was, s = ${rName}`, key: KEY, signature: raw({ ...ordinary, s: r }) },
  ]),
  ...(
    [
      ['r + 1', { r: ordinary.r + 1n, s: ordinary.s }],
      ['s + 1', { r: ordinary.r, s: ordinary.s + 1n }],
      ['n - r', { r: ORDER - ordinary.r, s: ordinary.s }],
      ['p - r', { r: FIELD - ordinary.r, s: ordinary.s }],
      ['the inverse of r', { r: inverse(ordinary.r), s: ordinary.s }],
      ['the inverse of s', { r: ordinary.r, s: inverse(ordinary.s) }],
      ['r and s exchanged', { r: ordinary.s, s: ordinary.r }],
      ['r twice', { r: ordinary.r, s: ordinary.r }],
      ['s twice', { r: ordinary.s, s: ordinary.s }],
    ] as const
  ).map(([name, signature]) => ({ name, key: KEY, signature: raw(signature) })),
  // Congruent to a good one, and not below n.
  { name: 's + n where s is good', key: sIsOne.key, signature: raw({ r: sIsOne.r, s: sIsOne.s + ORDER }) },
  { name: 'r + n where r is good', key: smallR.key, signature: raw({ r: smallR.r + ORDER, s: smallR.s }) },
  {
    name: 'the x of R itself in place of r',
    key: wrappedR.key,
    signature: raw({ r: wrappedR.r + ORDER, s: wrappedR.s }),
  },
  // u1 G + u2 Q is no point that has an x.
  {
    name: 'R at infinity',
    key: negate(multiply(HASH * inverse(ordinary.r))),
    signature: raw(ordinary),
  },
  { name: 'a good one under another key', key: multiply(PRIVATE + 1n), signature: raw(ordinary) },
  { name: 'a good one under the opposite key', key: negate(KEY), signature: raw(ordinary) },
  { name: 'the generator as r and as key', key: GENERATOR, signature: raw({ r: GENERATOR?.x ?? 0n, s: 1n }) },
  // Other lengths and forms.
  { name: 'DER', key: KEY, signature: der },
  { name: 'no bytes at all', key: KEY, signature: Buffer.alloc(0) },
  { name: 'r alone', key: KEY, signature: encode(ordinary.r) },
  { name: 'the last byte missing', key: KEY, signature: raw(ordinary).subarray(0, 63) },
  { name: 'the first byte missing', key: KEY, signature: raw(ordinary).subarray(1) },
  { name: 'a byte more at the end', key: KEY, signature: Buffer.concat([raw(ordinary), Buffer.alloc(1)]) },
  { name: 'a zero byte before it', key: KEY, signature: Buffer.concat([Buffer.alloc(1), raw(ordinary)]) },
  {
    name: 'a zero byte before r and before s',
    key: KEY,
    signature: Buffer.concat([encode(ordinary.r, 33), encode(ordinary.s, 33)]),
  },
  {
    name: 'r and s in 48 bytes each, as for P-384',
    key: KEY,
    signature: Buffer.concat([encode(ordinary.r, 48), encode(ordinary.s, 48)]),
  },
  {
    name: 'leading zeros of s left out',
    key: sIsOne.key,
    signature: Buffer.concat([encode(sIsOne.r), minimal(sIsOne.s)]),
  },
  {
    name: 'leading zeros of r left out',
    key: smallR.key,
    signature: Buffer.concat([minimal(smallR.r), encode(smallR.s)]),
  },
  {
    name: 'little-endian numbers',
    key: KEY,
    signature: Buffer.concat([encode(ordinary.r).reverse(), encode(ordinary.s).reverse()]),
  },
  ...Array.from({ length: 64 }, (_, at) => {
    const signature = raw(ordinary);
    signature.writeUInt8(signature.readUInt8(at) ^ (1 << (at % 8)), at);
    return { name: `bit ${String(at % 8)} of byte ${String(at)} flipped`, key: KEY, signature };
  }),
];

describe('the signature of a token', () => {
  /** The session that a service with this public key alone reads in the token. */
  function handleWith({ key, signature }: Vector): string | undefined {
    const tokens = createTokens({ keys: { public: pemOf(key) } });
    return tokens.verify(`${INPUT}.${signature.toString('base64url')}`)?.ses?.handle;
  }

  for (const vector of valid) {
    it(`is good: ${vector.name} (B022)`, () => {
      assert.equal(handleWith(vector), 'vector');
    });
  }

  for (const vector of invalid) {
    it(`is bad: ${vector.name} (B022)`, () => {
      assert.equal(handleWith(vector), undefined);
    });
  }
});
