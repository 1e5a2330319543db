/* npm run bench -- [--quick] [--http] [--plot] [--store redis,postgres] [--rtt 0,1] [--write] [--only 1,3]; see README.md */

import process from 'node:process';
import { runInMemory } from './in-memory.mjs';
import { readOptions } from './options.mjs';
import { runOnStores } from './store/run.mjs';

const options = readOptions(process.argv.slice(2));
const isRight = options.kind === 'store' ? await runOnStores(options) : await runInMemory(options);
if (!isRight) process.exitCode = 1;
