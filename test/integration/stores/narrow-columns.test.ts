/** Ids fit the columns that people have made for those of express-session. */
import assert from 'node:assert/strict';
import request from 'supertest';
import { Bench } from '../../../src/store-test/bench';
import { sessionChecks } from '../../../src/store-test/sessions';
import { newReport } from '../../../src/store-test/report';
import session from '../../../src';
import type { AnyStore } from '../../../src/types';
import { skipWithout, type DatabaseServer } from '../../support/database-server';
import { createDatabase } from '../../support/postgres';
import { serverOf } from '../../support/server';
import { packages, startServers } from './servers';
import { load, type ServerName } from './subject';
import { upgrade } from './upgraded';

type Query = (text: string) => Promise<readonly Record<string, unknown>[]>;

interface Table {
  readonly store: AnyStore;
  readonly query: Query;
  readonly name: string;
  readonly column: string;
  readonly close: () => Promise<unknown>;
}

interface Case {
  readonly title: string;
  readonly server: ServerName;
  readonly width: number;
  readonly create: (url: string) => Promise<Table>;
}

interface Sequelize {
  Sequelize: new (
    url: string,
    options: object,
  ) => { query(text: string, options: object): ReturnType<Query>; close(): Promise<void> };
}

type Factory<More> = (library: unknown) => new (...options: unknown[]) => AnyStore & More;

function sequelize(server: ServerName): Case {
  return {
    title: `connect-session-sequelize, whose own model has VARCHAR(36), on ${server}`,
    server,
    width: 36,
    create: async (url) => {
      const db = new (load<Sequelize>('sequelize').Sequelize)(url, { logging: false });
      type Store = Factory<{ sync(): Promise<unknown>; stopExpiringSessions(): void }>;
      const store = new (load<Store>('connect-session-sequelize-8')(session.Store))({ db });
      await store.sync();
      const close = async () => {
        store.stopExpiringSessions();
        await db.close();
      };
      const query: Query = (text) => db.query(text, { type: 'SELECT' });
      return { store, query, name: 'Sessions', column: 'sid', close };
    },
  };
}

interface Pool {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
}

const pgSimple: Case = {
  title: 'connect-pg-simple on a table with VARCHAR(32) on postgres',
  server: 'postgres',
  width: 32,
  create: async (url) => {
    const pool = new (load<{ Pool: new (options: object) => Pool }>('pg').Pool)({ connectionString: url });
    await pool.query(
      'CREATE TABLE session (sid varchar(32) PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL)',
    );
    const store = new (load<Factory<{ close(): Promise<void> }>>('connect-pg-simple')(session))({ pool });
    const close = async () => {
      await store.close();
      await pool.end();
    };
    const query: Query = async (text) => (await pool.query(text)).rows;
    return { store, query, name: 'session', column: 'sid', close };
  },
};

interface MysqlPool {
  query(text: string): Promise<[Record<string, unknown>[]]>;
  end(): Promise<void>;
}

const mysql: Case = {
  title: 'express-mysql-session on a table with VARCHAR(32) on mariadb',
  server: 'mariadb',
  width: 32,
  create: async (uri) => {
    const mysql2 = load<{ createPool(options: object): MysqlPool }>('mysql2/promise');
    const pool = mysql2.createPool({ uri });
    const columns = 'session_id varchar(32) PRIMARY KEY, expires int unsigned NOT NULL, data mediumtext';
    await pool.query(`CREATE TABLE sessions (${columns}) COLLATE utf8mb4_bin`);
    type Store = Factory<{ onReady(): Promise<void>; close(): Promise<void> }>;
    const store = new (load<Store>('express-mysql-session')(session))({ createDatabaseTable: false }, pool);
    await store.onReady();
    const close = async () => {
      await store.close();
      await pool.end();
    };
    const query: Query = async (text) => (await pool.query(text))[0];
    return { store, query, name: 'sessions', column: 'session_id', close };
  },
};

describe('Ids of sessions', function () {
  this.timeout(60_000);
  let servers: Partial<Record<ServerName, DatabaseServer>> = {};

  before('start the databases', async () => {
    servers = await startServers();
  });

  after(async () => {
    await Promise.all(Object.values(servers).map((server) => server.remove()));
  });

  for (const { title, server, width, create } of [
    sequelize('postgres'),
    sequelize('mariadb'),
    pgSimple,
    mysql,
  ]) {
    describe(`fit ${title}`, () => {
      let table: Table | undefined;

      before(async function () {
        const url =
          servers[server]?.url ?? skipWithout(this, `no ${server}: apt-get install ${packages[server]}`);
        table = await create(server === 'postgres' ? createDatabase(url, `narrow_${String(width)}`) : url);
      });

      after(() => table?.close());

      const get = () => table ?? assert.fail();

      it(`and the column is ${String(width)} characters wide, no more`, async () => {
        const { query, name, column } = get();
        const rows = await query(
          'SELECT character_maximum_length AS width FROM information_schema.columns ' +
            `WHERE table_name = '${name}' AND column_name = '${column}'`,
        );
        assert.deepEqual(
          rows.map((row) => Number(row.width)),
          [width],
        );
      });

      for (const check of sessionChecks.filter((one) => !one.title.includes('two processes'))) {
        it(`and the store ${check.title} (B220)`, () => check.run(new Bench(get().store), newReport(title)));
      }

      it('and an upgraded session keeps its own, from express-session to the logout (B232)', async () => {
        await upgrade(new Bench(get().store));
      });

      it('and what is stored are whole ids of 32 characters, also with a tenant (B220, B253)', async () => {
        const { store, query, name, column } = get();
        const keys = session.generateKeys();
        const middleware = session({
          store: store as never,
          keysProvider: () =>
            Promise.resolve({ keys, tenant: 'a tenant with a name that is as long as it likes' }),
        });
        const id = await storeOne(middleware);
        assert.match(id, /^[\w-]{32}$/);
        const quote = server === 'postgres' ? '"' : '`';
        const rows = await query(`SELECT ${column} AS id FROM ${quote}${name}${quote}`);
        const ids = rows.map((row) => String(row.id));
        assert.ok(ids.includes(id));
        for (const one of ids) assert.equal(one.length, 32);
      });
    });
  }
});

/** The id of a session that this middleware has stored. */
async function storeOne(middleware: session.Middleware): Promise<string> {
  let id = '';
  const server = serverOf(middleware, (req, res) => {
    (req.session as unknown as Record<string, unknown>).a = 1;
    id = req.sessionID;
    res.end();
  });
  const { status } = await request(server).get('/');
  assert.equal(status, 200);
  return id;
}
