/** The table of stores in docs/stores.md. */
import type { StoreReport } from '../../../src/store-test/report';
import { packageOf, type Subject } from './subject';

export interface Proof {
  readonly subject: Subject;
  readonly report: StoreReport;
}

const BEGIN = '<!-- what `npm run stores` has found: begin -->';
const END = '<!-- end -->';

/** The table of stores, made of what the tests have found. */
export function tableOf(proofs: readonly Proof[]): string {
  const rows = proofs.map(({ subject, report }) => {
    const { name, version } = packageOf(subject.module);
    return [
      `${name} ${version}`,
      subject.on,
      `\`${String(report.grade)}\``,
      { expiry: 'expiry only', record: 'writes the record', none: 'no' }[report.touch ?? 'none'],
      report.expiry === 'later' ? 'after a clean-up' : 'at once',
    ];
  });
  const titles = ['Store', 'On', '`middleware.guarantee`', '`touch`', 'Expired records are gone'];
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** The table between its two marks in the page. */
export function tableIn(page: string): string {
  return page.split(BEGIN)[1]?.split(END)[0]?.trim() ?? '';
}

export function withTable(page: string, table: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END).slice(1).join(END);
  if (before === undefined || after === undefined)
    throw new Error('docs/stores.md has no marks for the table of stores');
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}
