import { resolveStoreKey } from '../store-key';
import type { AnyStore } from '../types';
import { Bench } from './bench';
import { recordChecks } from './records';
import { format, type StoreReport } from './report';
import { sessionChecks } from './sessions';

export type { StoreReport } from './report';

/** `describe` and `it` of mocha, node:test or vitest. */
export interface TestRunner {
  readonly describe: (title: string, define: () => void) => unknown;
  readonly it: (title: string, run: () => Promise<void>) => unknown;
}

export interface StoreOptions {
  /** The option of the same name with which the store is to be used. */
  readonly storeKey?: ((token: string) => string) | undefined;
}

/**
 * Defines the tests that a session store has to pass, one `it` each, and one more that prints the report.
 *
 * @param name heads the report and the test suite
 * @param createStore makes the store, once, when the first test begins; its records may stay
 * @returns the report, filled in while the tests run
 */
export function testStore(
  name: string,
  createStore: () => AnyStore | Promise<AnyStore>,
  { describe, it, storeKey }: TestRunner & StoreOptions,
): StoreReport {
  const report: StoreReport = {
    name,
    grade: undefined,
    byDefault: undefined,
    touch: false,
    expiry: undefined,
  };
  let bench: Promise<Bench> | undefined;
  const obtain = async (): Promise<Bench> => new Bench(await createStore(), resolveStoreKey(storeKey));
  describe(name, () => {
    for (const { title, run } of [...recordChecks, ...sessionChecks]) {
      it(title, async () => {
        bench ??= obtain();
        await run(await bench, report);
      });
    }
    it('has this report', () => {
      console.log(format(report));
      return Promise.resolve();
    });
  });
  return report;
}
