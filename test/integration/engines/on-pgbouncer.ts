/** PostgreSQL behind PgBouncer as the scenarios of test/integration/cluster want a database. */
import { skipWithout, type DatabaseServer } from '../../support/database-server';
import { pgbouncerProgram, startPgbouncer } from '../../support/pgbouncer';
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
  const pooler = await startPgbouncer(postgres.url);
  const remove = async (): Promise<void> => {
    await pooler.remove();
    await postgres.remove();
  };
  return { server: { ...pooler, remove }, postgres, storedIds };
}
