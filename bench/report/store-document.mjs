/* The tables of docs/performance.md, each between two comments that name it. */

import { figureNames, targetOf } from '../store/figures.mjs';
import { choices } from '../store/touch-after.mjs';
import { format } from './table.mjs';

/** @typedef {import('../store/types.ts').StoreRun} StoreRun */
/** @typedef {import('../store/types.ts').StoreReport} StoreReport */

/** @type {Record<import('../store/types.ts').FigureName, string>} */
const captions = {
  median: 'Median latency, ms',
  p99: '99th percentile, ms',
  perSecond: 'Requests per second',
  commands: 'Commands per request',
};

/**
 * @param {string} page
 * @param {string} name
 * @param {string} content
 * @returns {string} the page with this content between the comments of that name
 */
export function withSection(page, name, content) {
  const [begin, end] = [`<!-- bench: ${name} -->`, `<!-- end of bench: ${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${content}\n\n${page.slice(to)}`;
}

/** @param {Pick<StoreRun, 'store' | 'rtt'>} run */
export function sectionOf({ store, rtt }) {
  return `${store}, ${String(rtt)} ms`;
}

/**
 * @param {StoreRun} run
 * @param {string} conditions machine and versions
 */
export function storeTable(run, conditions) {
  const rows = run.reports.map((report) => [
    report.scenario.title,
    ...figureNames.map((name) => cell(report, name)),
    format(report.figures.median.values.none),
    targetCell(report, run.rtt),
  ]);
  const heads = ['', ...figureNames.map((name) => captions[name]), 'Without a session, ms', 'Target'];
  return `${conditions}, a round trip to the database: ${format(run.measuredRtt)} ms.\n\n${table(heads, rows)}`;
}

/**
 * @param {StoreReport} report
 * @param {import('../store/types.ts').FigureName} name
 */
function cell({ figures }, name) {
  const { values, ratio } = figures[name];
  const both = `${format(values['express-session-jwt'])} : ${format(values['express-session'])}`;
  if (!ratio) return both;
  const spread = name === 'commands' ? '' : ` (${format(ratio.low)}–${format(ratio.high)})`;
  return `**${format(ratio.median)}**${spread}<br>${both}`;
}

/**
 * @param {StoreReport} report
 * @param {number} rtt
 */
function targetCell(report, rtt) {
  const target = targetOf(report, rtt);
  if (!target) return '';
  const limit =
    target.figure === 'median' ? `latency ≤ ${format(target.limit)}` : `requests/s ≥ ${format(target.limit)}`;
  return `${limit}: ${target.holds ? 'held' : 'missed'}`;
}

/** @param {Awaited<ReturnType<import('../store/touch-after.mjs').countTouches>>} rows */
export function touchAfterTable(rows) {
  return table(
    ['Calls of the store (touches)', ...choices.map(({ title }) => title)],
    rows.map(({ title, counts }) => [
      title,
      ...counts.map(({ calls, touches }) => `${String(calls)} (${String(touches)})`),
    ]),
  );
}

/**
 * @param {readonly string[]} heads
 * @param {readonly (readonly string[])[]} rows
 */
function table(heads, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const rule = heads.map((_, column) => (column === 0 ? '---' : '---:'));
  return [heads, rule, ...rows].map(line).join('\n');
}
