// What `sealed` takes, and how it refuses the rest at the start.
import assert from 'node:assert/strict';
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import session from '../../../src';
import { sealed } from '../../../src/sealed';
import { readSecrets } from '../../../src/sealed/secrets';
import { ForeignStore } from '../../support/stores';

const SHORT = 'only 31 bytes, one too few here';
const SECRET = 'a secret of 32 bytes, as it were';

/** The error of a call with these arguments. */
function refusal(...args: unknown[]): NodeJS.ErrnoException {
  try {
    (sealed as (...args: unknown[]) => unknown)(...args);
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
  return assert.fail('it was taken');
}

describe('the secrets of sealed', () => {
  it('are texts, Buffers or secret KeyObjects of 32 bytes or more, one or a list', () => {
    const bytes = randomBytes(32);
    for (const secret of [SECRET, 'é'.repeat(16), bytes, new Uint8Array(40), createSecretKey(bytes)]) {
      assert.equal(readSecrets(secret).length, 1);
      assert.equal(readSecrets([SECRET, secret]).length, 2);
    }
  });

  it('of one form are those of another', () => {
    const [text, buffer, key] = readSecrets([SECRET, Buffer.from(SECRET), createSecretKey(SECRET, 'utf8')]);
    assert.ok(buffer && key);
    assert.ok(text.equals(buffer) && text.equals(key));
  });

  it('are a copy: a Buffer may be wiped afterwards', () => {
    const bytes = Buffer.from(SECRET);
    const [key] = readSecrets(bytes);
    bytes.fill(0);
    assert.equal(key.export().toString(), SECRET);
  });

  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (const [title, secrets, message] of [
    ['none', undefined, /secret must be .* at least 32 bytes, it is of type undefined/],
    ['null', null, /secret must be .*, it is of type object/],
    ['a number', 42, /secret must be .*, it is of type number/],
    ['a short text', SHORT, /secret must be .*, it is shorter/],
    ['a short Buffer', Buffer.from(SHORT), /secret must be .*, it is shorter/],
    ['a short KeyObject', createSecretKey(SHORT, 'utf8'), /secret must be .*, it is shorter/],
    ['a private key', privateKey, /secret must be .*, it is a private key/],
    ['an empty list', [], /secrets must be .*, it is an empty list/],
    ['a list with a hole', [SECRET, undefined], /secrets\[1\] must be .*, it is of type undefined/],
    ['a list with a short one', [SECRET, SHORT], /secrets\[1\] must be .*, it is shorter/],
  ] as [string, unknown, RegExp][]) {
    it(`are not ${title}: a TypeError says which, how to make one, and not what it is (B273)`, () => {
      const error = refusal(new ForeignStore(), secrets);
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, 'ERR_SESSION_SEAL_SECRET');
      assert.match(error.message, message);
      assert.match(error.message, /openssl rand -base64 32/);
      for (const secret of [SECRET, SHORT]) assert.equal(inspect(error).includes(secret), false);
    });
  }

  it('are shown by nothing that prints the store', () => {
    const store = sealed(new ForeignStore(), [SECRET, Buffer.from(SECRET)]);
    const printed = inspect(store, { depth: 10, showHidden: true, getters: true });
    assert.equal(printed.includes(SECRET), false);
    assert.equal(printed.includes('61 20 73 65'), false);
  });
});

describe('the other arguments of sealed', () => {
  for (const [title, args, message] of [
    ['nothing', [undefined, SECRET], /it has no method on/],
    ['the secret first', [SECRET, new ForeignStore()], /it has no method on/],
    ['null', [null, SECRET], /it has no method on/],
    [
      'a store without destroy',
      [Object.assign(new ForeignStore(), { destroy: undefined }), SECRET],
      /it has no method destroy/,
    ],
    [
      'an unknown option',
      [new ForeignStore(), SECRET, { onlyopen: true }],
      /no option onlyopen, only onlyOpen/,
    ],
    ['a word for a flag', [new ForeignStore(), SECRET, { onlyOpen: 'yes' }], /must be true or false/],
  ] as [string, unknown[], RegExp][]) {
    it(`are not ${title} (B273)`, () => {
      const error = refusal(...args);
      assert.ok(error instanceof TypeError);
      assert.equal(error.code, 'ERR_SESSION_ARGUMENT');
      assert.match(error.message, message);
    });
  }

  it('are a store of any kind, and options that may be left out', () => {
    for (const store of [new ForeignStore(), new session.MemoryStore()]) {
      for (const options of [
        undefined,
        {},
        { onlyOpen: undefined },
        { onlyOpen: false },
        { onlyOpen: true },
      ]) {
        assert.ok(sealed(store, SECRET, options) instanceof session.Store);
      }
    }
  });
});
