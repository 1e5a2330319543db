import { Worker } from './ipc.mjs';
import { attempt, mapParallel, msEach, takeTurns } from './rounds.mjs';
import { bare } from './scenarios.mjs';
import { median, quartiles } from './statistics.mjs';

/** @typedef {import('./types.ts').SubjectName} SubjectName */
/** @typedef {import('./types.ts').Scenario} Scenario */
/** @typedef {import('./types.ts').Pace} Pace */

/** What is measured beside every scenario: a request without session, and the parts that Node itself takes time for. */
export class Yardsticks {
  #bare = new Worker('./site/process.mjs', ['none', bare.id]);
  #limits = new Worker('./limits.mjs');

  /** @param {Pace} pace */
  async warmUp({ warmUp }) {
    await this.#bare.call('prepare');
    await this.#bare.call('warmUp', warmUp);
    await this.#limits.call('warmUp', { ms: warmUp.atLeast / 10 });
  }

  /**
   * @param {Pace} pace
   * @param {readonly import('./types.ts').Limit[]} limits
   * @returns {import('./rounds.mjs').Participant<number>[]}
   */
  participants({ sliceMs: ms }, limits) {
    return [
      { name: bare.id, slice: async () => msEach(await this.#bare.call('slice', { ms: ms / 2 })) },
      ...limits.map((limit) => ({
        name: limit,
        slice: async () => msEach(await this.#limits.call('slice', { limit, ms: ms / 4 })),
      })),
    ];
  }

  stop() {
    this.#bare.stop();
    this.#limits.stop();
  }
}

/**
 * Measures one scenario without sockets: what each subject adds to the time of a request.
 *
 * @param {Scenario} scenario
 * @param {readonly SubjectName[]} subjects
 * @param {Pace} pace
 * @param {Yardsticks} yardsticks
 * @returns {Promise<import('./types.ts').Report>}
 */
export async function measureInProcess(scenario, subjects, pace, yardsticks) {
  const { id, title, target, note, lacks = {}, counterparts = {} } = scenario;
  const limits = pace.measuresLimits ? scenario.limits : [];
  const runners = subjects
    .filter((name) => name !== 'none' && !(name in lacks))
    .map((name) => createRunner(name, counterparts[name] ?? id, pace));
  await mapParallel(runners, (runner) => attempt(runner, () => runner.prepare()));
  const rounds = await takeTurns([...runners, ...yardsticks.participants(pace, limits)], pace.rounds);
  for (const runner of runners) runner.stop();

  const added = (/** @type {Map<string, number>} */ times, /** @type {string} */ name) =>
    (times.get(name) ?? NaN) - (times.get(bare.id) ?? NaN);
  const ofExpressSession = median(rounds.map((times) => added(times, 'express-session'))) * 1000;
  return {
    id,
    title,
    kind: 'in-process',
    unit: 'µs',
    ...(target === undefined ? {} : { target: { ratio: target } }),
    results: subjects
      .filter((subject) => subject !== 'none')
      .map((subject) => {
        const reason = lacks[subject];
        if (reason !== undefined) return { subject, lacks: reason };
        const fault = runners.find(({ name }) => name === subject)?.fault;
        if (fault !== undefined) return { subject, fault };
        return {
          subject,
          value: median(rounds.map((times) => added(times, subject))) * 1000,
          ratio: quartiles(rounds.map((times) => added(times, subject) / added(times, 'express-session'))),
        };
      }),
    limits: limits.map((name) => {
      const value = median(rounds.map((times) => times.get(name) ?? NaN)) * 1000;
      return { name, value, ratio: value / ofExpressSession };
    }),
    ...(note === undefined ? {} : { note }),
  };
}

/**
 * A process of its own, so that nobody's types reach another's inline caches.
 *
 * @param {SubjectName} name
 * @param {string} id of the scenario that this subject runs
 * @param {Pace} pace
 * @returns {import('./rounds.mjs').Participant<number> & { prepare: () => Promise<void>, stop: () => void }}
 */
function createRunner(name, id, { warmUp, sliceMs, maxSessions }) {
  const worker = new Worker('./site/process.mjs', [name, id]);
  return {
    name,
    async prepare() {
      await worker.call('prepare', { maxSessions });
      await worker.call('warmUp', warmUp);
    },
    slice: async () => msEach(await worker.call('slice', { ms: sliceMs })),
    stop: () => {
      worker.stop();
    },
  };
}
