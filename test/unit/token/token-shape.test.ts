// Which texts are looked at as tokens at all.
import assert from 'node:assert/strict';
import { isTokenShaped, MAX_COOKIE_LENGTH } from '../../../src/token/token-text';
import { sessionToken } from '../../support/tokens';

describe('the shape of a token', () => {
  const token = sessionToken();
  const [header = '', payload = '', signature = ''] = token.split('.');

  it('is three segments, and nothing before or after them', () => {
    assert.equal(isTokenShaped(token), true);
    for (const text of [
      `Bearer ${token}`,
      `x${token}`,
      `\n${token}`,
      `${token}\n`,
      `${token}.x`,
      `${token}=`,
    ]) {
      assert.equal(isTokenShaped(text), false, JSON.stringify(text));
    }
  });

  it('is no longer than a cookie can be', () => {
    const fill = (length: number) => 'A'.repeat(length - token.length);
    const padded = (length: number) => [header, payload + fill(length), signature].join('.');
    assert.equal(isTokenShaped(padded(MAX_COOKIE_LENGTH)), true);
    assert.equal(isTokenShaped(padded(MAX_COOKIE_LENGTH + 1)), false);
  });
});
