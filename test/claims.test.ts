import assert from 'node:assert/strict';
import type { Request } from 'express';
import type session from '../src';
import { claimsOf, readClaims, sameClaims } from '../src/token/claims';

const NOTHING = new Map<string, string>();
const req = Object.create(null) as Request;

/** Members of claims: what JSON keeps, drops, converts, and what only differs by a little. */
const values: readonly [string, unknown][] = [
  ['text', 'a'],
  ['other text', 'b'],
  ['a number', 1],
  ['the text of a number', '1'],
  ['minus zero', -0],
  ['zero', 0],
  ['true', true],
  ['null', null],
  ['undefined', undefined],
  ['not a number', NaN],
  ['a function', () => 'a'],
  ['a symbol', Symbol('a')],
  ['a date', new Date(0)],
  ['the text of a date', new Date(0).toISOString()],
  ['a boxed text', Object('a') as unknown],
  ['a boxed number', Object(1) as unknown],
  ['an object that gives a text', { toJSON: () => 'a' }],
  ['an object that gives its only member', { a: 1, toJSON: () => ({ a: 1 }) }],
  ['an array that gives another', Object.assign(['a'], { toJSON: () => ['b'] })],
  ['an empty object', {}],
  ['an empty array', []],
  ['a map', new Map([['a', 1]])],
  ['an object', { a: 1 }],
  ['an object without prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['an object that inherits its member', Object.create({ a: 1 })],
  ['an object with another value', { a: 2 }],
  ['an object with another name', { b: 1 }],
  ['an object with one member more', { a: 1, b: 2 }],
  ['the same in another order', { b: 2, a: 1 }],
  ['an object with an undefined member', { a: 1, b: undefined }],
  ['an object with a hidden member', Object.defineProperty({ a: 1 }, 'b', { value: 2 })],
  ['an object with a member __proto__', JSON.parse('{"__proto__":{"a":1}}')],
  ['an object like an array', { 0: 'a' }],
  ['an array', ['a']],
  ['a longer array', ['a', 'b']],
  ['an array of other order', ['b', 'a']],
  ['an array with a name', Object.assign(['a'], { b: 2 })],
  ['an array with a gap', Object.assign(new Array(2), { 1: 'a' })],
  ['an array with a gap at the end', Object.assign(['a'], { length: 2 })],
  ['an array with null', [null, 'a']],
  ['nested arrays', [['a'], { a: ['b'] }]],
  ['other nested arrays', [['a'], { a: ['c'] }]],
];

describe('Claims that are compared with those of a token before they are taken to JSON', () => {
  for (const [name, value] of values) {
    it(`are those that JSON makes of them, where the token has ${name}`, () => {
      const payload = JSON.parse(JSON.stringify({ claim: value, iat: 1, jti: 'x' })) as session.JwtPayload;
      const claims = claimsOf(payload, NOTHING);
      for (const [otherName, other] of values) {
        const read = (token?: { claims: typeof claims }) =>
          readClaims(() => ({ claim: other }), req, NOTHING, token);
        assert.equal(read({ claims }), read(), otherName);
      }
    });
  }

  it('are taken to JSON where they are the same in another order', () => {
    const claims = claimsOf({ a: 1, b: 2, iat: 1, jti: 'x' }, NOTHING);
    const read = readClaims(() => ({ b: 2, a: 1 }), req, NOTHING, { claims });
    assert.notEqual(read, claims.text);
    assert.ok(sameClaims(read, claims.text));
  });

  it('are refused where they could not be in a token', () => {
    const claims = claimsOf({ a: 1, iat: 1, jti: 'x' }, NOTHING);
    const circular: Record<string, unknown> = { a: 1 };
    circular.a = circular;
    for (const refused of [circular, { a: 1n }, { a: 1, exp: 'soon' }, [1], 'a', Promise.resolve({ a: 1 })]) {
      assert.throws(() => readClaims(() => refused, req, NOTHING, { claims }), TypeError);
    }
  });
});
