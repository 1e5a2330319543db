/* What an attacker who sends forged cookies makes a server spend. */

import { Worker } from '../ipc.mjs';
import { attempt } from '../rounds.mjs';

/** @typedef {import('../types.ts').SubjectName} SubjectName */
/** @typedef {{ title: string, subject: SubjectName, isLimited?: boolean, perSecond: number, isQuiet?: boolean }} Flood */

/**
 * @typedef {object} FloodFigures
 * @property {number} perSecond forged requests that were answered
 * @property {number} cpu of one core, from 0 to 1
 * @property {number} late how late the event loop was, in ms: 99th percentile
 * @property {number} median ms of a user's page
 * @property {number} p99
 */

/** @typedef {{ title: string, figures?: FloodFigures, fault?: string }} FloodResult */

/** What a paced attacker sends, requests per second. */
const RATE = 2000;

/** @type {Flood[]} */
const floods = [
  { title: 'express-session, no attack', subject: 'express-session', perSecond: 0, isQuiet: true },
  { title: 'this package, no attack', subject: 'express-session-jwt', perSecond: 0, isQuiet: true },
  { title: `express-session, ${String(RATE)}/s`, subject: 'express-session', perSecond: RATE },
  { title: `this package, ${String(RATE)}/s`, subject: 'express-session-jwt', perSecond: RATE },
  {
    title: `this package with a rate limit, ${String(RATE)}/s`,
    subject: 'express-session-jwt',
    isLimited: true,
    perSecond: RATE,
  },
  { title: 'express-session, all it answers', subject: 'express-session', perSecond: 0 },
  { title: 'this package, all it answers', subject: 'express-session-jwt', perSecond: 0 },
  {
    title: 'this package with a rate limit, all it answers',
    subject: 'express-session-jwt',
    isLimited: true,
    perSecond: 0,
  },
];

/**
 * @param {import('./options.mjs').GrowthPace} pace
 * @returns {Promise<FloodResult[]>}
 */
export async function measureFloods({ floodMs }) {
  const load = new Worker('./growth/flood-load.mjs');
  const results = [];
  for (const flood of floods) {
    /** @type {FloodResult} */
    const result = { title: flood.title };
    await attempt(result, async () => {
      result.figures = await measureFlood(flood, load, floodMs);
    });
    results.push(result);
  }
  load.stop();
  return results;
}

/**
 * @param {Flood} flood
 * @param {Worker} load
 * @param {number} ms
 * @returns {Promise<FloodFigures>}
 */
async function measureFlood({ subject, isLimited = false, perSecond, isQuiet = false }, load, ms) {
  const server = new Worker('./growth/flood-server.mjs', [subject, ...(isLimited ? ['limited'] : [])]);
  try {
    const { forged, ...target } = await server.call('start');
    const flood = { ...target, forged: isQuiet ? [] : forged, perSecond };
    await load.call('flood', { ...flood, ms: ms / 4 });
    await server.call('begin');
    const user = await load.call('flood', { ...flood, ms });
    const { cpu, p99 } = await server.call('end');
    return {
      perSecond: isQuiet ? 0 : user.perSecond,
      cpu: cpu / 1000 / ms,
      late: p99,
      median: user.median,
      p99: user.p99,
    };
  } finally {
    server.stop();
  }
}
