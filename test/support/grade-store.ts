/** Runs the test kit for stores without a test runner. */
import { type StoreReport, testStore } from '../../src/store-test';
import type { AnyStore } from '../../src/types';

/** What the kit reports, which of its tests have failed, and why. */
export async function grade(
  createStore: () => object,
): Promise<{ report: StoreReport; failures: string[]; errors: unknown[] }> {
  const tests: [string, () => Promise<void>][] = [];
  const report = testStore('a store', () => createStore() as AnyStore, {
    describe: (_, define) => {
      define();
    },
    it: (title, run) => tests.push([title, run]),
  });
  const failures: string[] = [];
  const errors: unknown[] = [];
  const { log } = console;
  console.log = () => undefined;
  try {
    for (const [title, run] of tests) {
      await run().catch((error: unknown) => {
        failures.push(title);
        errors.push(error);
      });
    }
  } finally {
    console.log = log;
  }
  return { report, failures, errors };
}
