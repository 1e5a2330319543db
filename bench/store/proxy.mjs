/* The process that stands for a network: a TCP proxy that delays each chunk by half of the round trip, in each direction. */

import net from 'node:net';
import { URL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { answerCalls } from '../ipc.mjs';
import { now } from './clock.mjs';
import { DelayLine } from './delay-line.mjs';

const alarm = new Worker(new URL('alarm.mjs', import.meta.url));
const wakeAt = (/** @type {number} */ due) => {
  alarm.postMessage(due);
};
const line = new DelayLine(0, wakeAt, now);
alarm.on('message', () => {
  line.run();
});

/**
 * @param {net.Socket} from
 * @param {net.Socket} to
 */
function carry(from, to) {
  from.on('data', (chunk) => {
    line.push(() => to.write(chunk));
  });
  from.on('end', () => {
    line.push(() => to.end());
  });
  from.on('error', () => to.destroy());
}

answerCalls({
  /** @returns {Promise<number>} the port that leads to the given one */
  start(/** @type {{ port: number }} */ { port }) {
    const server = net.createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
      const far = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      carry(near, far);
      carry(far, near);
    });
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        resolve(/** @type {net.AddressInfo} */ (server.address()).port);
      });
    });
  },

  delay(/** @type {{ rtt: number }} */ { rtt }) {
    line.length = rtt / 2;
  },
});
