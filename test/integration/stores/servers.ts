/** Starts the database servers that are installed. */
import type { DatabaseServer } from '../../support/database-server';
import { mariadbProgram, startMariadb } from '../../support/mariadb';
import { postgresProgram, startPostgres } from '../../support/postgres';
import { redisProgram, startRedis } from '../../support/redis';
import type { ServerName } from './subject';

/** Their packages in Debian. */
export const packages: Readonly<Record<ServerName, string>> = {
  redis: 'redis-server',
  postgres: 'postgresql',
  mariadb: 'mariadb-server',
};

export async function startServers(): Promise<Partial<Record<ServerName, DatabaseServer>>> {
  const servers: Partial<Record<ServerName, DatabaseServer>> = {};
  if (redisProgram) servers.redis = await startRedis();
  if (postgresProgram) servers.postgres = await startPostgres();
  if (mariadbProgram) servers.mariadb = await startMariadb();
  return servers;
}
