/** Stores on databases that need no server. */
import { rmSync } from 'node:fs';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import expressSession from 'express-session';
import knex, { type Knex } from 'knex';
import { rowBy } from './knex-row';
import session from '../../../src';
import type { AnyStore } from '../../../src/types';
import { temporaryDirectory } from '../../support/database-server';
import { load, type Row, type Subject } from './subject';

interface Database {
  close(): void;
  prepare(text: string): { get(id: string): Row | undefined };
}

function openSqlite(): Database {
  return new (load<new (file: string) => Database>('libsql'))(':memory:');
}

const betterSqlite3: Subject = {
  module: 'better-sqlite3-session-store',
  on: 'SQLite, libsql',
  grade: 'everywhere',
  create: () => {
    const client = openSqlite();
    const Store = load<(library: typeof session) => new (options: object) => AnyStore>(
      'better-sqlite3-session-store',
    )(session);
    // It keeps a timer of its own that would keep this process alive.
    const { setInterval } = globalThis;
    globalThis.setInterval = (...args: Parameters<typeof setInterval>) => setInterval(...args).unref();
    try {
      const store = new Store({ client });
      const rowOf = (id: string) => {
        const expires = "strftime('%s', expire) * 1000 AS expires";
        const row = client.prepare(`SELECT sess AS data, ${expires} FROM sessions WHERE sid = ?`).get(id);
        return Promise.resolve(row);
      };
      return Promise.resolve({ store, rowOf, close: () => Promise.resolve(client.close()) });
    } finally {
      globalThis.setInterval = setInterval;
    }
  },
};

/** libsql speaks better-sqlite3's interface. */
class LibsqlClient extends load<typeof Knex.Client>('knex/lib/dialects/better-sqlite3/index.js') {
  _driver(): unknown {
    return load('libsql');
  }
}

const connectSessionKnex: Subject = {
  module: 'connect-session-knex',
  on: 'SQLite, libsql',
  grade: 'everywhere',
  create: () => {
    const connection = { filename: ':memory:' };
    const database = knex({ client: LibsqlClient, useNullAsDefault: true, connection });
    const store = new ConnectSessionKnexStore({ knex: database, cleanupInterval: 0 }) as unknown as AnyStore;
    return Promise.resolve({ store, rowOf: rowBy(database), close: () => database.destroy() });
  },
};

const sessionFileStore: Subject = {
  module: 'session-file-store',
  on: 'files',
  grade: 'in this process',
  create: () => {
    const path = temporaryDirectory('session-file-store-');
    const Store =
      load<(library: typeof session) => new (options: object) => AnyStore>('session-file-store')(session);
    const store = new Store({ path, retries: 0, reapInterval: -1, logFn: () => undefined });
    const close = () => Promise.resolve(rmSync(path, { recursive: true }));
    return Promise.resolve({ store, close });
  },
};

const memorystore: Subject = {
  module: 'memorystore',
  on: 'memory',
  grade: 'in this process',
  create: () => {
    const Store =
      load<(library: typeof session) => new (options: object) => AnyStore>('memorystore')(session);
    return Promise.resolve({ store: new Store({}), close: () => Promise.resolve() });
  },
};

const expressSessionsOwn: Subject = {
  module: 'express-session',
  on: 'memory (`MemoryStore`)',
  grade: 'in this process',
  create: () => {
    const store = new expressSession.MemoryStore() as unknown as AnyStore;
    return Promise.resolve({ store, close: () => Promise.resolve() });
  },
};

export const embeddedSubjects: readonly Subject[] = [
  connectSessionKnex,
  betterSqlite3,
  sessionFileStore,
  memorystore,
  expressSessionsOwn,
];
