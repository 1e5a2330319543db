/** A MariaDB of a test's own. */
import { execFileSync } from 'node:child_process';
import { chownSync } from 'node:fs';
import path from 'node:path';
import { findProgram, startServer, temporaryDirectory, type DatabaseServer } from './database-server';
import { freePort } from './loopback-port';

const folders = ['/usr/sbin'];

/** Where mariadbd is; undefined if it is not installed. */
export const mariadbProgram = findProgram('mariadbd', folders);

/** A MariaDB on a free loopback port, with the database `test` and the user `test`, who may do anything without a password. */
export async function startMariadb(): Promise<DatabaseServer> {
  const port = await freePort();
  const directory = temporaryDirectory('mariadb-');
  const user = unprivilegedUser();
  if (user) chownSync(directory, user.uid, user.gid);
  const data = path.join(directory, 'data');
  const socket = path.join(directory, 'socket');
  const run = (name: string, ...args: string[]) =>
    execFileSync(findProgram(name, folders) ?? name, args, { ...user, cwd: directory, stdio: 'pipe' });
  run('mariadb-install-db', '--no-defaults', `--datadir=${data}`, '--skip-test-db');
  const isReady = (): Promise<boolean> => {
    try {
      run('mariadb-admin', '--no-defaults', `--socket=${socket}`, 'ping');
      return Promise.resolve(true);
    } catch {
      return Promise.resolve(false);
    }
  };
  const server = await startServer({
    name: 'mariadbd',
    url: `mysql://test@127.0.0.1:${String(port)}/test`,
    port,
    directory,
    command: [
      mariadbProgram ?? 'mariadbd',
      ...['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, `--port=${String(port)}`],
      ...['--bind-address=127.0.0.1', '--skip-name-resolve', '--skip-grant-tables'],
    ],
    user,
    isReady,
  });
  run('mariadb', '--no-defaults', `--socket=${socket}`, '-e', 'CREATE DATABASE test CHARACTER SET utf8mb4');
  return server;
}

/** MariaDB refuses to be run by root: then Debian's own user for it is who runs it. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'mysql'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}
