import { titles } from './machine.mjs';

/** @typedef {import('../types.ts').Report} Report */
/** @typedef {import('../types.ts').Result} Result */
/** @typedef {import('../types.ts').SubjectName} SubjectName */

const OURS = 'express-session-jwt';
const REFERENCE = 'express-session';
const TITLE = 46;
const WIDTHS = [8, 14, 10, 10, 12, 7];
const OTHER = 16;
const captions = {
  'in-process':
    'In-process: µs that the middleware adds to a request, this package and express-session (e-s); ratio to e-s',
  memory: 'Memory: bytes of heap that a MemoryStore takes; ratio to express-session (e-s)',
  http: 'Over HTTP, Express 5: requests per second, this package and express-session (e-s); ratio to e-s',
};

/** @param {number | undefined} value three significant digits are what there is to see */
export function format(value) {
  if (value === undefined || Number.isNaN(value)) return '?';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** @param {readonly string[]} cells title, own columns, other subjects */
function line([title = '', ...cells]) {
  return title.padEnd(TITLE) + cells.map((cell, column) => cell.padStart(WIDTHS[column] ?? OTHER)).join('');
}

/**
 * @param {Report['kind']} kind
 * @param {readonly SubjectName[]} subjects
 */
export function heading(kind, subjects) {
  const columns = ['ratio', 'quartiles', 'this', 'e-s', 'target', 'holds'];
  const others = subjects.filter((subject) => subject !== OURS && subject !== REFERENCE);
  return `\n${captions[kind]}\n${line(['', ...columns, ...others.map((subject) => titles[subject])])}`;
}

/** @param {Report} report */
export function row(report) {
  const { id, title, results } = report;
  const resultOf = (/** @type {string} */ name) => results.find(({ subject }) => subject === name);
  const [ours, reference] = [resultOf(OURS), resultOf(REFERENCE)];
  const faults = results.filter(({ fault }) => fault !== undefined);
  const others = results.filter(({ subject }) => subject !== OURS && subject !== REFERENCE);
  const limit = report.target?.ratio ?? report.target?.value;
  const spread =
    ours?.ratio && report.kind !== 'memory' ? `${format(ours.ratio.low)}–${format(ours.ratio.high)}` : '';
  return [
    line([
      `${id.padStart(3)}  ${title}`,
      ours?.ratio || ours?.fault !== undefined ? brief(ours) : '',
      spread,
      format(ours?.value),
      format(reference?.value),
      limit === undefined ? '' : `${report.kind === 'http' ? '≥' : '≤'} ${format(limit)}`,
      limit === undefined ? '' : holds(report) ? 'yes' : 'NO',
      ...others.map(brief),
    ]),
    ...faults.map(({ subject, fault }) => `     FAULT ${titles[subject]}: ${String(fault)}`),
  ].join('\n');
}

/** @param {Result | undefined} result */
function brief(result) {
  if (!result || result.lacks !== undefined) return '–';
  if (result.fault !== undefined) return 'FAULT';
  return format(result.ratio ? result.ratio.median : result.value);
}

/**
 * Whether this package reaches the target.
 *
 * @param {Report} report
 */
function holds({ kind, target, results }) {
  const ours = results.find(({ subject }) => subject === OURS);
  if (target?.value !== undefined) return (ours?.value ?? NaN) <= target.value;
  const ratio = ours?.ratio?.median ?? NaN;
  return kind === 'http' ? ratio >= (target?.ratio ?? 0) : ratio <= (target?.ratio ?? Infinity);
}

/**
 * What readers have to know of single scenarios.
 *
 * @param {Report[]} reports
 */
export function notes(reports) {
  const lines = reports.flatMap(({ id, note, results }) => {
    const reasons = new Set(results.flatMap(({ lacks }) => lacks ?? []));
    return [
      ...(note === undefined ? [] : [`${id}: ${note}`]),
      ...[...reasons].map((reason) => {
        const without = results.filter(({ lacks }) => lacks === reason).map(({ subject }) => titles[subject]);
        return `${id}: not in ${without.join(', ')}: ${reason}`;
      }),
    ];
  });
  return lines.length === 0 ? [] : ['', ...lines];
}

/** @type {Record<import('../types.ts').Limit, string>} */
const limitTitles = {
  sign: 'ES256 signature',
  verify: 'ES256 verification',
  hmac: 'HMAC',
  sha256: 'SHA-256',
  json: 'JSON',
  json50k: 'JSON of 50 KB',
};

/**
 * What Node itself takes for the work that scenarios cannot do without.
 *
 * @param {Report[]} reports
 */
export function limitLines(reports) {
  const lines = reports
    .filter(({ limits }) => limits.length > 0)
    .map(({ id, limits }) => {
      const parts = limits.map(({ name, value }) => `${limitTitles[name]} ${format(value)} µs`);
      const share = limits.reduce((sum, { ratio }) => sum + ratio, 0);
      return `${id}: ${parts.join(' + ')}: ${format(share)} of the time of express-session`;
    });
  return lines.length === 0 ? [] : ['', 'What Node itself takes for the same work:', ...lines];
}

/** @param {Report[]} reports */
export function conclude(reports) {
  const targeted = reports.filter(({ target }) => target !== undefined);
  const missed = targeted.filter((report) => !holds(report)).map(nameOf);
  const faulty = reports.filter(({ results }) =>
    results.some(({ subject, fault }) => fault !== undefined && (subject === OURS || subject === REFERENCE)),
  );
  const lines = [''];
  if (faulty.length > 0) lines.push(`FAULT in ${faulty.map(nameOf).join(', ')}`);
  if (missed.length > 0) lines.push(`Targets missed: ${missed.join(', ')}`);
  else if (targeted.length > 0) lines.push(`All ${String(targeted.length)} targets hold.`);
  else lines.push(`${String(reports.length)} scenarios ran.`);
  return { text: lines.join('\n'), hasFault: faulty.length > 0 };
}

/** @param {Report} report */
function nameOf({ id, kind }) {
  return kind === 'http' ? `${id} over HTTP` : id;
}
