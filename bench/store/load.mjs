/* The load generator of the benchmark on real databases. Bounded: a browser waits for its page before it opens the next. */

import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Connection } from '../http/connection.mjs';
import { answerCalls } from '../ipc.mjs';
import { quantile } from '../statistics.mjs';
import { Browser } from './browser.mjs';
import { storeScenarioOf } from './scenarios.mjs';

const BROWSERS = 100;

/** @typedef {{ scenario: import('./types.ts').StoreScenario, browsers: Browser[], connections: Connection[], port: number }} Site */

/** @type {Map<string, Site>} */
const sites = new Map();

/** @param {string} name */
function siteOf(name) {
  const site = sites.get(name);
  if (!site) throw new Error(`not connected to ${name}`);
  return site;
}

answerCalls({
  /** Gives browsers their sessions, and looks whether the site does what the scenario says. */
  async connect(
    /** @type {{ name: string, id: string, port: number, cookies: string[] }} */ { name, id, port, cookies },
  ) {
    const scenario = storeScenarioOf(id);
    const atOnce = scenario.atOnce ?? 1;
    const connections = Array.from({ length: atOnce }, () => new Connection(port));
    const browsers = Array.from(
      { length: BROWSERS },
      (_, index) => new Browser(scenario, cookies[index] ?? null),
    );
    if (cookies.length === 0) for (const browser of browsers) await browser.begin(connections);
    sites.set(name, { scenario, browsers, connections, port });
    // Tokens that are to be refreshed get old first.
    if (scenario.setup.expiresIn !== undefined) await setTimeout(scenario.setup.expiresIn * 1000);
    const setsCookie = {
      'express-session-jwt': scenario.setsCookie[0],
      'express-session': scenario.setsCookie[1],
    };
    await browsers[0]?.check(connections, name === 'none' ? undefined : Reflect.get(setsCookie, name));
  },

  /** @returns {Promise<import('./types.ts').LoadSlice>} */
  async slice(
    /** @type {{ name: string, ms: number, connections: number }} */ { name, ms, connections: wanted },
  ) {
    const { scenario, browsers, connections, port } = siteOf(name);
    const atOnce = scenario.atOnce ?? 1;
    const visitors = Math.ceil(wanted / atOnce);
    while (connections.length < visitors * atOnce) connections.push(new Connection(port));
    /** @type {number[]} */
    const latencies = [];
    const start = performance.now();
    const work = Array.from({ length: visitors }, async (_, visitor) => {
      const own = connections.slice(visitor * atOnce, (visitor + 1) * atOnce);
      // No other visitor has these browsers, so that nobody is in more requests at once than the scenario says.
      const turns = browsers.filter((_browser, index) => index % visitors === visitor);
      for (let turn = 0; performance.now() < start + ms; turn++) {
        const begin = performance.now();
        await turns[turn % turns.length]?.visit(own);
        latencies.push(performance.now() - begin);
      }
    });
    await Promise.all(work);
    const took = performance.now() - start;
    const requests = browsers.reduce((sum, browser) => sum + browser.takeCount(), 0);
    return { requests, ms: took, median: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
  },
});
