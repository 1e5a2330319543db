// The record's id of a token of express-session-jwt 0.2.2.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { idOfToken02 } from '../../../src/legacy/token-0.2';
import { issue, seconds } from '../../support/forge';
import { createTokens } from '../../support/tokens';

describe('the id of a record of 0.2.2', () => {
  const idFor = (claims: object) => {
    const text = issue({ iat: seconds(), ...claims });
    return { id: idOfToken02(createTokens().verify(text) ?? assert.fail()), text };
  };

  it('is SHA-256 of the text of the token, in hex (B237)', () => {
    const { id, text } = idFor({ nonce: 'k3' });
    assert.equal(id, createHash('sha256').update(text).digest('hex'));
  });

  const others: [name: string, claims: object][] = [
    ['no nonce', {}],
    ['a nonce that is no text', { nonce: 3 }],
    ['a claim ses beside the nonce', { nonce: 'k3', ses: { id: 'h', gen: 1 } }],
    ['a claim ses that is null beside the nonce', { nonce: 'k3', ses: null }],
  ];
  for (const [name, claims] of others) {
    it(`is not in a token with ${name} (B237)`, () => {
      assert.equal(idFor(claims).id, undefined);
    });
  }
});
