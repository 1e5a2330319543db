import http from 'node:http';
import process from 'node:process';
import express from 'express';
import { answerCalls } from '../ipc.mjs';
import { scenarioOf } from '../scenarios.mjs';
import { check } from '../site/check.mjs';
import { createHandler } from '../site/handle.mjs';
import { Running } from '../site/site.mjs';
import { createVisitors } from '../site/visitors.mjs';

/* An Express 5 application with one subject, for one scenario: node http/server.mjs <subject> <scenario> */

const [, , name = '', id = ''] = process.argv;
const scenario = scenarioOf(id);
/** @type {{ subject: import('../types.ts').Subject }} */
const { subject } = await import(`../subjects/${name}.mjs`);

const site = new Running(subject, scenario.setup);

answerCalls({
  /** Where it listens, and the Cookie headers to send: null for none. */
  async start(/** @type {{ maxSessions?: number }} */ { maxSessions }) {
    const { clients, next } = await createVisitors(scenario, site, maxSessions);
    await check(site, scenario, { ...next() });
    const app = express();
    app.use(/** @type {any} */ (site.middleware));
    app.get('/', /** @type {any} */ (createHandler(subject, scenario.act, scenario.writes)));
    const server = http.createServer(app);
    // The load generator's connections stay while other subjects have their turn.
    server.keepAliveTimeout = 0;
    await new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        resolve(undefined);
      });
    });
    const address = /** @type {import('node:net').AddressInfo} */ (server.address());
    return { port: address.port, cookies: clients.map(({ cookie }) => cookie ?? null) };
  },

  clear: () => {
    if (scenario.fillsStore) site.clear();
  },
});
