/** A Redis with replicas behind three sentinels of a test's own. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { startServer, temporaryDirectory, type DatabaseServer } from './database-server';
import { type Link, linkTo } from './link';
import { freePort } from './loopback-port';
import { redisProgram, startRedis } from './redis';
import { redisCommand } from './redis-cluster';
import { until } from './until';

export interface SentinelOptions {
  /** Default: 2. */
  readonly replicas?: number;
  /** How far behind the replicas are, at least. In ms. Default: 0. */
  readonly lag?: number;
  /** After how long without an answer sentinels take the primary for dead. In ms. Default: 1000. A busy machine may be slow. */
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
  const { replicas: count = 2, lag = 0, downAfter = 1000, settings = [] } = options;
  const start = () => startReplicated(lag, settings);
  const primary = await start();
  const replicas = await Promise.all(Array.from({ length: count }, start));
  for (const { server } of replicas) {
    await redisCommand(server, 'replicaof', '127.0.0.1', String(primary.link.port));
  }
  const all = [primary, ...replicas];
  for (const { server } of replicas) await untilSays(server, /master_link_status:up/, 'info');
  const sentinels = await startSentinels(primary.link.port, downAfter);
  const known = new RegExp(`status=ok,address=[^,]+,slaves=${String(count)},sentinels=${String(SENTINELS)}`);
  for (const sentinel of sentinels) {
    await untilSays(sentinel, known, 'info');
    // Each reaches the others: otherwise clients would soon be told of a change.
    await untilSays(sentinel, /^(?![^]*(?:disconnected|s_down))/, 'sentinel', 'sentinels', NAME);
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
      const offsetOf = async (server: DatabaseServer, name: string): Promise<number> =>
        offsetIn(await redisCommand(server, 'info', 'replication'), name);
      const offset = await offsetOf(primary.server, 'master_repl_offset');
      for (const { server } of replicas) {
        await until(
          'a replica has all that the primary had',
          async () => (await offsetOf(server, 'slave_repl_offset')) >= offset,
        );
      }
    },
    failedOver: async () => {
      let next: Replicated | undefined;
      await until('a replica is the primary', async () => {
        for (const replica of replicas) {
          if ((await redisCommand(replica.server, 'role')).startsWith('master')) next = replica;
        }
        return next !== undefined;
      });
      if (!next) throw new Error('no replica is the primary');
      return next;
    },
    remove: async () => {
      const servers = [...sentinels, ...all.map(({ server }) => server)];
      // Where a replica is behind, an orderly end takes ten seconds.
      await Promise.all(servers.map((server) => server.stop('SIGKILL')));
      await Promise.all(servers.map((server) => server.remove()));
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

interface Identity {
  readonly id: string;
  readonly port: number;
}

/** They know each other from the start: by themselves they take seconds to find out. */
async function startSentinels(primaryPort: number, downAfter: number): Promise<DatabaseServer[]> {
  const identities = await Promise.all(
    Array.from({ length: SENTINELS }, async () => ({
      id: randomBytes(20).toString('hex'),
      port: await freePort(),
    })),
  );
  return await Promise.all(
    identities.map(async (own) => {
      const others = identities.filter((other) => other !== own);
      return await startSentinel(own, others, primaryPort, downAfter);
    }),
  );
}

async function startSentinel(
  { id, port }: Identity,
  others: readonly Identity[],
  primaryPort: number,
  downAfter: number,
): Promise<DatabaseServer> {
  const directory = temporaryDirectory('sentinel-');
  const file = path.join(directory, 'sentinel.conf');
  const quorum = String(Math.floor(SENTINELS / 2) + 1);
  writeFileSync(
    file,
    [
      `port ${String(port)}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel myid ${id}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${String(primaryPort)} ${quorum}`,
      `sentinel down-after-milliseconds ${NAME} ${String(downAfter)}`,
      // After twice this time they vote again, where each has voted for itself.
      `sentinel failover-timeout ${NAME} 2000`,
      ...others.map((other) => `sentinel known-sentinel ${NAME} 127.0.0.1 ${String(other.port)} ${other.id}`),
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

async function untilSays(server: DatabaseServer, pattern: RegExp, ...command: string[]): Promise<void> {
  await until(`${command.join(' ')} says ${String(pattern)}`, async () =>
    pattern.test(await redisCommand(server, ...command)),
  );
}

function offsetIn(info: string, name: string): number {
  return Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
}
