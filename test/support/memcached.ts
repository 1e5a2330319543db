/** A memcached of a test's own. */
import { userInfo } from 'node:os';
import { findProgram, startServer, temporaryDirectory, type DatabaseServer } from './database-server';
import { freePort } from './loopback-port';

/** Where memcached is; undefined if it is not installed. */
export const memcachedProgram = findProgram('memcached');

/** A memcached on a free loopback port. What it holds is gone when it stops. */
export async function startMemcached(): Promise<DatabaseServer> {
  const port = await freePort();
  return await startServer({
    name: 'memcached',
    url: `127.0.0.1:${String(port)}`,
    port,
    directory: temporaryDirectory('memcached-'),
    command: [
      memcachedProgram ?? 'memcached',
      ...['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-u', userInfo().username],
    ],
    isReady: () => Promise.resolve(true),
  });
}
