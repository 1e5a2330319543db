import process from 'node:process';
import { answerCalls } from '../ipc.mjs';
import { scenarioOf } from '../scenarios.mjs';
import { median } from '../statistics.mjs';
import { check } from './check.mjs';
import { Loop } from './loop.mjs';
import { Running } from './site.mjs';
import { createVisitors } from './visitors.mjs';

/* The process of one subject in one scenario: node site/process.mjs <subject> <scenario> */

const [, , name = '', id = ''] = process.argv;
const scenario = scenarioOf(id);
/** @type {{ subject: import('../types.ts').Subject }} */
const { subject } = await import(`../subjects/${name}.mjs`);

/** By then V8 has compiled what a request runs through. */
const ENOUGH_REQUESTS = 5000;

/** @type {Loop} */
let loop;

answerCalls({
  async prepare(/** @type {{ maxSessions?: number }} */ { maxSessions }) {
    const site = new Running(subject, scenario.setup);
    const visitors = await createVisitors(scenario, site, maxSessions);
    await check(site, scenario, { ...visitors.next() });
    loop = new Loop(site, scenario, visitors);
  },

  /** Until V8 has settled: after some thousand requests, and once four slices are not faster than the four before. */
  async warmUp(/** @type {import('../types.ts').Pace['warmUp']} */ { atLeast, atMost }) {
    const sliceMs = Math.min(50, atLeast);
    /** @type {number[]} */
    const times = [];
    let requests = 0;
    for (let spent = 0; spent < atMost; spent += sliceMs) {
      const { ms, count } = await loop.run(sliceMs);
      times.push(ms / count);
      requests += count;
      const isSteady = median(times.slice(-4)) > median(times.slice(-8, -4)) * 0.97;
      if (spent >= atLeast && requests >= ENOUGH_REQUESTS && isSteady) break;
    }
  },

  slice: (/** @type {{ ms: number }} */ { ms }) => loop.run(ms),
});
