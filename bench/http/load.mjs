import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { answerCalls } from '../ipc.mjs';
import { scenarioOf } from '../scenarios.mjs';
import { Connection, cookieIn } from './connection.mjs';

/* The load generator. Bounded: each connection waits for its response before it sends the next request. */

const CONNECTIONS = 32;

/**
 * @typedef {object} Target
 * @property {import('../types.ts').Scenario} scenario
 * @property {(string | null)[]} cookies
 * @property {Connection[]} connections
 */

/** @type {Map<string, Target>} */
const targets = new Map();

/**
 * Clients of one connection: no other has them, so that nobody is in two requests at once.
 *
 * @param {Target} target
 * @param {number} connection
 * @returns {() => number} index of the client that comes next
 */
function clientsOf({ scenario, cookies }, connection) {
  if (scenario.visitors === 'shuffled') return () => randomInt(cookies.length);
  const own = [...cookies.keys()].filter((client) => client % CONNECTIONS === connection);
  let turn = 0;
  return () => own[turn++ % own.length] ?? 0;
}

answerCalls({
  connect(
    /** @type {{ name: string, id: string, port: number, cookies: (string | null)[] }} */ {
      name,
      id,
      port,
      cookies,
    },
  ) {
    const connections = Array.from({ length: CONNECTIONS }, () => new Connection(port));
    targets.set(name, { scenario: scenarioOf(id), cookies, connections });
  },

  /** @returns {Promise<import('../types.ts').Slice>} */
  async slice(/** @type {{ name: string, ms: number }} */ { name, ms }) {
    const target = targets.get(name);
    if (!target) throw new Error(`not connected to ${name}`);
    const { cookies, connections, scenario } = target;
    const start = performance.now();
    let count = 0;
    const work = connections.map(async (connection, number) => {
      const nextClient = clientsOf(target, number);
      while (performance.now() < start + ms) {
        const client = nextClient();
        const response = await connection.get(cookies[client] ?? null);
        if (!response.startsWith('HTTP/1.1 200 ')) throw new Error(`it answers ${response.slice(0, 20)}`);
        if (scenario.keepsCookie) cookies[client] = cookieIn(response);
        count += 1;
      }
    });
    await Promise.all(work);
    return { count, ms: performance.now() - start };
  },
});
