/** A PgBouncer of a test's own, in transaction mode, before a PostgreSQL. */
import { execFileSync } from 'node:child_process';
import { chownSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findProgram, startServer, temporaryDirectory, type DatabaseServer } from './database-server';
import { freePort } from './loopback-port';
import { unprivilegedUser } from './postgres';

/** Where pgbouncer is; undefined if it is not installed. */
export const pgbouncerProgram = findProgram('pgbouncer', ['/usr/sbin']);

/** Fewer connections than requests at a time, so that each transaction may get another one than the one before. */
const CONNECTIONS = 3;

export interface Pgbouncer extends DatabaseServer {
  /** From now on its URL leads to the database of the same name on this port. */
  leadTo(port: number): void;
}

/** Its URL leads to the database at that URL. */
export async function startPgbouncer(databaseUrl: string): Promise<Pgbouncer> {
  const port = await freePort();
  const directory = temporaryDirectory('pgbouncer-');
  const user = unprivilegedUser();
  if (user) chownSync(directory, user.uid, user.gid);
  const database = new URL(databaseUrl);
  const name = database.pathname.slice(1);
  const settingsFor = (databasePort: string): string[] => [
    '[databases]',
    `${name} = host=${database.hostname} port=${databasePort} dbname=${name} user=${database.username}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${String(port)}`,
    'unix_socket_dir =',
    'auth_type = any',
    'admin_users = admin',
    'pool_mode = transaction',
    `default_pool_size = ${String(CONNECTIONS)}`,
    'max_client_conn = 200',
    // While PostgreSQL is away, statements wait for so many seconds: by default for two minutes.
    'query_wait_timeout = 1',
    'server_login_retry = 1',
  ];
  const file = path.join(directory, 'pgbouncer.ini');
  const write = (databasePort: string): void => {
    writeFileSync(file, `${settingsFor(databasePort).join('\n')}\n`);
  };
  write(database.port);
  const server = await startServer({
    name: 'pgbouncer',
    url: Object.assign(new URL(databaseUrl), { port: String(port) }).href,
    port,
    directory,
    command: [pgbouncerProgram ?? 'pgbouncer', file],
    user,
    isReady: () => Promise.resolve(true),
  });
  const leadTo = (databasePort: number): void => {
    write(String(databasePort));
    execFileSync(
      'psql',
      ['-h', '127.0.0.1', '-p', String(port), '-U', 'admin', '-c', 'RELOAD', 'pgbouncer'],
      {
        stdio: 'pipe',
      },
    );
  };
  return { ...server, leadTo };
}

/** Starts one before this PostgreSQL. `remove` removes both. */
export async function startPgbouncerBefore(postgres: DatabaseServer): Promise<Pgbouncer> {
  const pooler = await startPgbouncer(postgres.url);
  const remove = async (): Promise<void> => {
    await pooler.remove();
    await postgres.remove();
  };
  return { ...pooler, remove };
}
