// The cookie values of express-session, read and written without a request.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { isLegacyValue, readLegacyId, signLegacyId } from '../../../src/legacy/express-session-cookie';

/** What express-session writes: `s:`, the id, a dot, and HMAC-SHA256 in base64 without padding. */
function written(id: string, secret: string): string {
  return `s:${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`;
}

describe('a cookie value of express-session', () => {
  it('begins with s: (B231)', () => {
    assert.deepEqual(['s:id.mac', 's:', 'id.mac', 'xs:id.mac', ' s:id', ''].map(isLegacyValue), [
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('names the id that was signed with any of the secrets (B229)', () => {
    const value = written('an id', 'old');
    assert.equal(readLegacyId(value, ['new', 'old']), 'an id');
    assert.equal(readLegacyId(value, ['old']), 'an id');
  });

  it('names nothing if none of the secrets has signed it, or its id is not the one that was signed (B231)', () => {
    const value = written('an id', 'old');
    assert.equal(readLegacyId(value, ['new']), undefined);
    assert.equal(readLegacyId(value, []), undefined);
    assert.equal(readLegacyId(value.replace('an id', 'another'), ['old']), undefined);
  });

  it('may name an empty id, which is for the caller to refuse', () => {
    assert.equal(readLegacyId(written('', 'old'), ['old']), '');
  });

  it('is signed with the first secret', () => {
    assert.equal(signLegacyId('an id', ['new', 'old']), written('an id', 'new'));
  });
});
