/** What the benchmark on databases writes: the tables in docs/performance.md, and the chart. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { StoreRun } from '../../bench/store/types';
import { bench, load, reportOf } from '../support/bench';

interface DocumentModule {
  readonly withSection: (page: string, name: string, content: string) => string;
  readonly storeTable: (run: StoreRun, conditions: string) => string;
}

interface TouchAfter {
  readonly countTouches: () => Promise<{ title: string; counts: { calls: number; touches: number }[] }[]>;
}

interface Chart {
  readonly chart: (run: StoreRun, conditions: string) => string;
}

interface Palettes {
  readonly palettes: Record<string, Record<string, string> & { panel: string }>;
  readonly contrast: (one: string, other: string) => number;
}

describe('What the benchmark on databases writes', () => {
  it('replaces the table between the comments of its name, and nothing else', async () => {
    const { withSection } = await load<DocumentModule>('report/store-document.mjs');
    const page = (redis: string) =>
      `A\n\n<!-- bench: redis, 1 ms -->${redis}<!-- end of bench: redis, 1 ms -->\n\nB <!-- bench: postgres, 1 ms -->`;
    assert.equal(withSection(page('\n\nold\n\n'), 'redis, 1 ms', 'new'), page('\n\nnew\n\n'));
    assert.throws(
      () => withSection(page(''), 'postgres, 1 ms', 'new'),
      /the page has no <!-- bench: postgres, 1 ms -->/,
    );
  });

  it('shows ratio, quartiles and both figures, and whether the target is held', async () => {
    const { storeTable } = await load<DocumentModule>('report/store-document.mjs');
    const reports = [await reportOf({ latencyTarget: 0.6 })];
    const table = storeTable({ store: 'redis', rtt: 1, measuredRtt: 1.04, reports }, 'Redis 7');
    assert.match(table, /^Redis 7, a round trip to the database: 1\.04 ms\.\n\n\| /);
    const row =
      '| read | **0.50** (0.45–0.65)<br>1.60 : 4.00 | **0.50** (0.45–0.65)<br>6.40 : 16.0 ' +
      '| **2.00** (1.63–2.25)<br>1,250 : 500 | **1.00**<br>2.00 : 2.00 | 0.20 | latency ≤ 0.60: held |';
    assert.equal(table.split('\n').at(-1), row);
  });

  it('has a place for each table in docs/performance.md, and there the very calls that touchAfter saves', async () => {
    const page = readFileSync(path.join(__dirname, '../../docs/performance.md'), 'utf8');
    const { withSection } = await load<DocumentModule>('report/store-document.mjs');
    for (const name of ['redis, 1 ms', 'redis, 0 ms', 'postgres, 1 ms', 'postgres, 0 ms', 'touchAfter']) {
      assert.notEqual(withSection(page, name, 'new'), page);
    }
    const { countTouches } = await load<TouchAfter>('store/touch-after.mjs');
    const cellsOf = (line: string) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim());
    const rows = page
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map(cellsOf);
    for (const { title, counts } of await countTouches()) {
      const cells = counts.map(({ calls, touches }) => `${String(calls)} (${String(touches)})`);
      assert.deepEqual(
        rows.find(([name]) => name === title),
        [title, ...cells],
      );
    }
  });

  it('draws a bar for each case, as long as its ratio', async () => {
    const { chart } = await load<Chart>('report/chart.mjs');
    const reports = [await reportOf(), await reportOf({ bar: 'Sign <in>' })];
    const svg = chart({ store: 'redis', rtt: 1, measuredRtt: 1, reports }, 'Redis 7 & Node');
    // Of 1.25 in 380 pixels.
    assert.equal([...svg.matchAll(/class="faster" x="240" y="\d+" width="152"/g)].length, 2);
    assert.match(svg, />0\.50×</);
    assert.match(svg, /1\.60 ms : 4\.00 ms/);
    assert.match(svg, /Sign &lt;in>/);
    assert.match(svg, /Measured with Redis 7 &amp; Node\./);
  });

  it('draws in colours that stand out by 4.5:1 on light and on dark pages', async () => {
    const { palettes, contrast } = await load<Palettes>('report/palette.mjs');
    assert.equal(contrast('#000000', '#ffffff'), 21);
    const svg = readFileSync(path.join(bench, 'results.svg'), 'utf8');
    for (const { panel, ...colours } of Object.values(palettes)) {
      assert.ok(svg.includes(`.panel{fill:${panel}}`));
      for (const [name, colour] of Object.entries(colours)) {
        assert.ok(contrast(colour, panel) >= 4.5, `${name}: ${colour} on ${panel}`);
        assert.ok(svg.includes(`.${name}{fill:${colour}}`));
      }
    }
  });
});
