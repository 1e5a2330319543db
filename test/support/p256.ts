// Makes signatures that no signer makes.
import { createHash, createPublicKey } from 'node:crypto';

/*
 * Arithmetic on P-256 (FIPS 186-5; SEC 2, section 2.4.2), as slow as it is plain: it makes signatures that no signer
 * makes, with keys that belong to them.
 */

export const FIELD = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
export const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** Undefined is the point at infinity. */
export type Point = { readonly x: bigint; readonly y: bigint } | undefined;

export const GENERATOR: Point = {
  x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
};

export function mod(value: bigint, modulus = ORDER): bigint {
  return ((value % modulus) + modulus) % modulus;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = mod(base, modulus), rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** Both moduli are prime (Fermat). */
export function inverse(value: bigint, modulus = ORDER): bigint {
  return power(value, modulus - 2n, modulus);
}

export function negate(point: Point): Point {
  return point && { x: point.x, y: mod(-point.y, FIELD) };
}

export function add(a: Point, b: Point): Point {
  if (!a || !b) return a ?? b;
  if (a.x === b.x && a.y !== b.y) return undefined;
  const slope =
    a.x === b.x
      ? (3n * a.x * a.x - 3n) * inverse(2n * a.y, FIELD)
      : (b.y - a.y) * inverse(mod(b.x - a.x, FIELD), FIELD);
  const x = mod(slope * slope - a.x - b.x, FIELD);
  return { x, y: mod(slope * (a.x - x) - a.y, FIELD) };
}

export function multiply(factor: bigint, point = GENERATOR): Point {
  let result: Point;
  for (let double = point, rest = mod(factor); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
}

/** The first point of the curve whose x is no less than this. */
export function pointFrom(start: bigint): NonNullable<Point> {
  for (let x = start; ; x++) {
    const square = mod(x * x * x - 3n * x + B, FIELD);
    const y = power(square, (FIELD + 1n) / 4n, FIELD);
    if (mod(y * y, FIELD) === square) return { x, y };
  }
}

export function hashOf(text: string): bigint {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex')}`);
}

/** The key under which (R.x mod n, s) is a signature of this hash, though nobody knows its private half. */
export function keyFor(hash: bigint, R: NonNullable<Point>, s: bigint): Point {
  return multiply(inverse(mod(R.x)), add(multiply(s, R), negate(multiply(hash))));
}

/** SPKI PEM text. */
export function pemOf(point: Point): string {
  if (!point) throw new RangeError('the point at infinity is no key');
  const key = {
    kty: 'EC',
    crv: 'P-256',
    x: encode(point.x).toString('base64url'),
    y: encode(point.y).toString('base64url'),
  };
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString();
}

/** Big-endian, in as many bytes. */
export function encode(value: bigint, length = 32): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex');
}
