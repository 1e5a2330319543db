/** Times as the command line prints them for people. */
import assert from 'node:assert/strict';
import { fromNow } from '../../../src/cli/human-time';

const NOW = 1_700_000_000_000;

describe('A time for people', () => {
  for (const [seconds, expected] of [
    [0, 'now'],
    [-0.4, 'now'],
    [-1, '1 second ago'],
    [1, 'in 1 second'],
    [-119, '119 seconds ago'],
    [-120, '2 minutes ago'],
    [300, 'in 5 minutes'],
    [-7199, '119 minutes ago'],
    [7200, 'in 2 hours'],
    [172_800, 'in 2 days'],
    [-90 * 86_400, '2 months ago'],
    [-800 * 86_400, '2 years ago'],
  ] as const) {
    it(`${String(seconds)} seconds from now is "${expected}"`, () => {
      assert.equal(fromNow(NOW + seconds * 1000, NOW), expected);
    });
  }
});
