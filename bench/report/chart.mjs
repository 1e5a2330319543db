/* The headline chart: a few bars, each the time of a page beside that of express-session, which is 1. */

import { storeTitles } from './machine.mjs';
import { palettes } from './palette.mjs';
import { format } from './table.mjs';

/** @typedef {import('../store/types.ts').StoreRun} StoreRun */

const WIDTH = 860;
const LEFT = 240;
const RIGHT = 620;
const TOP = 112;
const ROW = 40;
const BAR = 20;
/** Characters of a line of the footer. */
const LINE = 120;

/**
 * @param {StoreRun} run
 * @param {string} conditions what the numbers were measured on
 * @returns {string} SVG
 */
export function chart({ store, rtt, reports }, conditions) {
  const bars = reports.flatMap(({ scenario: { bar }, figures: { median } }) => {
    const { values, ratio } = median;
    if (bar === undefined || !ratio) return [];
    const times = [values['express-session-jwt'], values['express-session']];
    return { label: bar, ratio: ratio.median, times: times.map((ms) => `${format(ms)} ms`).join(' : ') };
  });
  const highest = Math.max(1.25, ...bars.map(({ ratio }) => ratio));
  const x = (/** @type {number} */ ratio) => Math.round(LEFT + ((RIGHT - LEFT) * ratio) / highest);
  const bottom = TOP + bars.length * ROW;
  const footer = wrap(`Measured with ${conditions}.`);
  const height = bottom + 24 + footer.length * 16;
  const title = `Time until a page is there, sessions in ${storeTitles[store]}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" width="${String(WIDTH)}"`,
    ' font-family="system-ui, sans-serif" font-size="14" role="img" aria-labelledby="title details">',
    `<title id="title">${escape(title)}, compared with express-session</title>`,
    `<desc id="details">${escape(bars.map(({ label, ratio }) => `${label}: ${format(ratio)}`).join('; '))}</desc>`,
    `<style>${styleOf('light')}@media (prefers-color-scheme: dark){${styleOf('dark')}}</style>`,
    `<rect class="panel" width="${String(WIDTH)}" height="${String(height)}" rx="8"/>`,
    text(24, 34, title, 'class="text" font-size="19" font-weight="600"'),
    text(
      24,
      58,
      `Over HTTP, the database ${distance(rtt)}, median. express-session = 1; shorter is faster.`,
      'class="detail"',
    ),
    text(x(1), TOP - 14, 'express-session = 1', 'class="detail" font-size="12" text-anchor="middle"'),
    text(
      WIDTH - 24,
      TOP - 14,
      'this package : express-session',
      'class="detail" font-size="12" text-anchor="end"',
    ),
    ...bars.map(({ label, ratio, times }, index) => {
      const top = TOP + index * ROW;
      const baseline = top + BAR - 5;
      const kind = ratio <= 1 ? 'faster' : 'slower';
      // Beside the bar and the line, so that it stands on the panel.
      const labelAt = ratio <= 1 && x(ratio) + 60 > x(1) ? x(1) + 8 : x(ratio) + 8;
      return [
        text(24, baseline, label, 'class="text"'),
        `<rect class="${kind}" x="${String(LEFT)}" y="${String(top)}" width="${String(x(ratio) - LEFT)}" height="${String(BAR)}"/>`,
        text(labelAt, baseline, `${format(ratio)}×`, `class="${kind}" font-weight="600"`),
        text(WIDTH - 24, baseline, times, 'class="detail" text-anchor="end"'),
      ].join('');
    }),
    `<line class="rule" x1="${String(x(1))}" x2="${String(x(1))}" y1="${String(TOP - 8)}" y2="${String(bottom - ROW + BAR + 8)}"/>`,
    ...footer.map((content, index) =>
      text(24, bottom + 20 + index * 16, content, 'class="detail" font-size="11"'),
    ),
    '</svg>\n',
  ].join('\n');
}

/** @param {number} rtt in ms */
function distance(rtt) {
  return rtt === 0 ? 'on the same machine' : `a round trip of ${String(rtt)} ms away`;
}

/** @param {'light' | 'dark'} scheme */
function styleOf(scheme) {
  const { panel, ...colours } = palettes[scheme];
  const fills = Object.entries(colours).map(([name, colour]) => `.${name}{fill:${colour}}`);
  return `.panel{fill:${panel}}${fills.join('')}.rule{stroke:${colours.text};stroke-width:2}`;
}

/** @param {string} content */
function wrap(content) {
  /** @type {string[]} */
  const lines = [];
  for (const word of content.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= LINE) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} attributes
 */
function text(x, y, content, attributes) {
  return `<text x="${String(x)}" y="${String(y)}" ${attributes}>${escape(content)}</text>`;
}

/** @param {string} content */
function escape(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
