/** What docs/migration.md says to delete before express-session returns, tried on real databases. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type expressSession from 'express-session';
import { mariadbProgram, startMariadb } from '../../../support/mariadb';
import { postgresProgram, startPostgres } from '../../../support/postgres';
import { redisProgram, startRedis } from '../../../support/redis';
import { type Library, load, oursSide } from '../sides';

interface RedisClient {
  connect(): Promise<unknown>;
  destroy(): void;
}

interface Pool {
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
}

interface MariadbStore extends expressSession.Store {
  query(text: string): Promise<unknown>;
  close(): Promise<void>;
  onReady(): Promise<void>;
}

const text = readFileSync(path.join(__dirname, '../../../../docs/migration.md'), 'utf8');

/** The block of code that follows these words. */
function blockAfter(words: string): string {
  const block = /```\w+\n([^]*?)```/.exec(text.slice(text.indexOf(words)))?.[1];
  assert.ok(text.includes(words) && block);
  return block;
}

/** Sessions that have been rotated, and some that only look so. */
const records: Readonly<Record<string, { isRotated: boolean; data: object }>> = {
  anonymous: { isRotated: false, data: {} },
  first: { isRotated: false, data: { __session: { gen: 1, tag: 'a.1.', created: 1, adopted: true } } },
  second: { isRotated: true, data: { __session: { gen: 2, tag: 'a.2.', created: 1, adopted: true } } },
  tenth: { isRotated: true, data: { __session: { gen: 10, tag: 'a.3.', created: 1 } } },
  text: { isRotated: false, data: { note: '"__session":{"gen":2}', nested: { __session: { gen: 2 } } } },
};

async function assertDeletes(store: expressSession.Store, run: () => Promise<unknown>): Promise<void> {
  const Cookie = oursSide.library.Cookie as unknown as new (options: object) => expressSession.Cookie;
  for (const [id, { data }] of Object.entries(records)) {
    const cookie = new Cookie({ maxAge: 60_000 });
    await new Promise<void>((resolve, reject) => {
      store.set(id, { cookie, ...data }, (error) => (error ? reject(error as Error) : resolve()));
    });
  }
  await run();
  for (const [id, { isRotated }] of Object.entries(records)) {
    const found = await new Promise((resolve, reject) => {
      store.get(id, (error, record) => (error ? reject(error as Error) : resolve(record)));
    });
    assert.equal(Boolean(found), !isRotated, id);
  }
}

describe('rotated records are deleted by what docs/migration.md says, and no others', () => {
  it('on PostgreSQL with connect-pg-simple', async () => {
    assert.ok(postgresProgram);
    const server = await startPostgres();
    const pool = new (load<{ Pool: new (options: object) => Pool }>('pg').Pool)({
      connectionString: server.url,
    });
    const PgStore = load<(library: Library) => new (options: object) => expressSession.Store>(
      'connect-pg-simple',
    )(oursSide.library);
    const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    try {
      await assertDeletes(store, () => pool.query(blockAfter('For connect-pg-simple:')));
    } finally {
      await pool.end();
      await server.stop();
    }
  });

  it('on MariaDB with express-mysql-session', async () => {
    assert.ok(mariadbProgram);
    const server = await startMariadb();
    const { hostname: host, port, username: user, pathname } = new URL(server.url);
    const MariadbStore = load<(library: Library) => new (options: object) => MariadbStore>(
      'express-mysql-session',
    )(oursSide.library);
    const store = new MariadbStore({ host, port: Number(port), user, database: pathname.slice(1) });
    try {
      await store.onReady();
      await assertDeletes(store, () => store.query(blockAfter('For express-mysql-session:')));
    } finally {
      await store.close();
      await server.stop();
    }
  });

  it('on Redis with connect-redis', async () => {
    assert.ok(redisProgram);
    const server = await startRedis();
    const client = load<{ createClient(options: object): RedisClient }>('redis').createClient({
      url: server.url,
    });
    const { RedisStore } = load<{ RedisStore: new (options: object) => expressSession.Store }>(
      'connect-redis',
    );
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the page's own code
    const run = new Function(
      'client',
      `return (async () => {${blockAfter('For connect-redis, with its prefix')}})()`,
    ) as (client: RedisClient) => Promise<void>;
    try {
      await client.connect();
      await assertDeletes(new RedisStore({ client }), () => run(client));
    } finally {
      client.destroy();
      await server.stop();
    }
  });
});
