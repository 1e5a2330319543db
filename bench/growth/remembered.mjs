/* What the middleware remembers of tokens, and of sessions that requests have in hand: node --expose-gc growth/remembered.mjs */

import { Buffer } from 'node:buffer';
import { randomBytes, randomInt } from 'node:crypto';
import { createRequire } from 'node:module';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { URL } from 'node:url';
import { answerCalls } from '../ipc.mjs';

// The parts as built: no option of the middleware leads to a million requests at once.
const load = createRequire(new URL('../../dist/', import.meta.url));
const { Token, createTokenCache } = load('./token/token.js');
const { NO_RULES } = load('./token/token-rules.js');
const { LiveSessions } = load('./store/live-sessions.js');

const LOOKS = 200_000;
const PER_TURN = 5000;

const header = Buffer.from('{"alg":"ES256","typ":"JWT"}').toString('base64url');

/** A token as the middleware makes them, with a signature of random bytes. */
function createToken() {
  const payload = { ses: { id: randomBytes(24).toString('base64url'), gen: 1 }, iat: 1_700_000_000 };
  const body = Buffer.from(JSON.stringify(payload)).toString('base64url');
  const token = new Token(`${header}.${body}.${randomBytes(64).toString('base64url')}`, 'kid', NO_RULES);
  // As a request with it does.
  void token.ses;
  return token;
}

async function heapUsed() {
  for (let turn = 0; turn < 6; turn++) {
    globalThis.gc?.();
    await setImmediate();
  }
  return process.memoryUsage().heapUsed;
}

/**
 * @param {string[]} keys
 * @param {(key: string) => unknown} look
 * @returns {number} ns per look
 */
function timeOf(keys, look) {
  const chosen = Array.from({ length: LOOKS }, () => keys[randomInt(keys.length)] ?? '');
  for (const key of chosen.slice(0, LOOKS / 10)) look(key);
  const start = performance.now();
  for (const key of chosen) if (look(key) === undefined) throw new Error('it is not there');
  return ((performance.now() - start) / LOOKS) * 1e6;
}

answerCalls({
  /** Bytes and ns per token in a cache of so many. */
  async tokens(/** @type {{ count: number }} */ { count }) {
    const before = await heapUsed();
    const cache = createTokenCache(count);
    for (let index = 0; index < count; index++) {
      cache.add(createToken());
      if (index % PER_TURN === 0) await setImmediate();
    }
    const bytes = ((await heapUsed()) - before) / count;
    // Texts of their own, as from requests. They are not counted above.
    const texts = Array.from({ length: Math.min(count, 10_000) }, createToken).map((token) => {
      cache.add(token);
      return token.text;
    });
    return { bytes, ns: timeOf(texts, (text) => cache.get(text)) };
  },

  /** Bytes and ns per session that requests have in hand, and bytes that are left when they have gone. */
  async live(/** @type {{ count: number }} */ { count }) {
    const sessions = new LiveSessions();
    const ids = Array.from({ length: count }, () => randomBytes(24).toString('base64url'));
    const before = await heapUsed();
    /** @type {unknown[]} */
    const held = [];
    for (const [index, id] of ids.entries()) {
      held.push(sessions.obtain(id));
      if (index % PER_TURN === 0) await setImmediate();
    }
    const bytes = ((await heapUsed()) - before) / count;
    const ns = timeOf(ids, (id) => sessions.get(id));
    if (held.length !== count) throw new Error('they are not held');
    held.length = 0;
    // Finalizers of a million run over many turns.
    let left = Infinity;
    for (let turn = 0; turn < 20 && left > 1; turn++) left = ((await heapUsed()) - before) / count;
    return { bytes, ns, left: Math.max(0, left) };
  },
});
