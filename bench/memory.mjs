import { randomBytes } from 'node:crypto';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { answerCalls } from './ipc.mjs';
import { create } from './site/acts.mjs';
import { Exchange } from './site/exchange.mjs';
import { Running } from './site/site.mjs';

/* What sessions take of the heap: node --expose-gc memory.mjs <subject>, one process per subject. */

const [, , name = ''] = process.argv;
/** @type {{ subject: import('./types.ts').Subject }} */
const { subject } = await import(`./subjects/${name}.mjs`);

const PER_TURN = 500;

/** A store as handlers have it, `req.sessionStore`, and a session and an id to use with it. */
async function open() {
  const site = new Running(subject, {});
  const client = { cookie: undefined };
  const { body } = await site.visit(client, create, true);
  const { req, res } = new Exchange(client);
  await new Promise((resolve) => {
    site.middleware(req, res, resolve);
  });
  if (body !== 'ada' || req.session.user !== 'ada') throw new Error('it does not keep a session');
  // Where a record has more than the session's data, it is what the middleware gives to the store.
  /** @type {any} */
  const store = subject.recordOf ? site.store : req.sessionStore;
  const next = () => subject.recordOf?.(req.session) ?? req.session;
  return { store, next, cookie: String(client.cookie) };
}

/** Ids of the same form as the subject's own. */
function createIds(/** @type {string} */ cookie) {
  const id = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1));
  // This package's ids are as long as those of express-session.
  if (id.startsWith('s:') || subject.recordOf) return () => randomBytes(24).toString('base64url');
  const signed = id.slice(0, id.lastIndexOf('.') + 1);
  return () => signed + randomBytes(64).toString('base64url');
}

/** Bytes in use, once everything has gone that can go. */
async function heapUsed() {
  for (let i = 0; i < 6; i++) {
    globalThis.gc?.();
    // Finalizers run in turns of their own.
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
}

answerCalls({
  /** Bytes per stored session. */
  async stored(/** @type {{ sessions: number }} */ { sessions }) {
    const { store, next, cookie } = await open();
    const nextId = createIds(cookie);
    const before = await heapUsed();
    for (let i = 0; i < sessions; i++) {
      store.set(nextId(), next(), () => undefined);
      if (i % PER_TURN === 0) await setImmediate();
    }
    const bytes = ((await heapUsed()) - before) / sessions;
    const count = await lengthOf(store);
    // The session that it began with is there, too.
    if (count !== sessions + 1)
      throw new Error(`it stores ${String(count)} of ${String(sessions + 1)} sessions`);
    return bytes;
  },

  /** Bytes left after so many sessions have come and gone. */
  async left(/** @type {{ sessions: number }} */ { sessions }) {
    const { store, next, cookie } = await open();
    const nextId = createIds(cookie);
    const comeAndGo = async (/** @type {number} */ number) => {
      for (let i = 0; i < number; i++) {
        const id = nextId();
        store.set(id, next(), () => undefined);
        store.destroy(id, () => undefined);
        if (i % PER_TURN === 0) await setImmediate();
      }
    };
    // What code and caches take once is not what is asked for.
    await comeAndGo(Math.min(sessions, 5000));
    const before = await heapUsed();
    await comeAndGo(sessions);
    const bytes = (await heapUsed()) - before;
    if ((await lengthOf(store)) !== 1) throw new Error('it still stores sessions that were destroyed');
    return bytes;
  },
});

/** @param {any} store */
function lengthOf(store) {
  return new Promise((resolve) => {
    store.length((/** @type {unknown} */ _error, /** @type {number} */ length) => {
      resolve(length);
    });
  });
}
