/* A MemoryStore with more and more sessions: node --expose-gc growth/sessions.mjs <subject> */

import { randomBytes, randomInt } from 'node:crypto';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { answerCalls } from '../ipc.mjs';
import { count, create, read } from '../site/acts.mjs';
import { Exchange } from '../site/exchange.mjs';
import { Loop } from '../site/loop.mjs';
import { Running } from '../site/site.mjs';

const [, , name = ''] = process.argv;
/** @type {{ subject: import('../types.ts').Subject }} */
const { subject } = await import(`../subjects/${name}.mjs`);

/** So many of the sessions are visited. Their tokens are remembered, however many sessions there are. */
const VISITORS = 1000;
const PER_TURN = 500;

const site = new Running(subject, {});
/** @type {import('../types.ts').Client[]} */
const clients = [];
/** @type {Record<string, Loop>} */
const loops = {};
let stored = 0;

/** What the middleware gives to the store for a session. */
async function sample() {
  const { req, res } = new Exchange({ ...clients[0], cookie: clients[0]?.cookie });
  await new Promise((resolve) => {
    site.middleware(req, res, resolve);
  });
  return () => subject.recordOf?.(req.session) ?? req.session;
}

async function signUp() {
  while (clients.length < VISITORS) {
    const client = { cookie: undefined };
    await site.visit(client, create, true);
    clients.push(client);
  }
  const next = () => clients[randomInt(VISITORS)] ?? { cookie: undefined };
  for (const [title, act, writes] of /** @type {const} */ ([
    ['read', read, false],
    ['modify', count, true],
  ])) {
    const scenario = /** @type {any} */ ({ act, writes });
    loops[title] = new Loop(site, scenario, { clients, next });
  }
  stored = VISITORS;
}

/** Bytes in use, once everything has gone that can go. */
async function heapUsed() {
  for (let turn = 0; turn < 6; turn++) {
    globalThis.gc?.();
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
}

answerCalls({
  /** Fills the store up to so many sessions; bytes per session that came in. */
  async fill(/** @type {{ sessions: number }} */ { sessions }) {
    if (stored === 0) await signUp();
    const next = await sample();
    const before = await heapUsed();
    const added = sessions - stored;
    for (; stored < sessions; stored++) {
      /** @type {any} */ (site.store).set(randomBytes(24).toString('base64url'), next(), () => undefined);
      if (stored % PER_TURN === 0) await setImmediate();
    }
    return ((await heapUsed()) - before) / added;
  },

  slice: (/** @type {{ act: string, ms: number }} */ { act, ms }) => loops[act]?.run(ms),
});
