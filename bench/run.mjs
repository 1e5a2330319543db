/* npm run bench -- [--quick] [--http] [--plot] [--store redis,postgres] [--rtt 0,1] [--write] [--only 1,3], or --growth; see README.md */

import process from 'node:process';
import { runGrowth } from './growth/run.mjs';
import { runInMemory } from './in-memory.mjs';
import { readOptions } from './options.mjs';
import { runOnStores } from './store/run.mjs';

const args = process.argv.slice(2);
if (args.includes('--growth')) {
  await runGrowth();
} else {
  const options = readOptions(args);
  const isRight = options.kind === 'store' ? await runOnStores(options) : await runInMemory(options);
  if (!isRight) process.exitCode = 1;
}
