/** A Redis Cluster of three nodes of a test's own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram, type DatabaseServer } from './database-server';
import { freePort } from './loopback-port';
import { startRedis } from './redis';

/** Three masters with a third of the slots each, and no replicas. */
export interface RedisCluster extends DatabaseServer {
  /** The URLs of all nodes, separated by commas. */
  readonly url: string;
  readonly nodes: readonly DatabaseServer[];
  /** Gives so many slots of one node to another, with the keys that are in them, while both serve. */
  moveSlots(count: number, from: DatabaseServer, to: DatabaseServer): Promise<void>;
}

const NODES = 3;
/** After which a node that does not answer is held to be away, and all others refuse. In ms. A busy machine may be slow. */
const NODE_TIMEOUT = 15_000;

const run = promisify(execFile);

/** Sends one command to the node on this port; what redis-cli prints. */
export async function redisCommand({ port }: { port: number }, ...command: string[]): Promise<string> {
  const program = findProgram('redis-cli') ?? 'redis-cli';
  const { stdout } = await run(program, ['-h', '127.0.0.1', '-p', String(port), ...command]);
  return stdout.trim();
}

/** `settings` are those of each node's command line. */
export async function startRedisCluster(...settings: string[]): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: NODES }, () => startNode(settings)));
  const addresses = nodes.map(({ bus, server }) => `127.0.0.1:${String(server.port)}@${String(bus)}`);
  const servers = nodes.map(({ server }) => server);
  const [first] = servers;
  if (!first) throw new Error('a cluster without nodes');
  const onEach = async (call: (server: DatabaseServer) => Promise<void>): Promise<void> => {
    await Promise.all(servers.map(call));
  };
  const isReady = async (): Promise<void> => {
    for (const server of servers) {
      while (
        !/cluster_state:ok[^]*cluster_known_nodes:3/.test(await redisCommand(server, 'cluster', 'info'))
      );
    }
  };
  await redisCommand(first, '--cluster', 'create', ...addresses, '--cluster-yes');
  await isReady();
  const cluster: RedisCluster = {
    nodes: servers,
    url: servers.map(({ url }) => url).join(','),
    port: first.port,
    stop: (signal) => onEach((server) => server.stop(signal)),
    start: async () => {
      await onEach((server) => server.start());
      await isReady();
    },
    restart: async (signal) => {
      await cluster.stop(signal);
      await cluster.start();
    },
    remove: () => onEach((server) => server.remove()),
    moveSlots: async (count, from, to) => {
      const [source, target] = [
        await redisCommand(from, 'cluster', 'myid'),
        await redisCommand(to, 'cluster', 'myid'),
      ];
      const options = [
        '--cluster-from',
        source,
        '--cluster-to',
        target,
        '--cluster-slots',
        String(count),
        '--cluster-yes',
      ];
      await redisCommand(first, '--cluster', 'reshard', `127.0.0.1:${String(first.port)}`, ...options);
    },
  };
  return cluster;
}

async function startNode(others: readonly string[]): Promise<{ server: DatabaseServer; bus: number }> {
  // By default it is 10000 above the other port, where there may be no port.
  const bus = await freePort();
  const settings = ['--cluster-enabled', 'yes', '--cluster-port', String(bus)];
  const server = await startRedis(...settings, '--cluster-node-timeout', String(NODE_TIMEOUT), ...others);
  return { server, bus };
}
