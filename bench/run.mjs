import console from 'node:console';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { URL } from 'node:url';
import { measureHttp } from './http.mjs';
import { measureInProcess, Yardsticks } from './in-process.mjs';
import { readOptions } from './options.mjs';
import { describeMachine } from './report/machine.mjs';
import { plot } from './report/plot.mjs';
import { conclude, heading, notes, row } from './report/table.mjs';
import { measureMemory } from './stored-sessions.mjs';

/* npm run bench -- [--quick] [--http] [--plot] [--smoke] [--only 1,3]; see README.md */

const options = readOptions(process.argv.slice(2));
const { pace, subjects } = options;
/** @type {import('./types.ts').Report[]} */
const reports = [];

/** @param {import('./types.ts').Report} report */
function add(report) {
  const judged = options.isMeasurement ? report : { ...report, target: undefined };
  reports.push(judged);
  console.log(row(judged));
}

console.log(describeMachine(subjects).join('\n'));
if (options.inProcess.length > 0) {
  const yardsticks = new Yardsticks();
  await yardsticks.warmUp(pace);
  console.log(heading('in-process', subjects));
  for (const scenario of options.inProcess) add(await measureInProcess(scenario, subjects, pace, yardsticks));
  yardsticks.stop();
}
if (options.memory) {
  console.log(heading('memory', subjects));
  (await measureMemory(subjects, pace)).forEach(add);
}
if (options.http.length > 0) {
  console.log(heading('http', [...subjects, 'none']));
  for (const scenario of options.http) add(await measureHttp(scenario, [...subjects, 'none'], pace));
}
console.log(notes(reports).join('\n'));

const { text, hasFault } = conclude(reports);
console.log(text);
if (hasFault) process.exitCode = 1;
if (options.plot) {
  writeFileSync(new URL('results.svg', import.meta.url), plot(reports, describeMachine(subjects)));
  console.log('drawn: bench/results.svg');
}
