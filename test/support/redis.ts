// Starts a Redis for a test.
import { connect } from 'node:net';
import { findProgram, startServer, temporaryDirectory, type DatabaseServer } from './database-server';
import { freePort } from './loopback-port';

/** Where redis-server is; undefined if it is not installed. */
export const redisProgram = findProgram('redis-server');

/** A Redis of its own on a free loopback port. Every write is in its file before it is answered, so that a restart keeps it.
 * `settings` are those of its command line. */
export async function startRedis(...settings: string[]): Promise<DatabaseServer> {
  const port = await freePort();
  const directory = temporaryDirectory('redis-');
  return await startServer({
    name: 'redis-server',
    url: `redis://127.0.0.1:${String(port)}`,
    port,
    directory,
    command: [
      redisProgram ?? 'redis-server',
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--daemonize', 'no'],
      ...['--appendonly', 'yes', '--appendfsync', 'no', '--save', ''],
      ...settings,
    ],
    isReady: () => ping(port),
  });
}

/** Redis accepts connections while it still loads its data. */
function ping(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (answer) => {
      socket.destroy();
      resolve(answer.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
  });
}
