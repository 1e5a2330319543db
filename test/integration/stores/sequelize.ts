/** connect-session-sequelize on SQLite and PostgreSQL. */
import session from '../../../src';
import type { AnyStore } from '../../../src/types';
import { sqlite3 } from './sqlite3-driver';
import { load, type Subject } from './subject';

interface Stored {
  data: string;
  expires: Date;
}

interface Sequelize {
  Sequelize: new (
    url: string,
    options: object,
  ) => {
    readonly models: Record<string, { findOne(options: object): Promise<Stored | null> }>;
    close(): Promise<void>;
  };
}

type SequelizeStore = (
  base: unknown,
) => new (options: object) => AnyStore & { sync(): Promise<unknown>; stopExpiringSessions(): void };

function connectSessionSequelize(module: string, server: 'postgres' | undefined): Subject {
  return {
    module,
    on: server ? 'PostgreSQL 15' : 'SQLite, libsql',
    server,
    grade: 'everywhere',
    create: async (url) => {
      const { Sequelize } = load<Sequelize>('sequelize');
      const db = server
        ? new Sequelize(url, { logging: false })
        : new Sequelize('sqlite::memory:', { dialectModule: sqlite3, logging: false });
      const Store = load<SequelizeStore>(module)(session.Store);
      const store = new Store({ db });
      await store.sync();
      const close = async () => {
        store.stopExpiringSessions();
        await db.close();
      };
      const rowOf = async (sid: string) => {
        const row = await db.models.Session?.findOne({ where: { sid } });
        return row ? { data: row.data, expires: row.expires.valueOf() } : undefined;
      };
      return { store, rowOf, close };
    },
  };
}

export const sequelizeSubjects: readonly Subject[] = [
  connectSessionSequelize('connect-session-sequelize-8', 'postgres'),
  connectSessionSequelize('connect-session-sequelize-8', undefined),
  connectSessionSequelize('connect-session-sequelize', 'postgres'),
  connectSessionSequelize('connect-session-sequelize', undefined),
];
