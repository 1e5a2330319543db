/** The database behind a store, and a look into it past the store. */
import { readFileSync } from 'node:fs';
import { load } from '../stores/subject';
import { skipWithout, type DatabaseServer } from '../../support/database-server';
import { postgresProgram, startPostgres } from '../../support/postgres';
import { redisProgram, startRedis } from '../../support/redis';
import type { StoreName } from './settings';

interface NodeRedis {
  createClient(options: { url: string }): {
    connect(): Promise<unknown>;
    quit(): Promise<unknown>;
    keys(pattern: string): Promise<string[]>;
    mGet(keys: string[]): Promise<(string | null)[]>;
    del(keys: string[]): Promise<unknown>;
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
  /** Deletes the records of upgraded sessions that were rotated, as docs/migration.md says. */
  readonly deleteRotated: () => Promise<void>;
}

const DELETE_ROTATED = `DELETE FROM session
  WHERE sess->'__session'->'adopted' IS NOT NULL AND (sess->'__session'->>'gen')::int > 1`;

export async function startDatabase(test: Mocha.Context, store: StoreName): Promise<Database> {
  if (store === 'connect-pg-simple') {
    if (!postgresProgram) skipWithout(test, 'no postgres: apt-get install postgresql');
    const server = await startPostgres();
    await query(server, readFileSync(require.resolve('connect-pg-simple/table.sql'), 'utf8'));
    const storedIds = async () => (await query(server, 'SELECT sid FROM session')).map(({ sid }) => sid);
    const deleteRotated = async () => {
      await query(server, DELETE_ROTATED);
    };
    return { server, storedIds, deleteRotated };
  }
  if (!redisProgram) skipWithout(test, 'no redis: apt-get install redis-server');
  const server = await startRedis();
  return { server, storedIds: () => redisIds(server), deleteRotated: () => deleteRotatedFrom(server) };
}

async function query({ url }: DatabaseServer, text: string): Promise<{ sid: string }[]> {
  const client = new (load<Pg>('pg').Client)(url);
  await client.connect();
  const { rows } = await client.query(text);
  await client.end();
  return rows;
}

async function redisIds(server: DatabaseServer): Promise<string[]> {
  const keys = await withRedis(server, (client) => client.keys('sess:*'));
  return keys.map((key) => key.slice('sess:'.length));
}

async function deleteRotatedFrom(server: DatabaseServer): Promise<void> {
  await withRedis(server, async (client) => {
    const keys = await client.keys('sess:*');
    const records = keys.length > 0 ? await client.mGet(keys) : [];
    const rotated = keys.filter((_, index) => isRotated(records[index] ?? '{}'));
    if (rotated.length > 0) await client.del(rotated);
  });
}

function isRotated(record: string): boolean {
  const { __session: state } = JSON.parse(record) as { __session?: { adopted?: unknown; gen: number } };
  return state?.adopted !== undefined && state.gen > 1;
}

async function withRedis<Result>(
  { url }: DatabaseServer,
  use: (client: ReturnType<NodeRedis['createClient']>) => Promise<Result>,
): Promise<Result> {
  const client = load<NodeRedis>('redis').createClient({ url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.quit();
  }
}
