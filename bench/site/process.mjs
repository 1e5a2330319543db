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

/** @type {Loop} */
let loop;

answerCalls({
  async prepare(/** @type {{ maxSessions?: number }} */ { maxSessions }) {
    const site = new Running(subject, scenario.setup);
    const visitors = await createVisitors(scenario, site, maxSessions);
    await check(site, scenario, { ...visitors.next() });
    loop = new Loop(site, scenario, visitors);
  },

  /** Until V8 has settled: four slices in a row are not faster than the four before. */
  async warmUp(/** @type {import('../types.ts').Pace['warmUp']} */ { atLeast, atMost }) {
    const sliceMs = Math.min(50, atLeast);
    /** @type {number[]} */
    const times = [];
    for (let spent = 0; spent < atMost; spent += sliceMs) {
      const { ms, count } = await loop.run(sliceMs);
      times.push(ms / count);
      const [now, earlier] = [median(times.slice(-4)), median(times.slice(-8, -4))];
      if (spent >= atLeast && now > earlier * 0.97) break;
    }
  },

  slice: (/** @type {{ ms: number }} */ { ms }) => loop.run(ms),
});
