/** Stores on PostgreSQL behind PgBouncer in transaction mode, where each statement may go over another connection. */
import assert from 'node:assert/strict';
import { Bench } from '../../../src/store-test/bench';
import { recordChecks } from '../../../src/store-test/records';
import { gradeOf, newReport } from '../../../src/store-test/report';
import { sessionChecks } from '../../../src/store-test/sessions';
import type { DatabaseServer } from '../../support/database-server';
import { logoutsAtRefresh, plantTokens } from '../cluster/figures';
import { Load } from '../cluster/load';
import { countResurrected } from '../cluster/logout';
import { countLogins } from '../cluster/redirect';
import { setUp } from '../cluster/set-up';
import { postgresSubjects } from '../stores/postgres';
import type { Opened } from '../stores/subject';
import { keptExpiry, race, sameRows } from '../stores/two-ways';
import { type PooledDatabase, startPooledDatabase } from './on-pgbouncer';

describe('Behind PgBouncer in transaction mode', function () {
  this.timeout(60_000);
  let pooled: PooledDatabase | undefined;
  const database = (): PooledDatabase => pooled ?? assert.fail('not started');

  before('start PostgreSQL and PgBouncer', async function () {
    pooled = await startPooledDatabase(this);
  });

  after(async () => {
    await pooled?.server.remove();
  });

  /** The servers stay for the next test. */
  const keep = () => Promise.resolve({ ...database(), server: without(database().server) });

  for (const subject of postgresSubjects.filter(({ on }) => on === 'PostgreSQL 15')) {
    describe(subject.module, () => {
      let opened: Opened;
      let other: Opened;
      let bench: Bench;
      const report = newReport(subject.module);

      before(async () => {
        const { url } = database().server;
        opened = await subject.create(url);
        await new Bench(opened.store).get('makes its table');
        other = await subject.create(url);
        bench = new Bench(opened.store, other.store);
      });

      after(async () => {
        await opened.close();
        await other.close();
      });

      for (const { title, run } of [...recordChecks, ...sessionChecks]) {
        it(title, () => run(bench, report));
      }

      it("makes the promise 'everywhere' and keeps it between two pools (B244)", async () => {
        assert.equal(bench.calls.guarantee, 'everywhere');
        assert.equal(gradeOf(report), 'everywhere', JSON.stringify(report));
        await race(bench, new Bench(other.store));
        await sameRows(opened, bench);
        await keptExpiry(opened, bench);
      });
    });
  }

  describe('three processes on connect-pg-simple', () => {
    const world = setUp('connect-pg-simple', {}, 3, keep);

    for (const moment of ['reading', 'handling', 'saving', 'any'] as const) {
      it(`do not store a session again that another process destroys, 30 times (${moment})`, async () => {
        assert.equal(await countResurrected(world(), moment, 30, ['change', 'save', 'touch']), 0);
      });
    }

    it('know a login when the redirect is followed at the first byte of the answer, 50 times', async () => {
      assert.equal(await countLogins(world(), 50), 50);
    });

    for (const name of ['PgBouncer', 'PostgreSQL'] as const) {
      it(`answer with errors while ${name} is away and recover by themselves`, async () => {
        const server = name === 'PgBouncer' ? database().server : database().postgres;
        const clients = new Load(world().cluster, 8, () => undefined);
        await clients.more(20);
        await server.stop('SIGKILL');
        await clients.more(20, 'failures');
        await server.start();
        await clients.more(50);
        await clients.stop();
        for (const { status } of clients.failures) assert.equal(status, 503);
      });
    }
  });

  describe('two processes, with claims', () => {
    const options = { rolling: true, cookie: { maxAge: 60_000 } };
    const world = setUp('connect-pg-simple', { hasClaims: true, options }, 2, keep);

    it('let nobody read a login who had planted its cookie and polls meanwhile, 40 times (B208, B209, B243)', async () => {
      const { stolen, failed } = await plantTokens(world(), 40);
      assert.deepEqual({ stolen, failed }, { stolen: 0, failed: 0 });
    });
  });

  describe('two processes, with tokens that are due for others', () => {
    const world = setUp('connect-pg-simple', { options: { jwt: { expiresIn: 1 } } }, 2, keep);

    it('leave no session alive when a logout meets a refresh, 48 times (B250, B252)', async () => {
      const { alive, refreshed } = await logoutsAtRefresh(world(), 48);
      assert.equal(alive, 0);
      assert.ok(refreshed > 0, 'no request has met a logout');
    });
  });
});

/** The same server, which is not removed. */
function without(server: DatabaseServer): DatabaseServer {
  return { ...server, remove: () => Promise.resolve() };
}
