/** A Redis with replicas behind three sentinels of a test's own. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { startServer, temporaryDirectory, type DatabaseServer } from './database-server';
import { type Link, linkTo } from './link';
import { freePort } from './loopback-port';
import { redisProgram, startRedis } from './redis';
import { redisCommand } from './redis-cluster';

export interface SentinelOptions {
  /** Default: 2. */
  readonly replicas?: number;
  /** How far behind the replicas are, at least. In ms. Default: 0. */
  readonly lag?: number;
  /** After how long without an answer sentinels take the primary for dead. In ms. Default: 500. */
  readonly downAfter?: number;
  /** More settings of each Redis. */
  readonly settings?: readonly string[];
}

/** One Redis, as its clients reach it, and the link by which the other Redis and the sentinels do. */
export interface Replicated {
  readonly server: DatabaseServer;
  readonly link: Link;
}

export interface RedisSentinel {
  /** The URLs of the sentinels, separated by commas. */
  readonly url: string;
  readonly primary: Replicated;
  readonly replicas: readonly Replicated[];
  /** The addresses that the sentinels know, and those of clients of the same Redis. */
  readonly addresses: Readonly<Record<string, { host: string; port: number }>>;
  /** Resolves once the replicas have all that the primary has by now. */
  replicated(): Promise<void>;
  /** Resolves once a replica has become the primary; which one. */
  failedOver(): Promise<Replicated>;
  remove(): Promise<void>;
}

const SENTINELS = 3;
const NAME = 'sessions';

export async function startRedisSentinel(options: SentinelOptions = {}): Promise<RedisSentinel> {
  const { replicas: count = 2, lag = 0, downAfter = 500, settings = [] } = options;
  const start = () => startReplicated(lag, settings);
  const primary = await start();
  const replicas = await Promise.all(Array.from({ length: count }, start));
  for (const { server } of replicas) {
    await redisCommand(server, 'replicaof', '127.0.0.1', String(primary.link.port));
  }
  const all = [primary, ...replicas];
  for (const { server } of replicas) await untilInfo(server, /master_link_status:up/);
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, () => startSentinel(primary.link.port, downAfter)),
  );
  for (const sentinel of sentinels) {
    const known = new RegExp(
      `status=ok,address=[^,]+,slaves=${String(count)},sentinels=${String(SENTINELS)}`,
    );
    await untilInfo(sentinel, known);
  }
  return {
    url: sentinels.map(({ port }) => `redis://127.0.0.1:${String(port)}`).join(','),
    primary,
    replicas,
    addresses: Object.fromEntries(
      all.map(({ server, link }) => [
        `127.0.0.1:${String(link.port)}`,
        { host: '127.0.0.1', port: server.port },
      ]),
    ),
    replicated: async () => {
      const offset = offsetIn(
        await redisCommand(primary.server, 'info', 'replication'),
        'master_repl_offset',
      );
      for (const { server } of replicas) {
        while (offsetIn(await redisCommand(server, 'info', 'replication'), 'slave_repl_offset') < offset);
      }
    },
    failedOver: async () => {
      for (;;) {
        for (const replica of replicas) {
          if ((await redisCommand(replica.server, 'role')).startsWith('master')) return replica;
        }
      }
    },
    remove: async () => {
      await Promise.all([...sentinels, ...all.map(({ server }) => server)].map((server) => server.remove()));
      for (const { link } of all) link.close();
    },
  };
}

async function startReplicated(lag: number, settings: readonly string[]): Promise<Replicated> {
  const server = await startRedis('--appendonly', 'no', '--repl-diskless-sync-delay', '0', ...settings);
  const link = await linkTo(server.port, lag);
  await redisCommand(server, 'config', 'set', 'replica-announce-port', String(link.port));
  return { server, link };
}

async function startSentinel(primaryPort: number, downAfter: number): Promise<DatabaseServer> {
  const port = await freePort();
  const directory = temporaryDirectory('sentinel-');
  const file = path.join(directory, 'sentinel.conf');
  const quorum = String(Math.floor(SENTINELS / 2) + 1);
  writeFileSync(
    file,
    [
      `port ${String(port)}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${String(primaryPort)} ${quorum}`,
      `sentinel down-after-milliseconds ${NAME} ${String(downAfter)}`,
      `sentinel failover-timeout ${NAME} 3000`,
    ].join('\n'),
  );
  return await startServer({
    name: 'redis-sentinel',
    url: `redis://127.0.0.1:${String(port)}`,
    port,
    directory,
    command: [redisProgram ?? 'redis-server', file, '--sentinel'],
    isReady: () => Promise.resolve(true),
  });
}

async function untilInfo(server: DatabaseServer, pattern: RegExp): Promise<void> {
  while (!pattern.test(await redisCommand(server, 'info')));
}

function offsetIn(info: string, name: string): number {
  return Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
}
