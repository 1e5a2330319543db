/** The test kit for stores under vitest, as an author of a store runs it. */
import path from 'node:path';
import { runStoreKit } from '../../support/run-store-kit';

describe('The test kit for stores', () => {
  it('runs with vitest', async function () {
    this.timeout(60_000);
    const program = path.join(__dirname, '../node_modules/vitest/vitest.mjs');
    await runStoreKit(__dirname, [program, 'run', '--root', '.']);
  });
});
