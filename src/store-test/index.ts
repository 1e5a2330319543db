/** The test kit for authors of stores: defines tests in their own test runner, and prints a report. */
import type { AnyStore } from '../types';
import { Bench } from './bench';
import { recordChecks } from './records';
import { format, gradeOf, newReport, type StoreReport } from './report';
import { sessionChecks } from './sessions';

export type { StoreReport } from './report';

/** `describe` and `it` of mocha, node:test or vitest. */
export interface TestRunner {
  readonly describe: (title: string, define: () => void) => unknown;
  readonly it: (title: string, run: () => Promise<void>) => unknown;
}

/**
 * Defines the tests that a session store has to pass, one `it` each, and one more `it` that prints the report.
 *
 * @param name the title of the test suite and of the report
 * @param createStore makes the store. It is called once, when the first test begins. The records may stay
 * @returns the report, which is complete when the last test has run
 * @example
 * testStore('my store', () => new MyStore(), { describe, it });
 */
export function testStore(
  name: string,
  createStore: () => AnyStore | Promise<AnyStore>,
  { describe, it }: TestRunner,
): StoreReport {
  const report = newReport(name);
  const checks = [...recordChecks, ...sessionChecks];
  let passed = 0;
  let bench: Promise<Bench> | undefined;
  const obtain = async (): Promise<Bench> => new Bench(await createStore());
  describe(name, () => {
    for (const { title, run } of checks) {
      it(title, async () => {
        bench ??= obtain();
        await run(await bench, report);
        passed += 1;
      });
    }
    it('has this report', () => {
      if (passed === checks.length) report.grade = gradeOf(report);
      console.log(format(report));
      return Promise.resolve();
    });
  });
  return report;
}
