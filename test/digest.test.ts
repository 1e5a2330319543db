import assert from 'node:assert/strict';
import crypto from 'node:crypto';

/** The module as Node loads it, where crypto has the given one-shot function or none. */
function loadDigest(hash: unknown): (text: string) => string {
  const path = require.resolve('../src/digest');
  const { hash: original } = crypto;
  const { [path]: loaded } = require.cache;
  Reflect.deleteProperty(require.cache, path);
  Object.assign(crypto, { hash });
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- anew
    return (require('../src/digest') as typeof import('../src/digest')).digestOf;
  } finally {
    Object.assign(crypto, { hash: original });
    require.cache[path] = loaded;
  }
}

describe('The digest under which stores know a token', () => {
  /** SHA-256 of RFC 6234, section 8.5, and of UTF-8. */
  const known = {
    abc: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    '€': 'c4cc90ed3d26f12d4b08a75140970a7904035c31cbb4515a83f19b9003c00d1d',
  };

  for (const [where, hash] of [
    ['with one call of Node', crypto.hash],
    ['of a Node before 20.12', undefined],
  ] as const) {
    it(`is SHA-256 in lower-case hex, ${where} (B220)`, () => {
      const digestOf = loadDigest(hash);
      for (const [text, digest] of Object.entries(known)) assert.equal(digestOf(text), digest);
    });
  }
});
