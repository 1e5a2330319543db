// The id that the own MemoryStore reads off a token which nobody has verified.
import assert from 'node:assert/strict';
import { unverifiedRecordId } from '../../../src/token/unverified';
import { sessionToken } from '../../support/tokens';
import { idOf } from '../../support/session-tokens';

describe('the id of a token that nobody has verified', () => {
  const token = sessionToken();
  const [header, , signature] = token.split('.');

  it('is that of the handle in it (B179)', () => {
    assert.equal(unverifiedRecordId(token), idOf(token));
  });

  const payloads: [name: string, payload: string][] = [
    ['no JSON', '{nothing'],
    ['no claim ses', '{"iat":1}'],
    ['the id of a record', '{"ses":{"lid":"some-id","gen":1}}'],
  ];
  for (const [name, payload] of payloads) {
    it(`is not there where its payload has ${name} (B179)`, () => {
      const text = [header, Buffer.from(payload).toString('base64url'), signature].join('.');
      assert.equal(unverifiedRecordId(text), undefined);
    });
  }

  it('is not there where the text is no token (B179)', () => {
    assert.equal(unverifiedRecordId('some-id'), undefined);
    assert.equal(unverifiedRecordId(token.slice(0, -1)), undefined, 'a signature that is too short');
  });
});
