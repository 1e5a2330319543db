// The id under which stores know a session, and the handle that it is made of.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { newHandle } from '../../../src/token/handle';
import { recordId } from '../../../src/token/record-id';
import { contents, createTokens, sessionToken } from '../../support/tokens';

/** The module as Node loads it where crypto has this one-shot function, or none. */
function loadWith(hash: unknown): typeof recordId {
  const path = require.resolve('../../../src/token/record-id');
  const { hash: original } = crypto;
  const { [path]: loaded } = require.cache;
  Reflect.deleteProperty(require.cache, path);
  Object.assign(crypto, { hash });
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- anew
    return (require('../../../src/token/record-id') as { recordId: typeof recordId }).recordId;
  } finally {
    Object.assign(crypto, { hash: original });
    require.cache[path] = loaded;
  }
}

describe('the id of a record', () => {
  /** SHA-256 of RFC 6234, section 8.5, and of UTF-8. */
  const known: [string, string | undefined, string][] = [
    ['abc', undefined, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['€', undefined, 'c4cc90ed3d26f12d4b08a75140970a7904035c31cbb4515a83f19b9003c00d1d'],
  ];
  for (const [handle, tenant, digest] of known) {
    it(`is the first 192 bits of SHA-256 of the handle ${handle}, 32 characters of base64url (B220)`, () => {
      const id = recordId(handle, tenant);
      assert.match(id, /^[\w-]{32}$/);
      assert.equal(Buffer.from(id, 'base64url').toString('hex'), digest.slice(0, 48));
    });
  }

  it('is the same with a Node before 20.12, which has no hash in one call (B220)', () => {
    for (const [handle, tenant] of known) {
      assert.equal(loadWith(undefined)(handle, tenant), loadWith(crypto.hash)(handle, tenant));
    }
  });

  it('is that of tenant, zero byte and handle where there is a tenant (B220, B253)', () => {
    assert.equal(recordId('bc', 'a'), recordId('a\0bc', undefined));
    const ids = [recordId('bc', 'a'), recordId('c', 'ab'), recordId('abc', undefined), recordId('bc', 'A')];
    assert.equal(new Set(ids).size, 4);
  });

  it('is known to a token for each tenant that asks (B253)', () => {
    const token = createTokens().issue(contents({ handle: 'h' }), 4000);
    for (const tenant of ['a', 'b', undefined, 'a', undefined]) {
      assert.equal(token.recordId(tenant), recordId('h', tenant));
    }
  });

  it('stays what it was for a session that express-session has stored (B232)', () => {
    const token = createTokens().issue(contents({ handle: undefined, legacyId: 'an-old-id' }), 4000);
    assert.equal(token.recordId(undefined), 'an-old-id');
    assert.equal(token.recordId('a'), 'an-old-id');
  });

  it('is none for a token that is no session token (B241)', () => {
    const token = createTokens().verify(sessionToken({ ses: undefined, nonce: 'old' })) ?? assert.fail();
    assert.equal(token.recordId(undefined), undefined);
  });
});

describe('a new handle', () => {
  it('is 192 random bits in base64url (B091)', () => {
    const handles = Array.from({ length: 64 }, newHandle);
    assert.equal(new Set(handles).size, 64);
    for (const handle of handles) assert.match(handle, /^[\w-]{32}$/);
    const rows = handles.map((handle) => Buffer.from(handle, 'base64url'));
    const [first = assert.fail()] = rows;
    let varying = 0;
    for (let bit = 0; bit < 192; bit++) {
      const valueOf = (row: Buffer) => (row.readUInt8(bit >> 3) >> (bit & 7)) & 1;
      if (rows.some((row) => valueOf(row) !== valueOf(first))) varying++;
    }
    assert.equal(varying, 192);
  });
});
