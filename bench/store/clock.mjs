/* The clock of the proxy. */

import process from 'node:process';

/** In ms, by a clock that all threads share. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}
