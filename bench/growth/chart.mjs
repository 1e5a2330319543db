/* Small charts of what grows with the number of sessions, and what does not. */

import { palettes } from '../report/palette.mjs';

const WIDTH = 860;
const PANEL = { width: 250, height: 130, gap: 32, left: 24, top: 96 };

/** @typedef {{ title: string, unit: string, lines: { of: 'this' | 'other', values: number[] }[] }} Panel */

/**
 * @param {readonly number[]} sizes
 * @param {Panel[]} panels
 * @param {string} conditions what the numbers were measured on
 * @returns {string} SVG
 */
export function chart(sizes, panels, conditions) {
  const height = PANEL.top + PANEL.height + 84;
  const title = 'From 10,000 to 1,000,000 sessions';
  const details = panels.map(
    ({ title: name, unit, lines }) =>
      `${name}: ${lines.map(({ of, values }) => `${names[of]} ${values.map(short).join(', ')} ${unit}`).join('; ')}`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(WIDTH)} ${String(height)}" width="${String(WIDTH)}"`,
    ' font-family="system-ui, sans-serif" font-size="13" role="img" aria-labelledby="title details">',
    `<title id="title">${title}</title>`,
    `<desc id="details">${details.join('. ')}</desc>`,
    `<style>${styleOf('light')}@media (prefers-color-scheme: dark){${styleOf('dark')}}</style>`,
    `<rect class="panel" width="${String(WIDTH)}" height="${String(height)}" rx="8"/>`,
    text(24, 34, title, 'class="text" font-size="19" font-weight="600"'),
    text(24, 58, 'MemoryStore in one process, each panel from 0', 'class="detail"'),
    text(400, 58, '● this package', 'class="this" font-weight="600"'),
    text(530, 58, '○ express-session', 'class="other" font-weight="600"'),
    ...panels.map((panel, index) => draw(panel, sizes, PANEL.left + index * (PANEL.width + PANEL.gap))),
    text(24, height - 16, conditions, 'class="detail" font-size="12"'),
    '</svg>\n',
  ].join('\n');
}

const names = { this: 'this package', other: 'express-session' };

/**
 * @param {Panel} panel
 * @param {readonly number[]} sizes
 * @param {number} left
 */
function draw({ title, unit, lines }, sizes, left) {
  const bottom = PANEL.top + 24 + PANEL.height - 24;
  const highest = Math.max(...lines.flatMap(({ values }) => values)) * 1.25;
  const x = (/** @type {number} */ index) => left + 24 + ((PANEL.width - 48) * index) / (sizes.length - 1);
  const y = (/** @type {number} */ value) => Math.round(bottom - ((PANEL.height - 24) * value) / highest);
  const axis = `<line class="axis" x1="${String(left)}" x2="${String(left + PANEL.width)}" y1="${String(bottom)}" y2="${String(bottom)}"/>`;
  const drawn = lines.map(({ of, values }) => {
    const points = values.map((value, index) => `${String(x(index))},${String(y(value))}`);
    const others = lines.find((other) => other.of !== of)?.values ?? [];
    return [
      `<polyline class="${of} line" points="${points.join(' ')}"/>`,
      ...values.map((value, index) => {
        // Away from the other line.
        const isUpper = value > (others[index] ?? 0) || (value === others[index] && of === 'this');
        const label = text(
          x(index),
          y(value) + (isUpper ? -9 : 18),
          short(value),
          `class="${of}" text-anchor="middle"`,
        );
        const dot = `<circle class="${of} ${of === 'other' ? 'hollow' : ''}" cx="${String(x(index))}" cy="${String(y(value))}" r="4"/>`;
        return dot + label;
      }),
    ].join('');
  });
  return [
    text(left, PANEL.top, `${title}, ${unit}`, 'class="text" font-weight="600"'),
    axis,
    ...drawn,
    ...sizes.map((size, index) =>
      text(
        x(index),
        bottom + 18,
        size.toLocaleString('en'),
        'class="detail" font-size="12" text-anchor="middle"',
      ),
    ),
  ].join('');
}

/** @param {'light' | 'dark'} scheme */
function styleOf(scheme) {
  const { panel, text: plain, detail, faster, slower } = palettes[scheme];
  return [
    `.panel{fill:${panel}}.text{fill:${plain}}.detail{fill:${detail}}.axis{stroke:${detail}}`,
    `.this{fill:${faster};stroke:none}.other{fill:${slower};stroke:none}`,
    `.this.line{fill:none;stroke:${faster};stroke-width:2}.other.line{fill:none;stroke:${slower};stroke-width:2}`,
    `.other.hollow{fill:${panel};stroke:${slower};stroke-width:2}`,
  ].join('');
}

/** @param {number} value */
export function short(value) {
  return value >= 100 ? String(Math.round(value)) : value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} attributes
 */
function text(x, y, content, attributes) {
  return `<text x="${String(x)}" y="${String(y)}" ${attributes}>${content.replace(/&/g, '&amp;').replace(/</g, '&lt;')}</text>`;
}
