// The claim `ses`: which tokens are session tokens at all.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { createTokens, sessionToken } from '../../support/tokens';

const read = (ses: unknown) => createTokens().verify(sessionToken({ ses })) ?? assert.fail('not verified');

describe('the claim ses', () => {
  const good: [object, object][] = [
    [
      { id: 'h', gen: 1 },
      { handle: 'h', legacyId: undefined, generation: 1, hasOwnExpiry: false },
    ],
    [
      { lid: 'an old id', gen: 7 },
      { handle: undefined, legacyId: 'an old id', generation: 7, hasOwnExpiry: false },
    ],
    [
      { id: 'h', gen: 1, exp: true },
      { handle: 'h', legacyId: undefined, generation: 1, hasOwnExpiry: true },
    ],
    [
      { id: 'h', gen: 1, exp: 1 },
      { handle: 'h', legacyId: undefined, generation: 1, hasOwnExpiry: false },
    ],
    [
      { id: 'h', gen: 1, more: {} },
      { handle: 'h', legacyId: undefined, generation: 1, hasOwnExpiry: false },
    ],
    [
      { lid: 'a\0b', gen: 1 },
      { handle: undefined, legacyId: 'a\0b', generation: 1, hasOwnExpiry: false },
    ],
  ];
  for (const [ses, expected] of good) {
    it(`${inspect(ses)} names a session (B241)`, () => {
      assert.deepEqual(read(ses).ses, expected);
    });
  }

  const bad: unknown[] = [
    undefined,
    null,
    'h',
    7,
    true,
    [],
    ['h', 1],
    {},
    { gen: 1 },
    { id: 'h' },
    { lid: 'h' },
    { id: 'h', lid: 'h', gen: 1 },
    { id: 'h', lid: null, gen: 1 },
    { id: null, lid: 'h', gen: 1 },
    { id: '', gen: 1 },
    { lid: '', gen: 1 },
    { id: 7, gen: 1 },
    { id: ['h'], gen: 1 },
    { id: { toString: 'h' }, gen: 1 },
    { lid: 7, gen: 1 },
    { id: 'a\0b', gen: 1 },
    { id: 'h', gen: 0 },
    { id: 'h', gen: -1 },
    { id: 'h', gen: 1.5 },
    { id: 'h', gen: '1' },
    { id: 'h', gen: null },
    { id: 'h', gen: [1] },
    { id: 'h', gen: 2 ** 53 },
    { id: 'h', generation: 1 },
  ];
  for (const ses of bad) {
    it(`${inspect(ses)} makes a well signed token no session token (B241)`, () => {
      assert.equal(read(ses).ses, undefined);
    });
  }
});
