/* connect-pg-simple on node-postgres, as an application opens it. Its queries are counted as the pool gets them. */

import { createRequire } from 'node:module';
import { URL } from 'node:url';

// Packages of the integration tests.
const load = createRequire(new URL('../../test/integration/package.json', import.meta.url));

/**
 * @param {string} url
 * @param {unknown} library the session middleware, whose Store the store inherits from
 * @returns {Promise<import('./types.ts').OpenedStore>}
 */
export async function open(url, library) {
  const pool = new (load('pg').Pool)({ connectionString: url });
  const query = pool.query.bind(pool);
  await query(CREATE_TABLE);
  let sent = 0;
  pool.query = (/** @type {unknown[]} */ ...args) => {
    sent += 1;
    return query(...args);
  };
  const PGStore = load('connect-pg-simple')(library);
  const store = new PGStore({ pool, pruneSessionInterval: false });
  return { store, commands: () => sent, ping: () => query('SELECT 1') };
}

/** The table of connect-pg-simple's own table.sql. */
const CREATE_TABLE =
  'CREATE TABLE IF NOT EXISTS session (sid varchar PRIMARY KEY, sess json NOT NULL, expire timestamp(6) NOT NULL);' +
  'CREATE INDEX IF NOT EXISTS "IDX_session_expire" ON session (expire)';
