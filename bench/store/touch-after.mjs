/* How many calls of the store touchAfter saves: counted, not timed, while the clock stands where this module sets it. */

import { subject, library } from '../subjects/express-session-jwt.mjs';
import { create, read } from '../site/acts.mjs';
import { Running } from '../site/site.mjs';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** @typedef {{ title: string, maxAge?: number, visits: number, everyMs: number, atOnce: number }} Browsing */

/** @type {readonly Browsing[]} */
const browsings = [
  {
    title: '100 pages, one every 10 seconds, `maxAge` one day',
    maxAge: DAY,
    visits: 100,
    everyMs: 10 * SECOND,
    atOnce: 1,
  },
  {
    title: '100 pages, one every minute, `maxAge` one day',
    maxAge: DAY,
    visits: 100,
    everyMs: MINUTE,
    atOnce: 1,
  },
  {
    title: '100 pages, one every 10 seconds, `maxAge` 30 minutes',
    maxAge: 30 * MINUTE,
    visits: 100,
    everyMs: 10 * SECOND,
    atOnce: 1,
  },
  {
    title: '20 requests at once, a second after the page, `maxAge` one day',
    maxAge: DAY,
    visits: 1,
    everyMs: SECOND,
    atOnce: 20,
  },
  {
    title: '20 requests at once, 20 minutes after the last page, `maxAge` one day',
    maxAge: DAY,
    visits: 1,
    everyMs: 20 * MINUTE,
    atOnce: 20,
  },
  { title: '100 pages, one every 10 seconds, no `maxAge`', visits: 100, everyMs: 10 * SECOND, atOnce: 1 },
];

/** @type {readonly { title: string, of: (maxAge: number) => number }[]} */
export const choices = [
  { title: 'off', of: () => 0 },
  { title: 'one minute', of: () => MINUTE },
  { title: 'a hundredth of `maxAge`', of: (maxAge) => maxAge / 100 },
];

/**
 * @returns {Promise<{ title: string, counts: { calls: number, touches: number }[] }[]>} a row for each way to browse, in the
 * order of `choices`
 */
export async function countTouches() {
  const rows = [];
  for (const browsing of browsings) {
    const counts = [];
    for (const { of } of choices) counts.push(await countCalls(browsing, of(browsing.maxAge ?? DAY)));
    rows.push({ title: browsing.title, counts });
  }
  return rows;
}

/**
 * @param {Browsing} browsing
 * @param {number} touchAfter
 */
async function countCalls({ maxAge, visits, everyMs, atOnce }, touchAfter) {
  const { now } = Date;
  let time = now();
  Date.now = () => time;
  try {
    const { store, counts } = createCountingStore();
    const site = new Running(subject, { touchAfter, ...(maxAge === undefined ? {} : { maxAge }) }, store);
    const client = { cookie: undefined };
    await site.visit(client, create, true);
    Object.assign(counts, { calls: 0, touches: 0 });
    for (let visit = 0; visit < visits; visit++) {
      time += everyMs;
      const answers = Array.from({ length: atOnce }, () => site.visit({ ...client }, read, false));
      for (const { body } of await Promise.all(answers)) {
        if (body !== 'ada') throw new Error(`the page says "${body}"`);
      }
    }
    return counts;
  } finally {
    Date.now = now;
  }
}

/** A MemoryStore that counts what it is asked. */
function createCountingStore() {
  const counts = { calls: 0, touches: 0 };
  const store = new library.MemoryStore();
  for (const name of ['get', 'set', 'touch', 'destroy']) {
    const method = store[name].bind(store);
    store[name] = (/** @type {unknown[]} */ ...args) => {
      counts.calls += 1;
      if (name === 'touch') counts.touches += 1;
      return method(...args);
    };
  }
  return { store, counts };
}
