import { availableParallelism } from 'node:os';
import { shuffle } from './statistics.mjs';

/** @typedef {{ name: string, slice: () => Promise<import('./types.ts').Slice>, fault?: string }} Participant */

/**
 * Lets participants work in turns, in another order each round, so that what the machine does meanwhile meets all alike.
 * One that fails has a fault from then on and is left out.
 *
 * @param {Participant[]} participants
 * @param {number} rounds
 * @returns {Promise<Map<string, number>[]>} per round: ms per piece of work, by name
 */
export async function takeTurns(participants, rounds) {
  const results = [];
  for (let round = 0; round < rounds; round++) {
    /** @type {Map<string, number>} */
    const times = new Map();
    for (const participant of shuffle(participants.filter(({ fault }) => fault === undefined))) {
      await attempt(participant, async () => {
        const { ms, count } = await participant.slice();
        times.set(participant.name, ms / count);
      });
    }
    results.push(times);
  }
  return results;
}

/**
 * Does this with each item, as many at a time as there are cores.
 *
 * @template Item, Result
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Result>} work
 * @returns {Promise<Result[]>} in the order of the items
 */
export async function mapParallel(items, work) {
  /** @type {Result[]} */
  const results = [];
  const left = [...items.entries()];
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let next = left.shift(); next; next = left.shift()) results[next[0]] = await work(next[1]);
  });
  await Promise.all(workers);
  return results;
}

/**
 * @param {{ fault?: string }} participant keeps the reason if the work fails
 * @param {() => Promise<void>} work
 */
export async function attempt(participant, work) {
  try {
    await work();
  } catch (error) {
    participant.fault = error instanceof Error ? error.message : String(error);
  }
}
