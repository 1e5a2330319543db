/** Whether the benchmarks of databases, of growth and of floods work; their numbers mean nothing here. */
import assert from 'node:assert/strict';
import { runBench } from '../support/bench';
import { skipWithout } from '../support/database-server';
import { pgbouncerProgram } from '../support/pgbouncer';
import { redisProgram } from '../support/redis';

describe('the benchmark', function () {
  this.timeout(120_000);

  it('runs every scenario on a Redis behind its network, and finds that the subjects do in it what they shall', async function () {
    if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
    const report = await runBench('--smoke', '--store', 'redis', '--rtt', '1');
    assert.ok(report.includes('11 scenarios ran.'), report);
  });

  it('runs on a Redis Cluster, and on PostgreSQL behind PgBouncer', async function () {
    if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
    if (!pgbouncerProgram) skipWithout(this, 'no pgbouncer: apt-get install postgresql pgbouncer');
    const report = await runBench('--smoke', '--store', 'redis-cluster,pgbouncer', '--rtt', '0');
    assert.ok(report.includes('22 scenarios ran.'), report);
  });

  it('reports sessions, what is remembered, and what floods of forged cookies cost', async () => {
    const report = await runBench('--growth', '--smoke');
    assert.doesNotMatch(report, /FAULT|NaN/);
    for (const row of ['Read, µs', 'Bytes per session', 'Token: bytes', 'Read, 1,000 users']) {
      assert.match(report, new RegExp(`\\n\\| ${row}.* \\d`), row);
    }
    assert.equal(report.match(/^\| .*(?:attack|\/s|answers) \| \d/gm)?.length, 8);
  });
});
