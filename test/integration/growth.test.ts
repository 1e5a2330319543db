/** Whether the benchmark of growth and of floods works; its numbers mean nothing here. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

describe('the benchmark of growth', function () {
  this.timeout(120_000);

  it('reports sessions, what is remembered, and what floods of forged cookies cost', async () => {
    const file = path.join(__dirname, '../../bench/run.mjs');
    const { stdout } = await run(process.execPath, [file, '--growth', '--smoke']);
    assert.doesNotMatch(stdout, /FAULT|NaN/);
    for (const row of ['Read, µs', 'Bytes per session', 'Token: bytes', 'Read, 1,000 users']) {
      assert.match(stdout, new RegExp(`\\n\\| ${row}.* \\d`), row);
    }
    assert.equal(stdout.match(/^\| .*(?:attack|\/s|answers) \| \d/gm)?.length, 8);
  });
});
