// The stack of an error that nobody sees is not collected.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import jwt = require('jsonwebtoken');
import { isSignedBy } from '../../../src/token/signature';
import { keys } from '../../support/keys';
import { sessionToken } from '../../support/tokens';

describe('checking a signature', () => {
  it('collects no stack meanwhile, and as much as ever afterwards', () => {
    const limit = Error.stackTraceLimit;
    const { verify } = jwt;
    const seen: number[] = [];
    Object.assign(jwt, {
      verify: (...args: unknown[]): unknown => {
        seen.push(Error.stackTraceLimit);
        return Reflect.apply(verify, jwt, args);
      },
    });
    try {
      const key = createPublicKey(keys.public);
      const token = sessionToken();
      assert.equal(isSignedBy(key, token), true);
      assert.equal(isSignedBy(key, `${token.slice(0, -10)}AAAAAAAAAA`), false);
      assert.deepEqual([...seen, Error.stackTraceLimit], [0, 0, limit]);
      assert.notEqual(limit, 0);
    } finally {
      Object.assign(jwt, { verify });
      Error.stackTraceLimit = limit;
    }
  });
});
