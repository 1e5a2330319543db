/** The database servers of the tests keep their data and their port, however they end. */
import assert from 'node:assert/strict';
import { skipWithout, type DatabaseServer } from '../support/database-server';
import { createDatabase, postgresProgram, startPostgres } from '../support/postgres';
import { redisProgram, startRedis } from '../support/redis';
import { load } from './stores/subject';

interface NodeRedis {
  createClient(options: { url: string }): {
    connect(): Promise<unknown>;
    quit(): Promise<unknown>;
    set(key: string, value: string): Promise<unknown>;
    get(key: string): Promise<string | null>;
  };
}

interface Pg {
  Client: new (url: string) => {
    connect(): Promise<void>;
    query(text: string): Promise<{ rows: unknown[] }>;
    end(): Promise<void>;
  };
}

describe('Database servers of the tests', function () {
  this.timeout(60_000);
  let server: DatabaseServer | undefined;

  afterEach(async () => {
    await server?.remove();
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    it(`Redis has its data and its port again after ${signal}`, async function () {
      if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
      server = await startRedis();
      const { url } = server;
      const use = async (method: 'set' | 'get') => {
        const client = load<NodeRedis>('redis').createClient({ url });
        await client.connect();
        const result = method === 'set' ? await client.set('key', 'value') : await client.get('key');
        await client.quit();
        return result;
      };
      await use('set');
      await server.restart(signal);
      assert.equal(await use('get'), 'value');
    });
  }

  for (const signal of [undefined, 'SIGKILL'] as const) {
    it(`PostgreSQL has its data and its port again after ${signal ?? 'an orderly end'}`, async function () {
      if (!postgresProgram) skipWithout(this, 'no postgres: apt-get install postgresql');
      server = await startPostgres();
      const url = createDatabase(server.url, 'another');
      const query = async (text: string) => {
        const client = new (load<Pg>('pg').Client)(url);
        await client.connect();
        const { rows } = await client.query(text);
        await client.end();
        return rows;
      };
      await query('CREATE TABLE t AS SELECT 1 AS a');
      await server.restart(signal);
      assert.deepEqual(await query('SELECT a FROM t'), [{ a: 1 }]);
    });
  }
});
