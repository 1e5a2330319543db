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
  Sequelize: new (
    url: string,
    options: object,
  ) => {
    define(name: string, columns: object): { sync(): Promise<unknown> };
    close(): Promise<void>;
  };
  DataTypes: { STRING: (length: number) => unknown; DATE: unknown; TEXT: unknown };
}

type SequelizeStore = (base: unknown) => new (options: object) => AnyStore & { stopExpiringSessions(): void };

function connectSessionSequelize(module: string): Subject {
  return {
    module,
    on: 'PostgreSQL 15, `sid` of 64 characters',
    server: 'postgres',
    create: async (url) => {
      const { Sequelize, DataTypes } = load<Sequelize>('sequelize');
      const db = new Sequelize(url, { logging: false });
      const columns = {
        sid: { type: DataTypes.STRING(64), primaryKey: true },
        expires: DataTypes.DATE,
        data: DataTypes.TEXT,
      };
      await db.define('Session', columns).sync();
      const Store = load<SequelizeStore>(module)(session.Store);
      const store = new Store({ db, table: 'Session' });
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
