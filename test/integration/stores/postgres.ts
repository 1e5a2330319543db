/** Stores on PostgreSQL. */
import { ConnectSessionKnexStore } from 'connect-session-knex';
import knex from 'knex';
import { rowBy } from './knex-row';
import session from '../../../src';
import type { AnyStore } from '../../../src/types';
import { load, type Row, type Subject } from './subject';

interface Pg {
  Pool: new (options: { connectionString: string }) => {
    query(text: string, parameters?: unknown[]): Promise<{ rows: Row[] }>;
    end(): Promise<void>;
  };
}

type PgSimple = (library: typeof session) => new (options: object) => AnyStore & { close(): Promise<void> };

/** @param column the type of the column that holds the session; the store's own table has json */
function connectPgSimple(module: string, column = 'json'): Subject {
  return {
    module,
    on: column === 'json' ? 'PostgreSQL 15' : `PostgreSQL 15, column ${column}`,
    server: 'postgres',
    grade: 'everywhere',
    create: async (url) => {
      const pool = new (load<Pg>('pg').Pool)({ connectionString: url });
      if (column !== 'json') {
        await pool.query(
          `CREATE TABLE IF NOT EXISTS session (sid varchar PRIMARY KEY, sess ${column} NOT NULL, expire timestamp(6) NOT NULL)`,
        );
      }
      const PGStore = load<PgSimple>(module)(session);
      const store = new PGStore({ pool, createTableIfMissing: true });
      const close = async () => {
        await store.close();
        await pool.end();
      };
      const rowOf = async (id: string) => {
        const expires = 'extract(epoch from expire)::float8 * 1000 AS expires';
        const { rows } = await pool.query(
          `SELECT sess::text AS data, ${expires} FROM session WHERE sid = $1`,
          [id],
        );
        return rows[0];
      };
      return { store, rowOf, close };
    },
  };
}

const knexOnPostgres: Subject = {
  module: 'connect-session-knex',
  on: 'PostgreSQL 15',
  server: 'postgres',
  grade: 'everywhere',
  create: (url) => {
    const database = knex({ client: 'pg', connection: url });
    const store = new ConnectSessionKnexStore({ knex: database, cleanupInterval: 0 }) as unknown as AnyStore;
    return Promise.resolve({ store, rowOf: rowBy(database), close: () => database.destroy() });
  },
};

export const postgresSubjects: readonly Subject[] = [
  connectPgSimple('connect-pg-simple'),
  connectPgSimple('connect-pg-simple', 'jsonb'),
  connectPgSimple('connect-pg-simple', 'text'),
  connectPgSimple('connect-pg-simple-9'),
  knexOnPostgres,
];
