/* How costs grow with the number of sessions. */

import { Worker } from '../ipc.mjs';
import { quantile } from '../statistics.mjs';

/** Of the slices, from the fastest one: what else the machine does can only make them slower. */
const LOW = 0.25;

/** @typedef {{ count: number, bytes: number, read: number, modify: number }} Size */

/**
 * A full MemoryStore: bytes per session, and µs per request, the making of the request left out.
 *
 * @param {import('../types.ts').SubjectName} subject
 * @param {import('./options.mjs').GrowthPace} pace
 * @returns {Promise<Size[]>}
 */
export async function measureStore(subject, { sizes, slices, sliceMs, warmUpMs }) {
  const worker = new Worker('./growth/sessions.mjs', [subject], ['--expose-gc', '--max-old-space-size=6000']);
  const results = [];
  for (const sessions of sizes) {
    const bytes = await worker.call('fill', { sessions });
    /** @type {Record<string, number>} */
    const times = {};
    for (const act of ['read', 'modify']) {
      await worker.call('slice', { act, ms: warmUpMs });
      const all = [];
      for (let slice = 0; slice < slices; slice++) {
        const { ms, count } = await worker.call('slice', { act, ms: sliceMs });
        all.push((ms / count) * 1000);
      }
      times[act] = quantile(all, LOW);
    }
    results.push({ count: sessions, bytes, read: times.read ?? NaN, modify: times.modify ?? NaN });
  }
  worker.stop();
  return results;
}

/**
 * What the middleware remembers. Each size has a process of its own.
 *
 * @param {'tokens' | 'live'} what
 * @param {import('./options.mjs').GrowthPace} pace
 * @returns {Promise<{ count: number, bytes: number, ns: number, left?: number }[]>}
 */
export async function measureRemembered(what, { sizes }) {
  const results = [];
  for (const count of sizes) {
    const worker = new Worker('./growth/remembered.mjs', [], ['--expose-gc', '--max-old-space-size=6000']);
    results.push({ count, ...(await worker.call(what, { count })) });
    worker.stop();
  }
  return results;
}

/**
 * Users who come in random order, where so many of their tokens are remembered: µs per request.
 *
 * @param {number} tokenCacheSize
 * @param {number} users
 * @param {import('./options.mjs').GrowthPace} pace
 * @returns {Promise<number>}
 */
export async function measureCache(tokenCacheSize, users, { slices, sliceMs, warmUpMs }) {
  const worker = new Worker('./growth/cache.mjs', [String(tokenCacheSize)]);
  await worker.call('signUp', { users });
  await worker.call('slice', { ms: warmUpMs });
  const times = [];
  for (let slice = 0; slice < slices; slice++) {
    const { ms, count } = await worker.call('slice', { ms: sliceMs });
    times.push((ms / count) * 1000);
  }
  worker.stop();
  return quantile(times, LOW);
}
