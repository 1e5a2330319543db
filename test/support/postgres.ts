// Starts a PostgreSQL for a test.
import { execFile, execFileSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { findProgram, startServer, temporaryDirectory, type DatabaseServer } from './database-server';
import { freePort } from './loopback-port';

const folders = ['/usr/lib/postgresql/*/bin'];

/** Where postgres is; undefined if it is not installed. */
export const postgresProgram = findProgram('postgres', folders);

/** A PostgreSQL of its own on a free loopback port, with the database `test` and a superuser who needs no password. */
export async function startPostgres(): Promise<DatabaseServer> {
  const port = await freePort();
  const directory = temporaryDirectory('postgres-');
  const user = unprivilegedUser();
  if (user) chownSync(directory, user.uid, user.gid);
  const data = path.join(directory, 'data');
  const run = (name: string, ...args: string[]) =>
    execFileSync(findProgram(name, folders) ?? name, args, { ...user, cwd: directory, stdio: 'pipe' });
  run('initdb', '-D', data, '-U', 'test', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync');
  const isReady = (): Promise<boolean> => {
    try {
      run('pg_isready', '-h', '127.0.0.1', '-p', String(port), '-q');
      return Promise.resolve(true);
    } catch {
      return Promise.resolve(false);
    }
  };
  const server = await startServer({
    name: 'postgres',
    url: `postgres://test@127.0.0.1:${String(port)}/test`,
    port,
    directory,
    command: [postgresProgram ?? 'postgres', ...argumentsFor(port, directory, data)],
    user,
    isReady,
  });
  run('createdb', '-h', '127.0.0.1', '-p', String(port), '-U', 'test', 'test');
  // SIGTERM would wait for clients to leave; SIGINT ends them in an orderly way.
  return { ...server, stop: (signal = 'SIGINT') => server.stop(signal), restart };

  async function restart(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    await server.restart(signal);
  }
}

/** A standby of the server at this URL, which it follows through the port `through`. It comes up at once. */
export async function startStandby(url: string, through: number): Promise<DatabaseServer> {
  const port = await freePort();
  const directory = temporaryDirectory('standby-');
  const user = unprivilegedUser();
  if (user) chownSync(directory, user.uid, user.gid);
  const data = path.join(directory, 'data');
  const source = Object.assign(new URL(url), { port: String(through), pathname: '' }).href;
  const backup = ['-D', data, '-d', source, '--write-recovery-conf', '--checkpoint=fast', '--no-sync'];
  // Not synchronously: what is at that port may be of this process.
  const program = findProgram('pg_basebackup', folders) ?? 'pg_basebackup';
  await promisify(execFile)(program, backup, { ...user, cwd: directory });
  return await startServer({
    name: 'postgres',
    url: Object.assign(new URL(url), { port: String(port) }).href,
    port,
    directory,
    command: [
      postgresProgram ?? 'postgres',
      ...argumentsFor(port, directory, data),
      // Of five seconds, for which it would wait for its primary, promoted or not.
      ...['-c', 'wal_retrieve_retry_interval=100ms'],
    ],
    user,
    isReady: () => Promise.resolve(true),
  });
}

/** No test takes the power away, so nothing has to be on the disk: what the system has is there after a kill. */
function argumentsFor(port: number, directory: string, data: string): string[] {
  const settings = ['max_connections=200', 'fsync=off', 'full_page_writes=off'];
  const place = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', directory];
  return [...place, ...settings.flatMap((setting) => ['-c', setting])];
}

/** One more empty database on the server at this URL. */
export function createDatabase(url: string, name: string): string {
  execFileSync(findProgram('createdb', folders) ?? 'createdb', [`--maintenance-db=${url}`, name], {
    stdio: 'pipe',
  });
  return Object.assign(new URL(url), { pathname: `/${name}` }).href;
}

/** PostgreSQL and PgBouncer refuse to be run by root: then Debian's own user for them is who runs them. */
export function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}
