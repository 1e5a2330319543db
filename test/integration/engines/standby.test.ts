/** connect-pg-simple on a PostgreSQL whose standby takes over under load: what is lost, and what is not. */
import assert from 'node:assert/strict';
import { skipWithout } from '../../support/database-server';
import { pgbouncerProgram } from '../../support/pgbouncer';
import { postgresProgram } from '../../support/postgres';
import { failOver, lineOf } from './fail-over';
import { startReplicated } from './standby';

describe('On a PostgreSQL with a standby, behind PgBouncer', function () {
  this.timeout(60_000);

  before(function () {
    if (!postgresProgram) skipWithout(this, 'no postgres: apt-get install postgresql');
    if (!pgbouncerProgram) skipWithout(this, 'no pgbouncer: apt-get install pgbouncer');
  });

  for (const isSynchronous of [false, true]) {
    it(`requests are answered again, and ${isSynchronous ? 'nothing is lost: a synchronous standby' : 'what the standby knew is as it was: one 20 ms behind'}`, async () => {
      const result = await failOver(await startReplicated({ lag: 20, isSynchronous }), { earlier: 60 });
      console.log(`        ${lineOf(result)}`);
      const { replicatedLogins, replicatedLogouts } = result;
      assert.deepEqual(
        { replicatedLogins, replicatedLogouts },
        { replicatedLogins: 0, replicatedLogouts: 0 },
      );
      if (isSynchronous) assert.equal(result.lost, 0);
    });
  }
});
