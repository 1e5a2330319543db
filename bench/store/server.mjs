/* The process of one subject in one scenario: node store/server.mjs <subject> <scenario> <store> <URL of the database> */

import http from 'node:http';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { answerCalls } from '../ipc.mjs';
import { median } from '../statistics.mjs';
import { createApp } from './app.mjs';
import { storeScenarioOf } from './scenarios.mjs';

const [, , name = '', id = '', storeName = '', url = ''] = process.argv;
const { setup } = storeScenarioOf(id);
/** @type {{ subject: import('../types.ts').Subject, library?: unknown }} */
const { subject, library } = await import(`../subjects/${name}.mjs`);
/** @type {import('./types.ts').OpenedStore | undefined} */
const opened = name === 'none' ? undefined : await (await import(`./${storeName}.mjs`)).open(url, library);

const SESSIONS = 100;

/** Stores sessions as express-session does, which this package has not seen yet. */
async function addLegacySessions() {
  const cookies = [];
  while (cookies.length < SESSIONS) cookies.push(await addLegacySession());
  return cookies;
}

/** @returns {Promise<string>} the Cookie header of its browser */
function addLegacySession() {
  return new Promise((resolve, reject) => {
    /** @type {string | undefined} */
    let cookie;
    const set = (/** @type {string} */ sid, /** @type {object} */ record) => {
      opened?.store.set(sid, record, (error) => {
        if (error) reject(error);
        else resolve(cookie ?? '');
      });
    };
    cookie = subject.addLegacySession?.(/** @type {any} */ ({ set }));
  });
}

answerCalls({
  /** Where it listens, and the cookies of browsers that have a session already. */
  async start() {
    const { middleware } = subject.create(setup, opened?.store);
    const hasSession = name !== 'none';
    const signsInByClaims = name === 'express-session-jwt' && setup.claims === true;
    const server = http.createServer(createApp(middleware, { hasSession, signsInByClaims }));
    // The load generator's connections stay while other subjects have their turn.
    server.keepAliveTimeout = 0;
    await new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        resolve(undefined);
      });
    });
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const isLegacy = setup.legacy === true && subject.addLegacySession !== undefined;
    return { port, cookies: isLegacy ? await addLegacySessions() : [] };
  },

  commands: () => opened?.commands() ?? 0,

  /** A round trip to the database, in ms. */
  async ping() {
    const times = [];
    while (times.length < 100) {
      const start = performance.now();
      await opened?.ping();
      times.push(performance.now() - start);
    }
    return median(times);
  },
});
