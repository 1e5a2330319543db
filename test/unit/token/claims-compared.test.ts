// Whom claims are about, and whether two are the same.
import assert from 'node:assert/strict';
import { claimsOf, sameClaims, subjectOf } from '../../../src/token/claims';

describe('the user whom claims are about', () => {
  const claims: [claims: string, subject: string | undefined][] = [
    ['{"sub":"ada","role":"admin"}', 'ada'],
    ['{}', undefined],
    ['{"role":"admin"}', undefined],
    ['{"sub":""}', undefined],
    ['{"sub":null}', undefined],
    ['{"sub":7}', undefined],
    ['{"sub":["ada"]}', undefined],
  ];
  for (const [text, subject] of claims) {
    it(`is ${String(subject)} for ${text}`, () => {
      assert.equal(subjectOf(text), subject);
    });
  }
});

describe('two claims', () => {
  it('are the same in any order of names, and not with another value or name', () => {
    assert.equal(sameClaims('{"a":1,"b":[2]}', '{"b":[2],"a":1}'), true);
    assert.equal(sameClaims('{"a":1}', '{"a":2}'), false);
    assert.equal(sameClaims('{"a":1}', '{"b":1}'), false);
  });

  it('are read from a token of 0.2.2 with the exp that its application wrote (B237)', () => {
    assert.deepEqual(claimsOf({ nonce: 'k3', exp: 9, sub: 'ada' }, new Map()).value, { exp: 9, sub: 'ada' });
  });
});
