/** The test kit for authors of stores: what a store has to do, as tests of their own test runner, and a report. */
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
 * Defines the tests that a session store has to pass, one `it` each, and one more that prints the report.
 *
 * @param name heads the report and the test suite
 * @param createStore makes the store, once, when the first test begins; its records may stay
 * @returns the report, filled in while the tests run
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
