/** PostgreSQL behind PgBouncer as the scenarios of test/integration/cluster want a database. */
import { skipWithout, type DatabaseServer } from '../../support/database-server';
import { pgbouncerProgram, startPgbouncerBefore } from '../../support/pgbouncer';
import { startDatabase } from '../cluster/databases';

export interface PooledDatabase {
  /** PgBouncer. `remove` removes PostgreSQL, too. */
  readonly server: DatabaseServer;
  readonly postgres: DatabaseServer;
  readonly storedIds: () => Promise<string[]>;
}

export async function startPooledDatabase(test: Mocha.Context): Promise<PooledDatabase> {
  if (!pgbouncerProgram) skipWithout(test, 'no pgbouncer: apt-get install pgbouncer');
  const { server: postgres, storedIds } = await startDatabase(test, 'connect-pg-simple');
  return { server: await startPgbouncerBefore(postgres), postgres, storedIds };
}
