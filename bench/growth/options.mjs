/* How long the benchmark of growth takes, and what it is told. */

import process from 'node:process';
import { parseArgs } from 'node:util';

/**
 * @typedef {object} GrowthPace
 * @property {readonly number[]} sizes numbers of sessions
 * @property {number} users who come in random order
 * @property {number} slices
 * @property {number} sliceMs
 * @property {number} warmUpMs
 * @property {number} floodMs how long each flood goes on
 */

/** @type {Record<'full' | 'smoke', GrowthPace>} */
const paces = {
  full: {
    sizes: [10_000, 100_000, 1_000_000],
    users: 20_000,
    slices: 200,
    sliceMs: 4,
    warmUpMs: 1000,
    floodMs: 5000,
  },
  // Whether everything works; the numbers mean nothing.
  smoke: { sizes: [2000, 3000], users: 1000, slices: 1, sliceMs: 5, warmUpMs: 10, floodMs: 100 },
};

/** @param {string[]} args those of `npm run bench -- --growth` */
export function readGrowthOptions(args = process.argv.slice(2)) {
  const { values } = parseArgs({
    args,
    options: {
      growth: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  return { writes: values.write, pace: paces[values.smoke ? 'smoke' : 'full'] };
}
