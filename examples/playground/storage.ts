/** Where this site keeps its sessions: memory or SQLite, and a look at all that is in there. */
import path from 'node:path';
import { ConnectSessionKnexStore } from 'connect-session-knex';
import type { Store } from 'express-session';
import session from 'express-session-jwt';
import knex from 'knex';
import { LibsqlClient } from './libsql-client';

/** One record of the store, as the store itself knows it. */
export interface Entry {
  id: string;
  record: Record<string, unknown>;
}

export interface Storage {
  label: string;
  store: Store;
  /** Everything the store holds. The session interface has no call that tells ids, so each store is asked in its way. */
  entries(): Promise<Entry[]>;
  close(): Promise<void>;
}

export function openStorage(kind: string, directory: string): Storage {
  if (kind === 'memory') return memory();
  if (kind === 'sqlite') return sqlite(path.join(directory, 'sessions.sqlite'));
  throw new TypeError(`STORE must be "memory" or "sqlite", not ${JSON.stringify(kind)}`);
}

function memory(): Storage {
  const store = new session.MemoryStore();
  return {
    label: 'MemoryStore',
    store,
    // `all` shows sessions as applications see them; these are the records as they are kept.
    entries: () => {
      const { sessions } = store as unknown as { sessions: Record<string, string> };
      return Promise.resolve(
        Object.entries(sessions).map(([id, text]) => ({ id, record: JSON.parse(text) as Entry['record'] })),
      );
    },
    close: () => Promise.resolve(),
  };
}

function sqlite(filename: string): Storage {
  const database = knex({ client: LibsqlClient, useNullAsDefault: true, connection: { filename } });
  const store = new ConnectSessionKnexStore({ knex: database });
  return {
    label: 'connect-session-knex (SQLite)',
    store,
    entries: async () => {
      await store.ready;
      const rows = await database<{ sid: string; sess: string }>('sessions').select('sid', 'sess');
      return rows.map((row) => ({ id: row.sid, record: JSON.parse(row.sess) as Entry['record'] }));
    },
    close: () => database.destroy(),
  };
}
