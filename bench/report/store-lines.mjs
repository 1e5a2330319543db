/* What the benchmark on databases prints. */

import { figureNames, targetOf } from '../store/figures.mjs';
import { format } from './table.mjs';

/** @typedef {import('../store/types.ts').StoreReport} StoreReport */

/** @type {Record<import('../store/types.ts').FigureName, string>} */
export const figureTitles = {
  median: 'median ms',
  p99: '99th percentile ms',
  perSecond: 'requests/s',
  commands: 'commands/request',
};

const WIDTHS = [92, 20, 8, 14, 10, 10, 12, 9, 7];

/** @param {readonly string[]} cells */
function line(cells) {
  return cells
    .map((cell, column) =>
      column < 2 ? cell.padEnd(WIDTHS[column] ?? 0) : cell.padStart(WIDTHS[column] ?? 0),
    )
    .join('')
    .trimEnd();
}

/** @param {Pick<import('../store/types.ts').StoreRun, 'store' | 'rtt' | 'measuredRtt'>} run */
export function storeHeading({ store, rtt, measuredRtt }) {
  const distance = `${String(rtt)} ms away (a round trip takes ${format(measuredRtt)} ms)`;
  const columns = ['ratio', 'quartiles', 'this', 'e-s', 'no session', 'target', 'holds'];
  return `\nOver HTTP, sessions in ${store}, ${distance}: this package and express-session (e-s)\n${line(['', '', ...columns])}`;
}

/**
 * @param {StoreReport} report
 * @param {number} rtt
 * @param {boolean} isMeasurement
 */
export function storeLines(report, rtt, isMeasurement) {
  const { scenario, figures, faults } = report;
  const target = isMeasurement ? targetOf(report, rtt) : undefined;
  const lines = figureNames.map((name, index) => {
    const { ratio, values } = figures[name];
    const sign = name === 'perSecond' ? '≥' : '≤';
    return line([
      index === 0 ? `${scenario.id.padEnd(20)}${scenario.title} ` : '',
      figureTitles[name],
      ratio ? format(ratio.median) : '–',
      ratio ? `${format(ratio.low)}–${format(ratio.high)}` : '',
      format(values['express-session-jwt']),
      format(values['express-session']),
      format(values.none),
      ...(target?.figure === name ? [`${sign} ${format(target.limit)}`, target.holds ? 'yes' : 'NO'] : []),
    ]);
  });
  return [...lines, ...faults.map(({ subject, fault }) => `     FAULT ${subject}: ${fault}`)].join('\n');
}

/**
 * @param {readonly import('../store/types.ts').StoreRun[]} runs
 * @param {boolean} isMeasurement
 */
export function concludeStores(runs, isMeasurement) {
  const reports = runs.flatMap((run) => run.reports.map((report) => ({ ...run, report })));
  const name = (/** @type {typeof reports[number]} */ { store, rtt, report }) =>
    `${report.scenario.id} on ${store} at ${String(rtt)} ms`;
  const faulty = reports.filter(({ report }) => report.faults.length > 0);
  const targeted = reports.filter(({ report, rtt }) => targetOf(report, rtt) !== undefined);
  const missed = targeted.filter(({ report, rtt }) => !targetOf(report, rtt)?.holds);
  const lines = [''];
  if (faulty.length > 0) lines.push(`FAULT in ${faulty.map(name).join(', ')}`);
  if (!isMeasurement) lines.push(`${String(reports.length)} scenarios ran.`);
  else if (missed.length > 0) lines.push(`Targets missed: ${missed.map(name).join(', ')}`);
  else lines.push(`All ${String(targeted.length)} targets hold.`);
  return { text: lines.join('\n'), hasFault: faulty.length > 0 };
}
