/** The table in docs/migration.md of who stays signed in while which instances serve. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Holding, holdings } from './held-cookie';
import type { Ledger } from './ledger';
import type { Kind } from './mixtures';

export const migrationFile = path.join(__dirname, '../../../docs/migration.md');

const BEGIN = '<!-- who stays signed in: written by a test -->';
const END = '<!-- end of who stays signed in -->';

const COLUMNS: Record<Holding, string> = {
  upgradable: 'session begun under express-session or step one',
  rotated: 'the same, after new claims or `renewToken` in step two',
  token: 'session begun, or regenerated, in step two',
};

/**
 * One row for each mixture.
 *
 * @param reviving instances whose late writes bring a session back that was logged out meanwhile
 */
export function tableOf(ledgers: readonly Ledger[], reviving: ReadonlySet<Kind>): string {
  const head = [
    'instances that serve',
    ...holdings.map((holding) => COLUMNS[holding]),
    'signed out',
    'signed out while another request changes the session',
  ];
  const rows = ledgers.map((ledger) => [
    ledger.mixture.title,
    ...holdings.map((holding) => cellOf(ledger, holding)),
    ledger.alive.length === 0 ? 'stays signed out' : 'signed in again',
    ledger.mixture.kinds.some((kind) => reviving.has(kind))
      ? 'may come back where express-session stores the change'
      : 'stays signed out',
  ]);
  // As prettier has it.
  const widths = head.map((title, at) =>
    Math.max(title.length, ...rows.map((cells) => cells[at]?.length ?? 0)),
  );
  const lines = [head, widths.map((width) => '-'.repeat(width)), ...rows];
  return lines
    .map((cells) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`)
    .join('\n');
}

function cellOf({ kept, lost, mixture }: Ledger, holding: Holding): string {
  if (kept[holding] + lost[holding] === 0) return '–';
  if (lost[holding] === 0) return 'stays signed in';
  if (kept[holding] === 0 || mixture.kinds.length === 1) return 'has to sign in';
  return 'has to sign in where express-session answers';
}

/** The table as the document has it; undefined if there is no such document, or no place for it. */
export function readTable(): string | undefined {
  if (!existsSync(migrationFile)) return undefined;
  const text = readFileSync(migrationFile, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  return begin < 0 || end < begin ? undefined : text.slice(begin + BEGIN.length, end).trim();
}

export function writeTable(table: string): void {
  const fragment = `${BEGIN}\n\n${table}\n\n${END}`;
  const text = existsSync(migrationFile) ? readFileSync(migrationFile, 'utf8') : `${BEGIN}\n${END}\n`;
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(`${migrationFile} has no place for the table: ${BEGIN} … ${END}`);
  mkdirSync(path.dirname(migrationFile), { recursive: true });
  writeFileSync(migrationFile, text.slice(0, begin) + fragment + text.slice(end + END.length));
}
