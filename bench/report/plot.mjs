import { titles } from './machine.mjs';
import { format } from './table.mjs';

/** @typedef {import('../types.ts').Report} Report */
/** @typedef {import('../types.ts').SubjectName} SubjectName */

/* One chart on a logarithmic scale: express-session is the line at 1, bars go left where a subject takes less. */

/** Mid-tones, which stand out on white and on black alike. */
const TEXT = '#7d8590';
const GRID = '#7d859055';
const MARK = '#e5484d';
/** @type {[SubjectName, string, number][]} subject, colour, height of its bar */
const bars = [
  ['express-session-jwt', '#12a594', 13],
  ['fork-p256', '#c77d3a', 5],
  ['fork-secp256k1', '#a8642b', 5],
  ['cookie-session', '#6e9fd6', 5],
  ['iron-session', '#9b8bd0', 5],
];

const WIDTH = 960;
const LEFT = 312;
const RIGHT = 810;
const TOP = 120;
const GAP = 11;
const ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];

/**
 * @param {Report[]} reports
 * @param {string[]} machine what the numbers were measured on
 * @returns {string} SVG
 */
export function plot(reports, machine) {
  const drawn = reports.filter(({ kind, id }) => kind === 'in-process' || id === 'M');
  const scale = createScale(drawn);
  const shown = bars.filter(([subject]) => drawn.some((report) => ratioOf(report, subject) !== undefined));
  const rows = [];
  let y = TOP;
  for (const report of drawn) {
    const present = shown.filter(([subject]) => ratioOf(report, subject) !== undefined);
    const height = Math.max(
      22,
      present.reduce((sum, [, , thickness]) => sum + thickness + 1, 0),
    );
    rows.push(drawRow(report, present, scale, y));
    y += height + GAP;
  }
  const footer = [...partsOf(drawn), ...machine];
  const height = y + 24 + footer.length * 16;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" width="${String(WIDTH)}"`,
    ` font-family="system-ui, sans-serif" font-size="12" fill="${TEXT}" role="img">`,
    '<title>Time of session middlewares compared with express-session</title>',
    text(
      16,
      24,
      'Time that session middleware adds to a request; express-session = 1',
      'font-size="17" font-weight="600"',
    ),
    text(16, 44, 'in-process, median; logarithmic scale; less is better'),
    drawLegend(shown, 66),
    text(WIDTH - 16, TOP - 28, 'this : express-session', 'text-anchor="end" font-size="11"'),
    text(scale.x(1) - 12, TOP - 28, '◂ less', 'text-anchor="end" font-size="11"'),
    text(scale.x(1) + 12, TOP - 28, 'more ▸', 'font-size="11"'),
    drawAxis(scale, TOP - 6, y),
    ...rows,
    ...footer.map((line, index) => text(16, y + 24 + index * 16, line, 'font-size="11"')),
    '</svg>\n',
  ].join('\n');
}

/**
 * @param {Report} report
 * @param {SubjectName} subject
 */
function ratioOf({ results }, subject) {
  return results.find((result) => result.subject === subject)?.ratio?.median;
}

/** @typedef {{ x: (ratio: number) => number, low: number, high: number }} Scale */

/**
 * @param {Report[]} reports
 * @returns {Scale}
 */
function createScale(reports) {
  const ratios = reports.flatMap(({ results, limits }) => [
    ...results.map(({ ratio }) => ratio?.median ?? 1),
    limits.length === 0 ? 1 : limitOf(limits),
  ]);
  const low = ticks.filter((tick) => tick <= Math.min(...ratios, 0.1)).at(-1) ?? 0.02;
  const high = ticks.find((tick) => tick >= Math.max(...ratios, 5)) ?? 500;
  const x = (/** @type {number} */ ratio) => {
    const inside = Math.min(Math.max(ratio, low), high);
    return Math.round(LEFT + ((RIGHT - LEFT) * Math.log(inside / low)) / Math.log(high / low));
  };
  return { x, low, high };
}

/** @param {Report['limits']} limits what the parts take together */
function limitOf(limits) {
  return limits.reduce((sum, { ratio }) => sum + ratio, 0);
}

/**
 * @param {Report} report
 * @param {typeof bars} present
 * @param {Scale} scale
 * @param {number} top
 */
function drawRow(report, present, { x }, top) {
  const { id, title, results, limits, unit } = report;
  const value = (/** @type {string} */ name) =>
    format(results.find(({ subject }) => subject === name)?.value);
  const faults = results.filter(({ fault }) => fault !== undefined).map(({ subject }) => titles[subject]);
  const parts = [text(16, top + 11, `${id}\u2002${title}`, 'font-size="13"')];
  if (faults.length > 0) parts.push(text(30, top + 25, `fault: ${faults.join(', ')}`, 'font-size="10"'));
  let y = top;
  for (const [subject, colour, thickness] of present) {
    const ratio = ratioOf(report, subject) ?? 1;
    const [from, to] = [Math.min(x(ratio), x(1)), Math.max(x(ratio), x(1))];
    const size = `x="${String(from)}" y="${String(y)}" width="${String(Math.max(to - from, 1))}" height="${String(thickness)}"`;
    parts.push(`<rect ${size} fill="${colour}"><title>${titles[subject]}: ${format(ratio)}</title></rect>`);
    if (subject === 'express-session-jwt') {
      const anchor = ratio < 1 ? 'end' : 'start';
      const label = `font-weight="600" fill="${colour}" text-anchor="${anchor}"`;
      parts.push(text(ratio < 1 ? from - 5 : to + 5, y + 11, `${format(ratio)}×`, label));
    }
    y += thickness + 1;
  }
  if (limits.length > 0) {
    const at = String(x(limitOf(limits)));
    const names = limits.map(({ name, value: µs }) => `${partTitles[name]} ${format(µs)} µs`).join(' + ');
    const line = `x1="${at}" x2="${at}" y1="${String(top - 3)}" y2="${String(top + 16)}"`;
    parts.push(`<line ${line} stroke="${MARK}" stroke-width="2"><title>${names}</title></line>`);
  }
  const comparison = `${value('express-session-jwt')} : ${value('express-session')} ${unit}`;
  parts.push(text(WIDTH - 16, top + 11, comparison, 'text-anchor="end"'));
  return `<g>${parts.join('')}</g>`;
}

/** @type {Record<import('../types.ts').Limit, string>} */
const partTitles = {
  sign: 'ES256 signature',
  verify: 'ES256 verification',
  hmac: 'HMAC',
  sha256: 'SHA-256',
  json: 'JSON',
  json50k: 'JSON of 50 KB',
};

/** @param {Report[]} reports */
function partsOf(reports) {
  const found = new Map(reports.flatMap(({ limits }) => limits.map(({ name, value }) => [name, value])));
  if (found.size === 0) return [];
  const parts = [...found].map(([name, value]) => `${partTitles[name]} ${format(value)} µs`);
  return [`In Node itself: ${parts.join(' · ')}`];
}

/**
 * @param {Scale} scale
 * @param {number} top
 * @param {number} bottom
 */
function drawAxis({ x, low, high }, top, bottom) {
  const lines = ticks
    .filter((tick) => tick >= low && tick <= high)
    .map((tick) => {
      const at = String(x(tick));
      const stroke = tick === 1 ? `stroke="${TEXT}" stroke-width="2"` : `stroke="${GRID}"`;
      const line = `<line x1="${at}" x2="${at}" y1="${String(top)}" y2="${String(bottom)}" ${stroke}/>`;
      return line + text(x(tick), top - 5, `${String(tick)}×`, 'text-anchor="middle" font-size="11"');
    });
  return lines.join('\n');
}

/**
 * @param {typeof bars} shown
 * @param {number} y
 */
function drawLegend(shown, y) {
  let x = 16;
  const entries = shown.map(([subject, colour]) => {
    const entry = `<rect x="${String(x)}" y="${String(y - 9)}" width="10" height="10" fill="${colour}"/>${text(x + 15, y, titles[subject])}`;
    x += 35 + titles[subject].length * 7;
    return entry;
  });
  const mark = `<line x1="${String(x + 4)}" x2="${String(x + 4)}" y1="${String(y - 11)}" y2="${String(y + 2)}" stroke="${MARK}" stroke-width="2"/>`;
  return [...entries, mark, text(x + 12, y, "what Node's own cryptography and JSON take")].join('\n');
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} [attributes]
 */
function text(x, y, content, attributes = '') {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${String(x)}" y="${String(y)}" ${attributes}>${escaped}</text>`;
}
