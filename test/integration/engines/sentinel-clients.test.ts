/** node-redis behind Redis Sentinel: whether a client finds the next primary when the sentinels notice late that there is none. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { skipWithout } from '../../support/database-server';
import { redisProgram } from '../../support/redis';
import { startRedisSentinel } from '../../support/redis-sentinel';
import { type NodeRedis, type RedisClient, sentinelOptions } from '../cluster/open-redis';
import { load } from '../stores/subject';

describe('A client behind Redis Sentinel, whose primary is killed two seconds before the sentinels notice', function () {
  this.timeout(60_000);

  before(function () {
    if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
  });

  it('finds the next primary: node-redis 6, and node-redis 5 with reconnectStrategy false; otherwise node-redis 5 waits for the old one', async () => {
    const redis = await startRedisSentinel({ replicas: 1, downAfter: 2000 });
    const clients: RedisClient[] = [];
    // node-redis prints why it cannot connect.
    const print = mock.method(console, 'log', () => undefined);
    const open = async (module: string, socket: object): Promise<RedisClient> => {
      const options = sentinelOptions(redis.url, { addresses: redis.addresses });
      const nodeClientOptions = { disableOfflineQueue: true, socket };
      const client = load<NodeRedis>(module).createSentinel({ ...options, nodeClientOptions });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    };
    try {
      const endless = { reconnectStrategy: 50 };
      const ending = await open('redis', { reconnectStrategy: false });
      const newer = await open('redis-6', endless);
      const waiting = await open('redis', endless);
      await waiting.set('name', 'ada');
      await redis.replicated();

      redis.primary.link.cut();
      await redis.primary.server.stop('SIGKILL');
      const state = { isAnswered: false };
      const late = waiting.get('name').then((answer) => {
        state.isAnswered = true;
        return answer;
      });
      const answers = await Promise.all([ending, newer].map((client) => client.get('name')));
      assert.deepEqual(answers, ['ada', 'ada']);
      // The sentinels know the next primary by now, and whoever asks them is told.
      const another = await open('redis', endless);
      assert.equal(await another.get('name'), 'ada');
      assert.equal(state.isAnswered, false);
      await redis.primary.server.start();
      await late;
    } finally {
      print.mock.restore();
      await Promise.all(clients.map((client) => client.destroy()));
      await redis.remove();
    }
  });
});
