/* An attacker, who sends as fast as answers come or at a rate, and a user, who comes from another address and waits between pages. */

import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Connection } from '../http/connection.mjs';
import { answerCalls } from '../ipc.mjs';
import { median, quantile } from '../statistics.mjs';

const CONNECTIONS = 32;
/** ms between two pages of the user. */
const PAUSE = 10;
const ATTACKER = '127.0.0.2';

/**
 * @typedef {object} Flood
 * @property {number} port
 * @property {string} cookie of the user
 * @property {string[]} forged
 * @property {number} perSecond of the attacker; 0: as many as are answered
 * @property {number} ms
 */

answerCalls({
  async flood(/** @type {Flood} */ { port, cookie, forged, perSecond, ms }) {
    const start = performance.now();
    const end = start + ms;
    let sent = 0;
    let refused = 0;
    const attack = async () => {
      const connection = new Connection(port, ATTACKER);
      while (performance.now() < end) {
        const due = perSecond === 0 ? 0 : start + (sent / perSecond) * 1000 - performance.now();
        const number = sent++;
        if (due > 0) await setTimeout(due);
        const answer = await connection.get(forged[number % forged.length] ?? null);
        if (answer.startsWith('HTTP/1.1 429')) refused++;
        else if (!answer.endsWith('nobody')) throw new Error(`forged, and answered ${answer.slice(0, 20)}`);
      }
    };
    /** @type {number[]} */
    const times = [];
    const visit = async () => {
      const connection = new Connection(port);
      while (performance.now() < end) {
        const before = performance.now();
        const answer = await connection.get(cookie);
        if (!answer.endsWith('ada')) throw new Error(`the user gets ${answer.slice(0, 20)}`);
        times.push(performance.now() - before);
        await setTimeout(PAUSE);
      }
    };
    const attackers = forged.length === 0 ? [] : Array.from({ length: CONNECTIONS }, attack);
    await Promise.all([...attackers, visit()]);
    const seconds = (performance.now() - start) / 1000;
    return { perSecond: sent / seconds, sent, refused, median: median(times), p99: quantile(times, 0.99) };
  },
});
