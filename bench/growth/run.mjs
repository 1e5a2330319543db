/* npm run bench -- --growth [--write] [--smoke]; see README.md */

import console from 'node:console';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { URL } from 'node:url';
import { describeMachine } from '../report/machine.mjs';
import { chart, short } from './chart.mjs';
import { measureFloods } from './measure-floods.mjs';
import { measureCache, measureRemembered, measureStore } from './measure-sessions.mjs';
import { readGrowthOptions } from './options.mjs';
import { writeTables } from './write-tables.mjs';

/** @type {readonly ['express-session-jwt', 'express-session']} */
const SUBJECTS = ['express-session-jwt', 'express-session'];

/** Prints the tables of docs/performance.md, and writes them there if asked to. */
export async function runGrowth() {
  const { pace, writes } = readGrowthOptions();
  const machine = describeMachine(SUBJECTS);
  console.log(machine.join('\n'));
  /** @type {Record<string, string>} */
  const tables = {};

  const [ours, theirs] = [await measureStore(SUBJECTS[0], pace), await measureStore(SUBJECTS[1], pace)];
  const both = (/** @type {(size: import('./measure-sessions.mjs').Size) => number} */ of) =>
    ours.map((size, index) => `${short(of(size))} : ${short(of(theirs[index] ?? size))}`);
  tables.sessions = print(
    ['Sessions in MemoryStore', ...pace.sizes.map((size) => size.toLocaleString('en'))],
    [
      ['Read, µs', ...both(({ read }) => read)],
      ['Change, µs', ...both(({ modify }) => modify)],
      ['Bytes per session', ...both(({ bytes }) => bytes)],
    ],
  );

  const tokens = await measureRemembered('tokens', pace);
  const live = await measureRemembered('live', pace);
  tables.remembered = print(
    ['Remembered', ...pace.sizes.map((size) => size.toLocaleString('en'))],
    [
      ['Token: bytes', ...tokens.map(({ bytes }) => short(bytes))],
      ['Token: µs to find it', ...tokens.map(({ ns }) => (ns / 1000).toFixed(2))],
      ['Session that a request has in hand: bytes', ...live.map(({ bytes }) => short(bytes))],
      ['The same: µs to find it', ...live.map(({ ns }) => (ns / 1000).toFixed(2))],
      ['The same: bytes left when the request has ended', ...live.map(({ left }) => short(left ?? NaN))],
    ],
  );

  const { users } = pace;
  const sizes = [users / 10, users / 2, users];
  const times = [];
  for (const size of sizes) times.push(await measureCache(size, users, pace));
  tables.cache = print(
    ['`tokenCacheSize`', ...sizes.map((size) => size.toLocaleString('en'))],
    [[`Read, ${users.toLocaleString('en')} users in random order, µs`, ...times.map(short)]],
  );

  const floods = await measureFloods(pace);
  tables.floods = print(
    ['Attack', 'Forged requests/s', 'Of one core', 'Event loop late, p99', "A user's page, median", 'p99'],
    floods.map(({ title, figures, fault = '' }) =>
      figures
        ? [
            title,
            String(Math.round(figures.perSecond)),
            `${String(Math.round(figures.cpu * 100))} %`,
            `${short(figures.late)} ms`,
            `${short(figures.median)} ms`,
            `${short(figures.p99)} ms`,
          ]
        : [title, `FAULT: ${fault}`],
    ),
  );
  if (floods.some(({ fault }) => fault !== undefined)) process.exitCode = 1;

  if (writes) {
    const lines = (/** @type {'read' | 'modify' | 'bytes'} */ of) => [
      { of: /** @type {const} */ ('this'), values: ours.map((size) => size[of]) },
      { of: /** @type {const} */ ('other'), values: theirs.map((size) => size[of]) },
    ];
    const panels = [
      { title: 'Read', unit: 'µs a request', lines: lines('read') },
      { title: 'Change', unit: 'µs a request', lines: lines('modify') },
      { title: 'Memory', unit: 'bytes a session', lines: lines('bytes') },
    ];
    writeFileSync(new URL('../growth.svg', import.meta.url), chart(pace.sizes, panels, machine.join(', ')));
    writeTables(tables);
    console.log('written: bench/growth.svg, docs/performance.md');
  }
}

/**
 * Prints a table.
 *
 * @param {string[]} head
 * @param {string[][]} rows
 */
function print(head, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
  console.log(`\n${table}`);
  return table;
}
