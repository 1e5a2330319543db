/** Runs the published test kit for stores by a test runner, in a process of its own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Fails unless the runner ran all of the kit's checks, and they passed. */
export async function runStoreKit(folder: string, args: readonly string[]): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_V8_COVERAGE: undefined, FORCE_COLOR: '0' },
  });
  assert.match(stdout, /grade {10}everywhere: a destroyed session is never stored again/);
  assert.match(stdout, /30 pass|pass 30|30 passed/);
}
