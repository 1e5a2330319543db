/** express-mysql-session on MariaDB. */
import session from '../../../src';
import type { AnyStore } from '../../../src/types';
import { load, type Subject } from './subject';

interface Pool {
  query(text: string, parameters?: unknown[]): Promise<[{ data: string; expires: number }[]]>;
  end(): Promise<void>;
}

interface Mysql2 {
  createPool(options: object): Pool;
}

type MySQLStore = (
  library: typeof session,
) => new (options: object, pool: Pool) => AnyStore & { onReady(): Promise<void>; close(): Promise<void> };

interface Settings {
  /** Of the connection: with -FOUND_ROWS it counts only rows that an UPDATE has changed. */
  readonly flags?: readonly string[];
  /** Of a table that the application has made; without it the store makes its own, whose collation is binary. */
  readonly collation?: string;
}

function expressMysqlSession(on: string, { flags = [], collation }: Settings = {}): Subject {
  return {
    module: 'express-mysql-session',
    on,
    server: 'mariadb',
    grade: 'everywhere',
    create: async (url) => {
      const pool = load<Mysql2>('mysql2/promise').createPool({ uri: url, flags });
      const tableName = collation ?? 'sessions';
      if (collation) {
        const columns = 'session_id varchar(128) PRIMARY KEY, expires int unsigned NOT NULL, data mediumtext';
        await pool.query(`CREATE TABLE IF NOT EXISTS ${tableName} (${columns}) COLLATE ${collation}`);
      }
      const options = { createDatabaseTable: !collation, schema: { tableName } };
      const store = new (load<MySQLStore>('express-mysql-session')(session))(options, pool);
      await store.onReady();
      const close = async () => {
        await store.close();
        await pool.end();
      };
      const rowOf = async (id: string) => {
        const [[row]] = await pool.query(`SELECT data, expires FROM ${tableName} WHERE session_id = ?`, [id]);
        return row && { data: row.data, expires: row.expires * 1000 };
      };
      return { store, rowOf, close };
    },
  };
}

export const mariadbSubjects: readonly Subject[] = [
  expressMysqlSession('MariaDB 10, mysql2'),
  expressMysqlSession('MariaDB 10, mysql2 that counts changed rows only', { flags: ['-FOUND_ROWS'] }),
  expressMysqlSession('MariaDB 10, a column that takes small letters for capitals', {
    collation: 'utf8mb4_general_ci',
  }),
];
