/** The database behind a store, and a look into it past the store. */
import { readFileSync } from 'node:fs';
import { load } from '../integration/stores/subject';
import { skipWithout, type DatabaseServer } from '../support/database-server';
import { postgresProgram, startPostgres } from '../support/postgres';
import { redisProgram, startRedis } from '../support/redis';
import type { StoreName } from './settings';

interface NodeRedis {
  createClient(options: { url: string }): {
    connect(): Promise<unknown>;
    quit(): Promise<unknown>;
    keys(pattern: string): Promise<string[]>;
  };
}

interface Pg {
  Client: new (url: string) => {
    connect(): Promise<void>;
    query(text: string): Promise<{ rows: { sid: string }[] }>;
    end(): Promise<void>;
  };
}

/** What stands behind a store. */
export interface Database {
  readonly server: DatabaseServer;
  readonly storedIds: () => Promise<string[]>;
}

export async function startDatabase(test: Mocha.Context, store: StoreName): Promise<Database> {
  if (store === 'connect-pg-simple') {
    if (!postgresProgram) skipWithout(test, 'no postgres: apt-get install postgresql');
    const server = await startPostgres();
    await query(server, readFileSync(require.resolve('connect-pg-simple/table.sql'), 'utf8'));
    const storedIds = async () => (await query(server, 'SELECT sid FROM session')).map(({ sid }) => sid);
    return { server, storedIds };
  }
  if (!redisProgram) skipWithout(test, 'no redis: apt-get install redis-server');
  const server = await startRedis();
  return { server, storedIds: () => redisIds(server) };
}

async function query({ url }: DatabaseServer, text: string): Promise<{ sid: string }[]> {
  const client = new (load<Pg>('pg').Client)(url);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

async function redisIds({ url }: DatabaseServer): Promise<string[]> {
  const client = load<NodeRedis>('redis').createClient({ url });
  await client.connect();
  const keys = await client.keys('sess:*');
  await client.quit();
  return keys.map((key) => key.slice('sess:'.length));
}
