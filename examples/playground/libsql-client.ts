/** The SQLite driver of this site. */
import BetterSqlite3Client from 'knex/lib/dialects/better-sqlite3/index.js';
import libsql from 'libsql';

/**
 * SQLite for knex without a compiler: libsql speaks better-sqlite3's interface and brings its binary in an optional
 * package, so that `npm ci` needs to run no install script.
 */
export class LibsqlClient extends BetterSqlite3Client {
  _driver(): unknown {
    return libsql;
  }
}
