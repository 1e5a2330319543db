/** The benchmark starts, and reports every scenario. */
import assert from 'node:assert/strict';
import { runBench } from '../support/bench';

/** What the benchmark prints about what was built, when run so briefly that its numbers mean nothing. */
async function smoke(): Promise<string[]> {
  // With a fault it fails; which one, is in what it prints.
  const report = await runBench('--smoke').catch((error: unknown) => (error as { stdout: string }).stdout);
  return report.split('\n');
}

describe('the benchmark', function () {
  this.timeout(120_000);

  it('starts and reports every scenario, and finds that the middleware does in it what it shall', async () => {
    const lines = await smoke();
    assert.deepEqual(
      lines.filter((line) => line.includes('FAULT')),
      [],
    );
    const isReported = (id: string, part: string[]) =>
      part.some((line) => new RegExp(`^ *${id}  \\w.* \\d`).test(line));
    const http = lines.slice(lines.findIndex((line) => line.startsWith('Over HTTP')));
    const inProcess = lines.slice(0, lines.length - http.length);
    const ids = '1 2 3 3u 3m 3c 4 4m 5 6 6c 7a 7b 8 9 10 M Ml'.split(' ');
    assert.deepEqual(
      ids.filter((id) => !isReported(id, inProcess)),
      [],
    );
    assert.deepEqual(
      '1 2 3 4 5 6 8 9'.split(' ').filter((id) => !isReported(id, http)),
      [],
    );
  });
});
