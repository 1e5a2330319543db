/** connect-redis behind Redis Sentinel: what a fail-over under load loses, and what it does not. */
import assert from 'node:assert/strict';
import { callsOf } from '../../../src/store/guarantee';
import type { AnyStore } from '../../../src/types';
import { skipWithout } from '../../support/database-server';
import { createKeyPair } from '../../support/keys';
import { redisProgram } from '../../support/redis';
import { type SentinelOptions, startRedisSentinel } from '../../support/redis-sentinel';
import { send, signIn } from '../cluster/client';
import { Cluster } from '../cluster/cluster';
import { openClient } from '../cluster/open-redis';
import { countLogins } from '../cluster/redirect';
import { storeClass } from '../stores/redis';
import type { Sentinel } from '../cluster/settings';
import { failOver, lineOf } from './fail-over';

interface Scenario extends SentinelOptions, Pick<Sentinel, 'waits'> {
  /** What becomes of the primary: it is killed, or nobody but the application reaches it any more. */
  readonly fate: 'killed' | 'cut off';
}

describe('Behind Redis Sentinel', function () {
  this.timeout(60_000);

  before(function () {
    if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
  });

  it('connect-redis neither counts nor lists nor clears the sessions, since its client cannot scan', async () => {
    const redis = await startRedisSentinel({ replicas: 1 });
    const engine = { addresses: redis.addresses };
    const client = await openClient({ url: redis.url, engine });
    const store = new (storeClass('connect-redis'))({ client }) as unknown as Record<
      string,
      () => Promise<unknown>
    >;
    assert.equal(callsOf(store as unknown as AnyStore).guarantee, 'everywhere');
    try {
      for (const method of ['length', 'ids', 'all', 'clear']) {
        await assert.rejects(async () => await store[method]?.(), /scanIterator is not a function/, method);
      }
    } finally {
      client.destroy();
      await redis.remove();
    }
  });

  it('who reads from a replica that is behind finds no login, and is signed in after a logout', async () => {
    const redis = await startRedisSentinel({ replicas: 1, downAfter: 60_000 });
    const engine = { addresses: redis.addresses, replicaPoolSize: 1 };
    const settings = {
      store: 'connect-redis',
      url: redis.url,
      keys: createKeyPair(),
      secret: 'cat',
      engine,
    } as const;
    const cluster = new Cluster(settings, 2);
    const { link } = redis.primary;
    try {
      await cluster.start();
      link.pause();
      assert.equal(await countLogins({ cluster }, 5), 0);
      link.resume();
      const cookie = await signIn(cluster, 'ada');
      const user = async () => (await send(cluster, 'GET /me', { cookie })).body.user;
      await redis.replicated();
      assert.equal(await user(), 'ada');
      link.pause();
      await send(cluster, 'POST /logout', { cookie });
      assert.equal(await user(), 'ada');
      link.resume();
      await redis.replicated();
      assert.equal(await user(), null);
    } finally {
      await cluster.stop();
      await redis.remove();
    }
  });

  const cut = { fate: 'cut off', downAfter: 3000 } as const;
  const refusing = ['--min-replicas-to-write', '1', '--min-replicas-max-lag', '1'];
  const scenarios: readonly (Scenario & { title: string })[] = [
    { title: 'a primary that is killed, its replicas at its heels', fate: 'killed' },
    { title: 'a primary that is killed, its replicas 20 ms behind', fate: 'killed', lag: 20 },
    { title: 'the same, where writes WAIT for a replica', fate: 'killed', lag: 20, waits: true },
    { title: 'a primary that is cut off and goes on', ...cut },
    { title: 'the same, with min-replicas-to-write 1', ...cut, settings: refusing },
  ];
  for (const { title, fate, waits = false, ...options } of scenarios) {
    it(`requests are answered again, and what the replicas knew is as it was: ${title}`, async () => {
      const redis = await startRedisSentinel(options);
      const { url, addresses } = redis;
      const end = async (): Promise<void> => {
        if (fate === 'cut off') redis.primary.link.cut();
        else await redis.primary.server.stop('SIGKILL');
        await redis.failedOver();
      };
      const settings = { store: 'connect-redis', url, engine: { addresses, waits } } as const;
      // One write waits for the other where each waits for a replica.
      const load = { goesOn: fate === 'cut off', ...(waits && { earlier: 20 }) };
      const result = await failOver({ ...redis, settings, end }, load);
      console.log(`        ${lineOf(result)}`);
      const { replicatedLogins, replicatedLogouts } = result;
      assert.deepEqual(
        { replicatedLogins, replicatedLogouts },
        { replicatedLogins: 0, replicatedLogouts: 0 },
      );
      if (waits) assert.equal(result.lost, 0);
    });
  }
});
