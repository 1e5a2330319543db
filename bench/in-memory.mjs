/* The benchmark on sessions in memory. */

import console from 'node:console';
import { measureHttp } from './http.mjs';
import { measureInProcess, Yardsticks } from './in-process.mjs';
import { describeMachine } from './report/machine.mjs';
import { conclude, heading, limitLines, notes, row } from './report/table.mjs';
import { mapParallel } from './rounds.mjs';
import { measureMemory } from './stored-sessions.mjs';

/**
 * @param {import('./types.ts').MemoryOptions} options
 * @returns {Promise<boolean>} whether this package and express-session do what the scenarios say
 */
export async function runInMemory(options) {
  const { pace, subjects } = options;
  /** @type {import('./types.ts').Report[]} */
  const reports = [];

  /** @param {import('./types.ts').Report} report */
  function add(report) {
    const judged = options.isMeasurement ? report : { ...report, target: undefined };
    reports.push(judged);
    console.log(row(judged));
  }

  /**
   * One after the other, as each needs the machine for itself; unless the numbers do not matter.
   *
   * @param {readonly import('./types.ts').Scenario[]} scenarios
   * @param {(scenario: import('./types.ts').Scenario) => Promise<import('./types.ts').Report>} measure
   */
  async function addAll(scenarios, measure) {
    if (options.isMeasurement) for (const scenario of scenarios) add(await measure(scenario));
    else (await mapParallel(scenarios, measure)).forEach(add);
  }

  console.log(describeMachine(subjects).join('\n'));
  if (options.inProcess.length > 0) {
    const yardsticks = new Yardsticks();
    await yardsticks.warmUp(pace);
    console.log(heading('in-process', subjects));
    await addAll(options.inProcess, (scenario) => measureInProcess(scenario, subjects, pace, yardsticks));
    yardsticks.stop();
  }
  if (options.memory) {
    console.log(heading('memory', subjects));
    (await measureMemory(subjects, pace)).forEach(add);
  }
  if (options.http.length > 0) {
    console.log(heading('http', options.httpSubjects));
    await addAll(options.http, (scenario) => measureHttp(scenario, options.httpSubjects, pace));
  }
  console.log([...notes(reports), ...limitLines(reports)].join('\n'));
  const { text, hasFault } = conclude(reports);
  console.log(text);
  return !hasFault;
}
