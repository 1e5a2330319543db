/* What the command line asks for. */

import { parseArgs } from 'node:util';
import { scenarios } from './scenarios.mjs';
import { asksForStore, readStoreOptions } from './store/options.mjs';

/** @typedef {import('./types.ts').Pace} Pace */
/** @typedef {import('./types.ts').SubjectName} SubjectName */

/** @type {readonly SubjectName[]} */
const ESSENTIAL = ['express-session-jwt', 'express-session'];
/** @type {readonly SubjectName[]} */
const ALL = [...ESSENTIAL, 'fork-secp256k1', 'fork-p256', 'cookie-session', 'iron-session'];

/** @type {Record<'full' | 'quick' | 'smoke', Pace>} */
const paces = {
  full: {
    warmUp: { atLeast: 1000, atMost: 2500 },
    rounds: 17,
    sliceMs: 30,
    measuresLimits: true,
    httpWarmUpMs: 1000,
    httpRounds: 9,
    httpSliceMs: 150,
    storeWarmUp: { requests: 40_000, atMostMs: 4000 },
    storeRounds: 7,
    storeSliceMs: 1000,
    storedSessions: 100_000,
    createdAndDestroyed: 1_000_000,
  },
  quick: {
    warmUp: { atLeast: 600, atMost: 1100 },
    rounds: 10,
    sliceMs: 20,
    measuresLimits: false,
    httpWarmUpMs: 800,
    httpRounds: 9,
    httpSliceMs: 100,
    storeWarmUp: { requests: 20_000, atMostMs: 2500 },
    storeRounds: 5,
    storeSliceMs: 400,
    storedSessions: 100_000,
    createdAndDestroyed: 50_000,
  },
  // Whether everything works; the numbers mean nothing.
  smoke: {
    warmUp: { atLeast: 10, atMost: 10 },
    rounds: 2,
    sliceMs: 5,
    measuresLimits: true,
    httpWarmUpMs: 10,
    httpRounds: 1,
    httpSliceMs: 10,
    storeWarmUp: { requests: 1, atMostMs: 10 },
    storeRounds: 1,
    storeSliceMs: 20,
    maxSessions: 100,
    storedSessions: 1000,
    createdAndDestroyed: 1000,
  },
};

/**
 * @param {string[]} args
 * @returns {import('./types.ts').MemoryOptions | import('./store/types.ts').StoreOptions}
 */
export function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      http: { type: 'boolean', default: false },
      plot: { type: 'boolean', default: false },
      only: { type: 'string' },
      store: { type: 'string' },
      rtt: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const { quick, smoke, http, only } = values;
  const pace = paces[smoke ? 'smoke' : quick ? 'quick' : 'full'];
  if (asksForStore(values)) return readStoreOptions(values, { pace, isMeasurement: !smoke });
  const isChosen = chooser(only);
  return {
    kind: 'memory',
    pace,
    isMeasurement: !smoke,
    subjects: smoke || quick ? ESSENTIAL : ALL,
    httpSubjects: smoke ? ESSENTIAL : [...(quick ? ESSENTIAL : ALL), 'none'],
    inProcess: http && !smoke ? [] : scenarios.filter(({ id }) => isChosen(id)),
    memory: (smoke || !http) && isChosen('M'),
    http: http || smoke || !quick ? scenarios.filter(({ id, httpTarget }) => httpTarget && isChosen(id)) : [],
  };
}

/**
 * @param {string | undefined} only ids, separated by commas; a number stands for all scenarios of that number
 * @returns {(id: string) => boolean}
 */
function chooser(only) {
  if (only === undefined) return () => true;
  const ids = only.split(',').map((id) => id.trim());
  const known = [...scenarios.map(({ id }) => id), 'M'];
  const matches = (/** @type {string} */ wanted) => (/** @type {string} */ id) =>
    id === wanted || parseInt(id) === Number(wanted);
  for (const id of ids) {
    if (!known.some(matches(id))) throw new Error(`--only ${id}: there are ${known.join(', ')}`);
  }
  return (id) => ids.some((wanted) => matches(wanted)(id));
}
