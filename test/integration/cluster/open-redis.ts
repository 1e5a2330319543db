/** The client of the application, for one Redis or several. */
import { load } from '../stores/subject';
import type { Sentinel, Settings } from './settings';

export type Call = (...args: unknown[]) => Promise<unknown>;

export interface RedisClient {
  connect(): Promise<unknown>;
  destroy(): unknown;
  on(event: 'error', listener: () => void): unknown;
  get: Call;
  set: Call;
  expire: Call;
  eval: Call;
  del: Call;
  wait(replicas: number, milliseconds: number): Promise<number>;
  /** Only behind Redis Sentinel. */
  getMasterNode?(): unknown;
}

export interface NodeRedis {
  createClient(options: object): RedisClient;
  createCluster(options: object): RedisClient;
  createSentinel(options: object): RedisClient;
}

/** Requests fail while the database is away, instead of piling up. */
const failing = { disableOfflineQueue: true, socket: { reconnectStrategy: 50 } };

/** How long a write waits for the replica. In ms. */
const PATIENCE = 1000;

/** A client that is connected. */
export async function openClient({ engine, url }: Pick<Settings, 'engine' | 'url'>): Promise<RedisClient> {
  const redis = load<NodeRedis>('redis');
  const client =
    engine === undefined
      ? redis.createClient({ url, ...failing })
      : engine === 'cluster'
        ? redis.createCluster({ rootNodes: url.split(',').map((one) => ({ url: one })), defaults: failing })
        : redis.createSentinel(sentinelOptions(url, engine));
  // As node-redis asks for: without a listener an error would end the process.
  client.on('error', () => undefined);
  await client.connect();
  if (typeof engine === 'object' && engine.waits) waitForReplica(client);
  return client;
}

/**
 * Without `reconnectStrategy: false` node-redis 5 may wait for ever: just after the end of a primary the sentinels still name it,
 * and who connects to it again and again does not ask them again.
 */
export function sentinelOptions(url: string, { addresses, replicaPoolSize = 0 }: Sentinel): object {
  const sentinels = url.split(',').map((one) => new URL(one));
  return {
    name: 'sessions',
    sentinelRootNodes: sentinels.map(({ hostname, port }) => ({ host: hostname, port: Number(port) })),
    nodeAddressMap: addresses,
    nodeClientOptions: { ...failing, socket: { reconnectStrategy: false } },
    sentinelClientOptions: failing,
    replicaPoolSize,
  };
}

/**
 * A write that no replica has is an error, so that nobody is told of it. The client repeats on the new primary what a fail-over
 * interrupts. There WAIT says nothing about a write to the old one.
 */
function waitForReplica(client: RedisClient): void {
  const primary = (): unknown => JSON.stringify(client.getMasterNode?.());
  for (const method of ['set', 'del', 'eval'] as const) {
    const write = client[method].bind(client);
    client[method] = async (...args) => {
      const before = primary();
      const answer = await write(...args);
      const replicas = await client.wait(1, PATIENCE);
      if (replicas < 1 || primary() !== before) throw new Error(`${method}: no replica has it`);
      return answer;
    };
  }
}
