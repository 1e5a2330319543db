import { Worker } from '../ipc.mjs';

/* What an attacker who sends forged cookies makes a server spend. */

/** @typedef {import('../types.ts').SubjectName} SubjectName */

/** What a paced attacker sends, requests per second. */
const RATE = 2000;

/** @type {{ title: string, subject: SubjectName, isLimited?: boolean, perSecond: number, isQuiet?: boolean }[]} */
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
 * @returns {Promise<{ title: string, perSecond: number, cpu: number, p50: number, p99: number, max: number, median: number, userP99: number }[]>}
 */
export async function measureFloods({ floodMs }) {
  const load = new Worker('./growth/flood-load.mjs');
  const results = [];
  for (const { title, subject, isLimited = false, perSecond, isQuiet = false } of floods) {
    const server = new Worker('./growth/flood-server.mjs', [subject, ...(isLimited ? ['limited'] : [])]);
    const { forged, ...target } = await server.call('start');
    const flood = { ...target, forged: isQuiet ? [] : forged, perSecond };
    await load.call('flood', { ...flood, ms: floodMs / 4 });
    await server.call('begin');
    const user = await load.call('flood', { ...flood, ms: floodMs });
    const { cpu, ...delays } = await server.call('end');
    server.stop();
    results.push({
      title,
      ...delays,
      perSecond: isQuiet ? 0 : user.perSecond,
      cpu: cpu / 1000 / floodMs,
      median: user.median,
      userP99: user.p99,
    });
  }
  load.stop();
  return results;
}
