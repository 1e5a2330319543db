/** The lines of a source file that stand between the comments `shown` and `end`: what a page shows is what runs. */
import { readFileSync } from 'node:fs';

export function shownLines(file: string): string {
  const lines = readFileSync(file, 'utf8').split('\n');
  const from = lines.findIndex((line) => line.trim() === '// shown');
  const to = lines.findIndex((line, at) => at > from && line.trim() === '// end');
  if (from < 0 || to < 0) throw new Error(`${file} has no lines to show`);
  const shown = lines.slice(from + 1, to);
  const indents = shown.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents);
  return shown.map((line) => line.slice(indent)).join('\n');
}
