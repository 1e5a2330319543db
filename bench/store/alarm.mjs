/* A thread that answers each message at the time it names. Timers of Node know whole milliseconds only. */

import { parentPort } from 'node:worker_threads';
import { now } from './clock.mjs';

const cell = new Int32Array(new SharedArrayBuffer(4));

parentPort?.on('message', (/** @type {number} */ due) => {
  const left = due - now();
  if (left > 0) Atomics.wait(cell, 0, 0, left);
  parentPort?.postMessage(undefined);
});
