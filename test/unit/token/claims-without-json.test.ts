// The claims of most requests are those of the token. Then nothing is turned into JSON, nor parsed, nor signed.
import assert from 'node:assert/strict';
import { claimsOf, readClaims, sameClaims } from '../../../src/token/claims';
import type { Request } from '../../../src/types';
import { contents, createTokens, sessionToken } from '../../support/tokens';

const NOTHING = new Map<string, string>();
const req = Object.create(null) as Request;
const ses = { id: 'a-handle', gen: 1 };

/** How often `use` calls functions of JSON. */
function countJson(use: () => void): { parsed: number; written: number } {
  const { parse, stringify } = JSON;
  const count = { parsed: 0, written: 0 };
  JSON.parse = (...args) => {
    count.parsed += 1;
    return parse(...args) as unknown;
  };
  JSON.stringify = (...args: unknown[]) => {
    count.written += 1;
    return Reflect.apply(stringify, JSON, args) as string;
  };
  try {
    use();
  } finally {
    Object.assign(JSON, { parse, stringify });
  }
  return count;
}

describe('claims that JSON need not compare', () => {
  const readBeside = (given: object, result: object) => {
    const claims = claimsOf({ ...given, ses }, NOTHING);
    let text: string | undefined;
    const count = countJson(() => {
      text = readClaims(() => result, req, NOTHING, { claims });
    });
    return { text, count };
  };

  const plain: [name: string, claims: object][] = [
    ['text, numbers, true and null', { a: 'x', b: 1, c: true, d: null }],
    ['empty objects and arrays', { a: {}, b: [] }],
    ['arrays', { a: ['x', 1, null, ['y']] }],
    ['objects', { a: { b: { c: 1 }, d: 'x' } }],
  ];
  for (const [name, claims] of plain) {
    it(`are those of the token where they are ${name}`, () => {
      const copy = structuredClone(claims);
      assert.deepEqual(readBeside(claims, copy), {
        text: JSON.stringify(claims),
        count: { parsed: 0, written: 0 },
      });
    });
  }

  it('are those of the token where an object has no prototype', () => {
    const result = Object.assign(Object.create(null) as object, { a: 1 });
    assert.deepEqual(readBeside({ a: 1 }, { b: result }).count, { parsed: 0, written: 1 });
    assert.deepEqual(readBeside({ b: { a: 1 } }, { b: result }).count, { parsed: 0, written: 0 });
  });

  const different: [name: string, given: object, result: object][] = [
    ['another value', { a: 1 }, { a: 2 }],
    ['another type', { a: 1 }, { a: '1' }],
    ['another name', { a: 1 }, { b: 1 }],
    ['another order', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['a member more', { a: 1 }, { a: 1, b: 2 }],
    ['a member less', { a: 1, b: 2 }, { a: 1 }],
    ['an element more', { a: [1] }, { a: [1, 2] }],
    ['another element', { a: [1, 2] }, { a: [1, 3] }],
    ['an object in the place of null', { a: null }, { a: {} }],
    ['an object in the place of an array', { a: [] }, { a: {} }],
    ['an array in the place of an object', { a: {} }, { a: [] }],
  ];
  for (const [name, given, result] of different) {
    it(`are turned into JSON once where they have ${name}`, () => {
      assert.deepEqual(readBeside(given, result), {
        text: JSON.stringify(result),
        count: { parsed: 0, written: 1 },
      });
    });
  }

  it('are parsed only if they may have a claim that has to be checked', () => {
    const count = (result: object) =>
      countJson(() => readClaims(() => result, req, NOTHING, undefined)).parsed;
    assert.deepEqual([count({ sub: 'ada' }), count({ sub: 'ada', exp: 1 })], [0, 1]);
  });

  it('are equal to themselves without being parsed', () => {
    assert.equal(countJson(() => assert.ok(sameClaims('{"a":1}', '{"a":1}'))).parsed, 0);
  });
});

describe('a payload that need not be parsed', () => {
  it('is that of a token issued without claims of the application', () => {
    const token = createTokens().issue(contents(), 4000);
    assert.equal(countJson(() => assert.equal(token.payload.ses?.gen, 1)).parsed, 0);
  });

  it('stands behind a header that is parsed only if it is not the one that we write', () => {
    const count = (text: string) => {
      const tokens = createTokens();
      return countJson(() => {
        const { payload } = tokens.verify(text) ?? assert.fail();
        assert.equal(payload.ses?.gen, 1);
      }).parsed;
    };
    const ours = createTokens().issue(contents(), 4000).text;
    const foreign = sessionToken();
    assert.notEqual(foreign.split('.')[0], ours.split('.')[0]);
    assert.equal(count(foreign), count(ours) + 1);
  });

  it('names the id of the record, which is computed once for each tenant', () => {
    const token = createTokens().issue(contents(), 4000);
    const { ses: claim } = token;
    let computed = 0;
    Object.defineProperty(token, 'ses', {
      get: () => {
        computed += 1;
        return claim;
      },
    });
    const ids = [undefined, undefined, 'acme', 'acme'].map((tenant) => token.recordId(tenant));
    assert.equal(ids[0], ids[1]);
    assert.equal(ids[2], ids[3]);
    assert.notEqual(ids[0], ids[2]);
    assert.equal(computed, 2);
  });
});
