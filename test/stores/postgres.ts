import { createHash } from 'node:crypto';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import knex from 'knex';
import session from '../../src';
import type { AnyStore } from '../../src/types';
import { load, type Subject } from './subject';

interface Pg {
  Pool: new (options: { connectionString: string }) => { end(): Promise<void> };
}

type PgSimple = (library: typeof session) => new (options: object) => AnyStore & { close(): Promise<void> };

function connectPgSimple(module: string): Subject {
  return {
    module,
    on: 'PostgreSQL 15',
    server: 'postgres',
    create: (url) => {
      const pool = new (load<Pg>('pg').Pool)({ connectionString: url });
      const PGStore = load<PgSimple>(module)(session);
      const store = new PGStore({ pool, createTableIfMissing: true });
      const close = async () => {
        await store.close();
        await pool.end();
      };
      return Promise.resolve({ store, close });
    },
  };
}

const knexOnPostgres: Subject = {
  module: 'connect-session-knex',
  on: 'PostgreSQL 15',
  server: 'postgres',
  create: (url) => {
    const database = knex({ client: 'pg', connection: url });
    const store = new ConnectSessionKnexStore({ knex: database }) as unknown as AnyStore;
    return Promise.resolve({ store, close: () => database.destroy() });
  },
};

interface Sequelize {
  Sequelize: new (url: string, options: object) => { close(): Promise<void> };
}

type SequelizeStore = (
  base: unknown,
) => new (options: object) => AnyStore & { sync(): Promise<unknown>; stopExpiringSessions(): void };

function connectSessionSequelize(module: string): Subject {
  return {
    module,
    on: 'PostgreSQL 15, with the `storeKey` above',
    server: 'postgres',
    storeKey: (token) => createHash('sha256').update(token).digest('hex').slice(0, 32),
    create: async (url) => {
      const { Sequelize } = load<Sequelize>('sequelize');
      const db = new Sequelize(url, { logging: false });
      const Store = load<SequelizeStore>(module)(session.Store);
      const store = new Store({ db });
      await store.sync();
      const close = async () => {
        store.stopExpiringSessions();
        await db.close();
      };
      return { store, close };
    },
  };
}

export const postgresSubjects: readonly Subject[] = [
  connectPgSimple('connect-pg-simple'),
  connectPgSimple('connect-pg-simple-9'),
  knexOnPostgres,
  connectSessionSequelize('connect-session-sequelize-8'),
  connectSessionSequelize('connect-session-sequelize'),
];
