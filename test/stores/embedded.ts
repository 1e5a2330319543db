import { rmSync } from 'node:fs';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import expressSession from 'express-session';
import knex, { type Knex } from 'knex';
import { LibsqlClient } from '../../examples/playground/libsql-client';
import session from '../../src';
import type { AnyStore } from '../../src/types';
import { temporaryDirectory } from '../support/database-server';
import { load, type Subject } from './subject';

interface Database {
  close(): void;
}

/** Its addon is built by .ci/run; npm does not build it by itself. */
function missingSqlite(): string | undefined {
  try {
    openSqlite().close();
    return undefined;
  } catch {
    return 'better-sqlite3 is not built: node-gyp rebuild in its folder';
  }
}

function openSqlite(): Database {
  return new (load<new (file: string) => Database>('better-sqlite3'))(':memory:');
}

const betterSqlite3: Subject = {
  module: 'better-sqlite3-session-store',
  on: 'SQLite, better-sqlite3',
  missing: missingSqlite,
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
      return Promise.resolve({ store, close: () => Promise.resolve(client.close()) });
    } finally {
      globalThis.setInterval = setInterval;
    }
  },
};

function knexOnSqlite(on: string, client: Knex.Config['client'], missing?: Subject['missing']): Subject {
  return {
    module: 'connect-session-knex',
    on,
    missing,
    create: () => {
      const database = knex({ client, useNullAsDefault: true, connection: { filename: ':memory:' } });
      const store = new ConnectSessionKnexStore({ knex: database }) as unknown as AnyStore;
      return Promise.resolve({ store, close: () => database.destroy() });
    },
  };
}

interface Typeorm {
  DataSource: new (options: object) => {
    initialize(): Promise<unknown>;
    getRepository(entity: unknown): unknown;
    destroy(): Promise<void>;
  };
  EntitySchema: new (options: object) => unknown;
}

interface ConnectTypeorm {
  TypeormStore: new (options: object) => { connect(repository: unknown): AnyStore };
}

const connectTypeorm: Subject = {
  module: 'connect-typeorm',
  on: 'SQLite, sql.js',
  create: async () => {
    const { DataSource, EntitySchema } = load<Typeorm>('typeorm');
    const entity = new EntitySchema({
      name: 'session',
      columns: {
        expiredAt: { type: 'bigint' },
        id: { type: 'varchar', length: 255, primary: true },
        json: { type: 'text' },
        destroyedAt: { type: 'datetime', nullable: true, deleteDate: true },
      },
    });
    const source = new DataSource({ type: 'sqljs', entities: [entity], synchronize: true });
    await source.initialize();
    const { TypeormStore } = load<ConnectTypeorm>('connect-typeorm');
    const store = new TypeormStore({ cleanupLimit: 2 }).connect(source.getRepository(entity));
    return { store, close: () => source.destroy() };
  },
};

const sessionFileStore: Subject = {
  module: 'session-file-store',
  on: 'files',
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
  create: () => {
    const Store =
      load<(library: typeof session) => new (options: object) => AnyStore>('memorystore')(session);
    return Promise.resolve({ store: new Store({}), close: () => Promise.resolve() });
  },
};

const expressSessionsOwn: Subject = {
  module: 'express-session',
  on: 'memory (`MemoryStore`)',
  create: () => {
    const store = new expressSession.MemoryStore() as unknown as AnyStore;
    return Promise.resolve({ store, close: () => Promise.resolve() });
  },
};

export const embeddedSubjects: readonly Subject[] = [
  knexOnSqlite('SQLite, better-sqlite3', 'better-sqlite3', missingSqlite),
  knexOnSqlite('SQLite, libsql', LibsqlClient),
  betterSqlite3,
  connectTypeorm,
  sessionFileStore,
  memorystore,
  expressSessionsOwn,
];
