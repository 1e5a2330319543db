// What a refusal of claims says, and what is not refused.
import assert from 'node:assert/strict';
import { readClaims } from '../../../src/token/claims';
import type { Request } from '../../../src/types';
import { debugLines } from '../../support/debug-lines';

const req = Object.create(null) as Request;
const NOTHING = new Map<string, string>();
const written = new Map([['exp', 'jwt.expiresIn']]);
const read = (result: unknown, options = NOTHING) => readClaims(() => result, req, options, undefined);

describe('a refusal of what jwtFromReq returns', () => {
  const kinds: [kind: string, result: unknown][] = [
    ['string', 'ada'],
    ['number', 7],
    ['boolean', false],
    ['function', () => ({ sub: 'ada' })],
    ['array', [{ sub: 'ada' }]],
    ['promise', Promise.resolve({ sub: 'ada' })],
    ['promise', { sub: 'ada', then: undefined }],
  ];
  for (const [kind, result] of kinds) {
    it(`says that it is a ${kind} and no object of claims: ${JSON.stringify(result)} (B206)`, () => {
      assert.throws(() => read(result), {
        code: 'ERR_SESSION_CLAIMS',
        message: `jwtFromReq must return a plain object of claims, null or undefined; it returned a ${kind}`,
      });
    });
  }

  const others: [name: string, result: unknown, message: RegExp][] = [
    ['what is no object in JSON', { toJSON: () => [1] }, /must return an object that is a JSON object$/],
    ['what is null in JSON', { toJSON: () => null }, /must return an object that is a JSON object$/],
    ['an exp that is no time', { exp: 'soon' }, /"exp" should be a number of seconds$/],
    ['a claim ses', { ses: 1 }, /returned "ses", which the library writes/],
    ['a claim of an option', { exp: 1 }, /returned "exp", which the jwt\.expiresIn option writes/],
  ];
  for (const [name, result, message] of others) {
    it(`has a code and names the mistake for ${name}`, () => {
      assert.throws(() => read(result, written), { code: 'ERR_SESSION_CLAIMS', message });
    });
  }

  it('is for no claims but those that options write', () => {
    assert.equal(read({ nbf: 1, sub: 'ada' }, written), '{"nbf":1,"sub":"ada"}');
  });
});

describe('the warning of an auth_time that jwtFromReq returns', () => {
  it('is given for that claim alone (B256)', async () => {
    const linesFor = (result: object) => debugLines(() => read(result));
    assert.deepEqual(await linesFor({ iat: 1, exp: 2 }), []);
    assert.deepEqual(await linesFor({ auth_time: 3 }), [
      'jwtFromReq returned "auth_time", which the library writes itself: the time of the sign-in here. ' +
        'To pass on that of an identity provider, give it another name',
    ]);
  });
});
