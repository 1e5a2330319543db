import { availableParallelism } from 'node:os';
import { shuffle } from './statistics.mjs';

/**
 * @template Result
 * @typedef {{ name: string, slice: () => Promise<Result>, fault?: string }} Participant
 */

/**
 * Lets participants work in turns, in another order each round, so that what the machine does meanwhile meets all alike.
 * One that fails has a fault from then on and is left out.
 *
 * @template Result
 * @param {Participant<Result>[]} participants
 * @param {number} rounds
 * @returns {Promise<Map<string, Result>[]>} per round: what came out of the slices, by name
 */
export async function takeTurns(participants, rounds) {
  const results = [];
  for (let number = 0; number < rounds; number++) {
    /** @type {Map<string, Result>} */
    const round = new Map();
    for (const participant of shuffle(participants.filter(({ fault }) => fault === undefined))) {
      await attempt(participant, async () => {
        round.set(participant.name, await participant.slice());
      });
    }
    results.push(round);
  }
  return results;
}

/**
 * Does this with each item, several at a time.
 *
 * @template Item, Result
 * @param {readonly Item[]} items
 * @param {(item: Item) => Promise<Result>} work
 * @param {number} [atOnce] as many as there are cores, if it is not said
 * @returns {Promise<Result[]>} in the order of the items
 */
export async function mapParallel(items, work, atOnce = availableParallelism()) {
  /** @type {Result[]} */
  const results = [];
  const left = [...items.entries()];
  const workers = Array.from({ length: atOnce }, async () => {
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

/**
 * @param {import('./types.ts').Slice} slice
 * @returns {number} ms per piece of work
 */
export function msEach({ ms, count }) {
  return ms / count;
}
