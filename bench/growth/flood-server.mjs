/* An application under attack: node growth/flood-server.mjs <subject> [limited] */

import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { URL } from 'node:url';
import express from 'express';
import { answerCalls } from '../ipc.mjs';
import { create, read } from '../site/acts.mjs';
import { createHandler } from '../site/handle.mjs';
import { Running } from '../site/site.mjs';

const [, , name = '', limited] = process.argv;
/** @type {{ subject: import('../types.ts').Subject }} */
const { subject } = await import(`../subjects/${name}.mjs`);

/** Of the timer that measures the delay, in ms. */
const RESOLUTION = 1;
/** Requests of one address in a minute. */
const LIMIT = 1000;

const site = new Running(subject, {});
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
let cpu = process.cpuUsage();

answerCalls({
  /** Where it listens, the cookie of somebody who is signed in, and cookies that somebody has forged. */
  async start() {
    /** @type {import('../types.ts').Client} */
    const client = { cookie: undefined };
    await site.visit(client, create, true);
    const app = express();
    if (limited) app.use(limiter());
    app.use(/** @type {any} */ (site.middleware));
    app.get('/', /** @type {any} */ (createHandler(subject, read, false)));
    const port = await new Promise((resolve) => {
      const server = app.listen(0, '127.0.0.1', () => {
        resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
      });
    });
    const forged = Array.from({ length: 2000 }, () => subject.forge(client.cookie ?? ''));
    return { port, cookie: client.cookie, forged };
  },

  begin() {
    delay.enable();
    delay.reset();
    cpu = process.cpuUsage();
  },

  /** ms of event-loop delay beyond the timer's own 1 ms, and µs of processor time. */
  end() {
    delay.disable();
    const { user, system } = process.cpuUsage(cpu);
    const ms = (/** @type {number} */ percentile) => delay.percentile(percentile) / 1e6 - RESOLUTION;
    return { p50: ms(50), p99: ms(99), max: delay.max / 1e6 - RESOLUTION, cpu: user + system };
  },
});

function limiter() {
  // A package of the integration tests: node test/integration/install.mjs .
  const load = createRequire(new URL('../../test/integration/package.json', import.meta.url));
  const { rateLimit } = load('express-rate-limit');
  return rateLimit({ windowMs: 60_000, limit: LIMIT, standardHeaders: true, legacyHeaders: false });
}
