/** The numbers of the tests that assert something else here than where they come from: the table in README.md. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Difference {
  numbers: string[];
  there: string;
  here: string;
  reason: string;
}

/** The rows of the first table of README.md, whose first column lists numbers. */
export function readDifferences(): Difference[] {
  const text = readFileSync(path.join(__dirname, 'README.md'), 'utf8');
  const table = /(?:^\|.*\n)+/m.exec(text)?.[0] ?? '';
  const rows = table.trimEnd().split('\n').slice(2);
  return rows.map((row) => {
    const [numbers = '', there = '', here = '', reason = ''] = row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
    return { numbers: numbers.split(/,\s*/), there, here, reason };
  });
}

export const differingNumbers: ReadonlySet<string> = new Set(
  readDifferences().flatMap(({ numbers }) => numbers),
);
