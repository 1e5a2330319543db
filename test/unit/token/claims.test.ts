// What becomes of the claims that jwtFromReq returns.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { claimsOf, readClaims, sameClaims } from '../../../src/token/claims';
import type { JwtPayload, Request } from '../../../src/types';

const NOTHING = new Map<string, string>();
const SES = { id: 'a-handle', gen: 1 };
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
      const payload = JSON.parse(JSON.stringify({ claim: value, iat: 1, ses: SES })) as JwtPayload;
      const claims = claimsOf(payload, NOTHING);
      for (const [otherName, other] of values) {
        const read = (token?: { claims: typeof claims }) =>
          readClaims(() => ({ claim: other }), req, NOTHING, token);
        assert.equal(read({ claims }), read(), otherName);
      }
    });
  }

  it('are taken to JSON where they are the same in another order', () => {
    const claims = claimsOf({ a: 1, b: 2, iat: 1, ses: SES }, NOTHING);
    const read = readClaims(() => ({ b: 2, a: 1 }), req, NOTHING, { claims });
    assert.notEqual(read, claims.text);
    assert.ok(sameClaims(read, claims.text));
  });

  it('are refused where they could not be in a token', () => {
    const claims = claimsOf({ a: 1, iat: 1, ses: SES }, NOTHING);
    const circular: Record<string, unknown> = { a: 1 };
    circular.a = circular;
    for (const refused of [circular, { a: 1n }, { a: 1, exp: 'soon' }, [1], 'a', Promise.resolve({ a: 1 })]) {
      assert.throws(() => readClaims(() => refused, req, NOTHING, { claims }), TypeError);
    }
  });
});

describe('What jwtFromReq returns', () => {
  const read = (result: unknown, written = NOTHING) => readClaims(() => result, req, written, undefined);

  it('is dropped where the library writes it into every token: iat and auth_time (B203, B256)', () => {
    const idToken = { sub: 'ada', sid: 's', nonce: 'n', iat: 5, auth_time: 4 };
    assert.equal(read(idToken), '{"sub":"ada","sid":"s","nonce":"n"}');
    assert.equal(read({ auth_time: 'yesterday' }), '{}');
  });

  it('is no change of claims because of what is dropped (B218)', () => {
    const claims = claimsOf({ sub: 'ada', iat: 1, auth_time: 2, ses: SES }, NOTHING);
    assert.equal(
      readClaims(() => ({ sub: 'ada', auth_time: 7 }), req, NOTHING, { claims }),
      claims.text,
    );
  });

  it('draws one warning in a process where it has an auth_time (B256)', () => {
    const script = `
      const { readClaims } = require('./src/token/claims');
      process.on('warning', ({ message }) => console.log(message));
      for (let i = 0; i < 3; i++) readClaims(() => ({ iat: 1, auth_time: i }), {}, new Map());`;
    const output = execFileSync(process.execPath, ['-r', './test/support/register.cjs', '-e', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    assert.match(output, /^jwtFromReq returned "auth_time", which the library writes itself[^\n]*\n$/);
  }).timeout(20_000);

  for (const ses of [{ id: 'mine', gen: 1 }, null, '']) {
    it(`is refused with a claim ses, ${JSON.stringify(ses)} (B203)`, () => {
      assert.throws(() => read({ user: 1, ses }), {
        name: 'TypeError',
        message: /^jwtFromReq returned "ses"/,
      });
    });
  }

  it('may have a member ses further down (B203)', () => {
    assert.equal(read({ user: { ses: 1, auth_time: 2 } }), '{"user":{"ses":1,"auth_time":2}}');
  });

  for (const [claim, option] of [
    ['exp', 'jwt.expiresIn'],
    ['iss', 'jwt.issuer'],
    ['aud', 'jwt.audience'],
  ] as const) {
    it(`is refused with a claim ${claim} where the option ${option} writes that`, () => {
      const written = new Map([[claim, option]]);
      assert.throws(() => read({ [claim]: 1 }, written), {
        name: 'TypeError',
        message: `jwtFromReq returned "${claim}", which the ${option} option writes: leave one of them out`,
      });
      assert.equal(read({ [claim]: 1 }), `{"${claim}":1}`);
    });
  }

  for (const name of ['exp', 'nbf']) {
    for (const value of ['soon', null, true, NaN, Infinity, [1]]) {
      it(`is refused with ${JSON.stringify(value)} for ${name} (B204)`, () => {
        assert.throws(() => read({ [name]: value }), /should be a number of seconds/);
      });
    }
  }

  for (const nothing of [null, undefined, {}, { a: undefined }]) {
    it(`is no claims where it is ${JSON.stringify(nothing)} (B201)`, () => {
      assert.equal(read(nothing), '{}');
    });
  }

  it('need not be there: without jwtFromReq there are no claims (B201)', () => {
    assert.equal(readClaims(undefined, req, NOTHING, undefined), '{}');
  });

  it('is refused where JSON makes no object of it (B206)', () => {
    for (const result of [{ toJSON: () => [1] }, { toJSON: () => undefined }, { toJSON: () => 'a' }]) {
      assert.throws(() => read(result), {
        name: 'TypeError',
        message: /must return an object that is a JSON/,
      });
    }
  });
});
