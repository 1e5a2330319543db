import { Worker } from './ipc.mjs';
import { attempt, msEach, takeTurns } from './rounds.mjs';
import { bare } from './scenarios.mjs';
import { median, quartiles } from './statistics.mjs';

/** @typedef {import('./types.ts').SubjectName} SubjectName */
/** @typedef {import('./types.ts').Pace} Pace */

/**
 * Measures one scenario over HTTP: requests per second of an Express 5 application. Server and load generator are
 * processes of their own; the servers take turns.
 *
 * @param {import('./types.ts').Scenario} scenario
 * @param {readonly SubjectName[]} subjects
 * @param {Pace} pace
 * @returns {Promise<import('./types.ts').Report>}
 */
export async function measureHttp(scenario, subjects, pace) {
  const { id, title, httpTarget, lacks = {}, counterparts = {} } = scenario;
  const load = new Worker('./http/load.mjs');
  const servers = subjects
    .filter((name) => !(name in lacks))
    .map((name) => createServer(name, name === 'none' ? bare.id : (counterparts[name] ?? id), load, pace));
  // One after the other: each needs both cores.
  for (const server of servers) await attempt(server, () => server.prepare());
  const rounds = await takeTurns(servers, pace.httpRounds);
  for (const server of servers) server.stop();
  load.stop();

  const perSecond = (/** @type {Map<string, number>} */ times, /** @type {string} */ name) =>
    1000 / (times.get(name) ?? NaN);
  return {
    id,
    title,
    kind: 'http',
    unit: 'requests/s',
    ...(httpTarget === undefined ? {} : { target: { ratio: httpTarget } }),
    results: subjects.map((subject) => {
      const reason = lacks[subject];
      if (reason !== undefined) return { subject, lacks: reason };
      const fault = servers.find(({ name }) => name === subject)?.fault;
      if (fault !== undefined) return { subject, fault };
      return {
        subject,
        value: median(rounds.map((times) => perSecond(times, subject))),
        ratio: quartiles(
          rounds.map((times) => perSecond(times, subject) / perSecond(times, 'express-session')),
        ),
      };
    }),
    limits: [],
  };
}

/**
 * @param {SubjectName} name
 * @param {string} id of the scenario that this subject runs
 * @param {Worker} load
 * @param {Pace} pace
 * @returns {import('./rounds.mjs').Participant<number> & { prepare: () => Promise<void>, stop: () => void }}
 */
function createServer(name, id, load, { httpWarmUpMs, httpSliceMs, maxSessions }) {
  const worker = new Worker('./http/server.mjs', [name, id]);
  return {
    name,
    async prepare() {
      const { port, cookies } = await worker.call('start', { maxSessions });
      await load.call('connect', { name, id, port, cookies });
      await load.call('slice', { name, ms: httpWarmUpMs });
      await worker.call('clear');
    },
    async slice() {
      const slice = await load.call('slice', { name, ms: httpSliceMs });
      await worker.call('clear');
      return msEach(slice);
    },
    stop: () => {
      worker.stop();
    },
  };
}
