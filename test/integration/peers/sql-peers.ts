/** Stores on PostgreSQL and on MariaDB. */
import type expressSession from 'express-session';
import { type Library, load } from './sides';
import { SHORTENED, type StorePeer } from './store-peer';

interface Row {
  data: unknown;
  expires: unknown;
}

interface PgPool {
  query(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  end(): Promise<void>;
}

interface Pg {
  Pool: new (options: object) => PgPool;
}

type ConnectPgSimple = (
  library: Library,
) => new (options: object) => expressSession.Store & { close(): Promise<void> };

/** Reads and shortens rows of a table on PostgreSQL, past the store. */
function pgRows(pool: PgPool, table: string, id: string, data: string, expires: string) {
  const row = async (sid: string) => {
    const found = await pool.query(
      `SELECT ${data}::text AS data, extract(epoch from ${expires}) * 1000 AS expires FROM ${table} WHERE ${id} = $1`,
      [sid],
    );
    return found.rows[0];
  };
  return {
    raw: async (sid: string) => (await row(sid))?.data as string | undefined,
    remaining: async (sid: string) => Number((await row(sid))?.expires) - Date.now(),
    shorten: (sid: string) =>
      pool.query(`UPDATE ${table} SET ${expires} = to_timestamp($1) WHERE ${id} = $2`, [
        (Date.now() + SHORTENED) / 1000,
        sid,
      ]),
  };
}

const connectPgSimple: StorePeer = {
  module: 'connect-pg-simple',
  on: 'PostgreSQL',
  server: 'postgres',
  touch: 'the expiry',
  guarantee: 'everywhere',
  lists: [],
  isShared: true,
  open: async (library, schemaName, server) => {
    const pool = new (load<Pg>('pg').Pool)({ connectionString: server?.url });
    // A schema of its own, since the name of the table's index is fixed.
    await pool.query(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`);
    const Store = load<ConnectPgSimple>('connect-pg-simple')(library);
    const store = new Store({ pool, schemaName, createTableIfMissing: true, pruneSessionInterval: false });
    await firstCall(store);
    return {
      store,
      ...pgRows(pool, `${schemaName}.session`, 'sid', 'sess', 'expire'),
      close: async () => {
        await store.close();
        await pool.end();
      },
    };
  },
};

interface Sequelize {
  Sequelize: new (url: string, options: object) => { close(): Promise<void> };
}

type ConnectSessionSequelize = (base: unknown) => new (options: object) => expressSession.Store & {
  sync(): Promise<unknown>;
  clearExpiredSessions(): Promise<unknown>;
  stopExpiringSessions(): void;
};

const connectSessionSequelize: StorePeer = {
  module: 'connect-session-sequelize',
  on: 'PostgreSQL, its default model',
  server: 'postgres',
  touch: 'the expiry',
  guarantee: 'everywhere',
  lists: ['length'],
  isShared: true,
  open: async (library, tableName, server) => {
    const db = new (load<Sequelize>('sequelize').Sequelize)(server?.url ?? '', { logging: false });
    const pool = new (load<Pg>('pg').Pool)({ connectionString: server?.url });
    const Store = load<ConnectSessionSequelize>('connect-session-sequelize')(library.Store);
    const store = new Store({ db, tableName });
    await store.sync();
    return {
      store,
      ...pgRows(pool, `"${tableName}"`, 'sid', 'data', 'expires'),
      clean: () => store.clearExpiredSessions(),
      close: async () => {
        store.stopExpiringSessions();
        await db.close();
        await pool.end();
      },
    };
  },
};

interface Knex {
  knex: (options: object) => { destroy(): Promise<void> };
}

interface ConnectSessionKnex {
  ConnectSessionKnexStore: new (options: object) => expressSession.Store;
}

const connectSessionKnex: StorePeer = {
  module: 'connect-session-knex',
  on: 'PostgreSQL',
  server: 'postgres',
  touch: 'the expiry',
  guarantee: 'everywhere',
  lists: ['all', 'length', 'clear'],
  isShared: true,
  open: async (_, tableName, server) => {
    const database = load<Knex>('knex').knex({ client: 'pg', connection: server?.url });
    const pool = new (load<Pg>('pg').Pool)({ connectionString: server?.url });
    const { ConnectSessionKnexStore } = load<ConnectSessionKnex>('connect-session-knex');
    const store = new ConnectSessionKnexStore({ knex: database, tableName, cleanupInterval: 0 });
    await firstCall(store);
    return {
      store,
      ...pgRows(pool, tableName, 'sid', 'sess', 'expired'),
      close: async () => {
        await database.destroy();
        await pool.end();
      },
    };
  },
};

interface MysqlPool {
  query(text: string, values?: unknown[]): Promise<[Row[]]>;
  end(): Promise<void>;
}

interface Mysql2 {
  createPool(options: object): MysqlPool;
}

type ExpressMysqlSession = (
  library: Library,
) => new (
  options: object,
  pool: MysqlPool,
) => expressSession.Store & { onReady(): Promise<void>; close(): Promise<void> };

const expressMysqlSession: StorePeer = {
  module: 'express-mysql-session',
  on: 'MariaDB',
  server: 'mariadb',
  touch: 'the expiry',
  guarantee: 'everywhere',
  lists: ['all', 'length', 'clear'],
  isShared: true,
  open: async (library, tableName, server) => {
    const pool = load<Mysql2>('mysql2/promise').createPool({ uri: server?.url });
    const Store = load<ExpressMysqlSession>('express-mysql-session')(library);
    const store = new Store({ schema: { tableName } }, pool);
    await store.onReady();
    const row = async (id: string) => {
      const [rows] = await pool.query(`SELECT data, expires FROM ${tableName} WHERE session_id = ?`, [id]);
      return rows[0];
    };
    return {
      store,
      raw: async (id) => (await row(id))?.data as string | undefined,
      remaining: async (id) => Number((await row(id))?.expires) * 1000 - Date.now(),
      shorten: (id) =>
        pool.query(`UPDATE ${tableName} SET expires = ? WHERE session_id = ?`, [
          Math.round((Date.now() + SHORTENED) / 1000),
          id,
        ]),
      close: async () => {
        await store.close();
        await pool.end();
      },
    };
  },
};

/** These make their table with the first call. */
function firstCall(store: expressSession.Store): Promise<void> {
  return new Promise((resolve, reject) => {
    store.get('nobody', (error) => {
      if (error) reject(error as Error);
      else resolve();
    });
  });
}

export const sqlPeers: readonly StorePeer[] = [
  connectPgSimple,
  connectSessionSequelize,
  connectSessionKnex,
  expressMysqlSession,
];
