/* Measures a scenario on a database. */

import { Worker } from '../ipc.mjs';
import { attempt, takeTurns } from '../rounds.mjs';
import { figuresOf } from './figures.mjs';

/** @typedef {import('./types.ts').StoreSubjectName} SubjectName */
/** @typedef {import('../types.ts').Pace} Pace */

/** @type {readonly SubjectName[]} */
export const storeSubjects = ['none', 'express-session', 'express-session-jwt'];

/**
 * Visitors at once: one, who never waits for another one's work, and so many that the server has always work. On two processors
 * four visitors keep a PostgreSQL busy already, and their time is that of a queue.
 */
const ONE = 1;
const MANY = 32;

/**
 * Measures one scenario: application, load generator, database and the network in between are processes of their own. The
 * subjects take turns.
 *
 * @param {import('./types.ts').StoreScenario} scenario
 * @param {{ store: string, url: string }} database
 * @param {Pace} pace
 * @returns {Promise<import('./types.ts').StoreReport>}
 */
export async function measureOnStore(scenario, database, pace) {
  const load = new Worker('./store/load.mjs');
  const sites = storeSubjects.map((name) => createSite(name, scenario.id, database, load, pace));
  // One after the other: each needs all cores.
  for (const site of sites) await attempt(site, () => site.prepare());
  const rounds = await takeTurns(sites, pace.storeRounds);
  for (const site of sites) site.stop();
  load.stop();
  return {
    scenario,
    figures: figuresOf(/** @type {any} */ (rounds)),
    faults: sites.flatMap(({ name, fault }) => (fault === undefined ? [] : { subject: name, fault })),
  };
}

/**
 * @param {SubjectName} name
 * @param {string} id of the scenario
 * @param {{ store: string, url: string }} database
 * @param {Worker} load
 * @param {Pace} pace
 * @returns {import('../rounds.mjs').Participant<import('./types.ts').Sample> & { name: SubjectName, prepare: () => Promise<void>, stop: () => void }}
 */
function createSite(name, id, { store, url }, load, { storeWarmUp, storeSliceMs }) {
  const worker = new Worker('./store/server.mjs', [name, id, store, url]);
  /**
   * @param {number} connections
   * @param {number} ms
   * @returns {Promise<import('./types.ts').LoadSlice>}
   */
  const visit = (connections, ms) => load.call('slice', { name, ms, connections });
  return {
    name,
    async prepare() {
      const { port, cookies } = await worker.call('start');
      await load.call('connect', { name, id, port, cookies });
      const { requests, atMostMs } = storeWarmUp;
      const sliceMs = Math.min(200, atMostMs);
      for (let spent = 0, answered = 0; spent < atMostMs && answered < requests; spent += sliceMs) {
        answered += (await visit(MANY, sliceMs)).requests;
      }
    },
    async slice() {
      const before = await worker.call('commands');
      const { median, p99, requests } = await visit(ONE, storeSliceMs);
      const busy = await visit(MANY, storeSliceMs / 2);
      const commands = (await worker.call('commands')) - before;
      return {
        median,
        p99,
        perSecond: (busy.requests / busy.ms) * 1000,
        commands: commands / (requests + busy.requests),
      };
    },
    stop: () => {
      worker.stop();
    },
  };
}
