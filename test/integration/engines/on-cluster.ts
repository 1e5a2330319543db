/** A Redis Cluster as the scenarios of test/integration/cluster want a database. */
import { skipWithout } from '../../support/database-server';
import { redisProgram } from '../../support/redis';
import { redisCommand, type RedisCluster, startRedisCluster } from '../../support/redis-cluster';

export interface ClusterDatabase {
  readonly server: RedisCluster;
  readonly storedIds: () => Promise<string[]>;
}

export async function startClusterDatabase(test: Mocha.Context): Promise<ClusterDatabase> {
  if (!redisProgram) skipWithout(test, 'no redis: apt-get install redis-server');
  const server = await startRedisCluster();
  const storedIds = async (): Promise<string[]> => {
    const keys = await Promise.all(server.nodes.map((node) => redisCommand(node, 'keys', 'sess:*')));
    return keys.flatMap((text) => (text ? text.split('\n') : [])).map((key) => key.slice('sess:'.length));
  };
  return { server, storedIds };
}
