// knex ships no types for its dialects.
declare module 'knex/lib/dialects/better-sqlite3/index.js' {
  import type { Knex } from 'knex';
  const Client: typeof Knex.Client;
  export = Client;
}
