/* The benchmark on real databases. */

import console from 'node:console';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { chart } from '../report/chart.mjs';
import { describeConditions } from '../report/machine.mjs';
import { sectionOf, storeTable, touchAfterTable, withSection } from '../report/store-document.mjs';
import { concludeStores, storeHeading, storeLines } from '../report/store-lines.mjs';
import { mapParallel } from '../rounds.mjs';
import { atDistance, startDatabase } from './databases.mjs';
import { measureOnStore } from './measure.mjs';
import { countTouches } from './touch-after.mjs';

/** @typedef {import('./types.ts').StoreRun} StoreRun */
/** @typedef {import('./types.ts').StoreOptions} StoreOptions */

const PAGE = new URL('../../docs/performance.md', import.meta.url);
const CHART = new URL('../results.svg', import.meta.url);

/**
 * @param {StoreOptions} options
 * @returns {Promise<boolean>} whether the subjects do what the scenarios say
 */
export async function runOnStores(options) {
  const { stores, rtts, isMeasurement, writes, plot } = options;
  /** @type {{ run: StoreRun, conditions: string }[]} */
  const done = [];
  for (const store of stores) {
    const { server, version } = await startDatabase(store);
    try {
      const conditions = describeConditions(store, version, options.pace.storeRounds);
      console.log(`\n${conditions}`);
      for (const rtt of rtts)
        done.push({ run: await runAtDistance(store, server, rtt, options), conditions });
    } finally {
      await server.remove();
    }
  }
  const touches = await countTouches();
  console.log(`\n${touchAfterTable(touches)}`);
  const runs = done.map(({ run }) => run);
  const { text, hasFault } = concludeStores(runs, isMeasurement);
  console.log(text);
  if (hasFault) return false;

  if (writes) {
    const sections = done.map(
      ({ run, conditions }) => /** @type {const} */ ([sectionOf(run), storeTable(run, conditions)]),
    );
    await writePage([...sections, ['touchAfter', touchAfterTable(touches)]]);
    console.log('written: docs/performance.md');
  }
  const [drawn] = [...done].sort((a, b) => b.run.rtt - a.run.rtt);
  if (plot && drawn) {
    writeFileSync(CHART, chart(drawn.run, drawn.conditions));
    console.log('drawn: bench/results.svg');
  }
  return true;
}

/**
 * @param {import('./types.ts').StoreName} store
 * @param {import('./types.ts').DatabaseServer} server
 * @param {number} rtt
 * @param {StoreOptions} options
 * @returns {Promise<StoreRun>}
 */
async function runAtDistance(store, server, rtt, { scenarios, pace, isMeasurement }) {
  const { url, measuredRtt, stop } = await atDistance(store, server, rtt);
  try {
    console.log(storeHeading({ store, rtt, measuredRtt }));
    // One after the other, as each needs the machine for itself; unless the numbers do not matter.
    const inTurn = isMeasurement ? 1 : undefined;
    const reports = await mapParallel(
      scenarios,
      async (scenario) => {
        const report = await measureOnStore(scenario, { store, url }, pace);
        console.log(storeLines(report, rtt, isMeasurement));
        return report;
      },
      inTurn,
    );
    return { store, rtt, measuredRtt, reports };
  } finally {
    stop();
  }
}

/** @param {readonly (readonly [name: string, content: string])[]} sections */
async function writePage(sections) {
  const page = sections.reduce(
    (text, [name, content]) => withSection(text, name, content),
    readFileSync(PAGE, 'utf8'),
  );
  const path = fileURLToPath(PAGE);
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(path)), filepath: path }));
}
