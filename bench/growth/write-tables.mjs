/* Puts tables into docs/performance.md, between `<!-- growth: name -->` and `<!-- end -->`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { URL } from 'node:url';

const file = new URL('../../docs/performance.md', import.meta.url);

/** @param {Record<string, string>} tables by name */
export function writeTables(tables) {
  let page = readFileSync(file, 'utf8');
  for (const [name, table] of Object.entries(tables)) {
    const start = `<!-- growth: ${name} -->`;
    const [before, after] = page.split(start);
    const end = after?.indexOf('<!-- end -->') ?? -1;
    if (after === undefined || end < 0) throw new Error(`docs/performance.md has no ${start} … <!-- end -->`);
    page = `${before ?? ''}${start}\n\n${table}\n\n${after.slice(end)}`;
  }
  writeFileSync(file, page);
}
