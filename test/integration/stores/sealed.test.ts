/** Sealed sessions on a real Redis, by connect-redis and its adapter. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import session from '../../../src';
import { sealed } from '../../../src/sealed';
import { answer, Bench, newId, newTag, taggedRecord } from '../../../src/store-test/bench';
import type { AnyStore } from '../../../src/types';
import { skipWithout, type DatabaseServer } from '../../support/database-server';
import { grade } from '../../support/grade-store';
import { redisProgram, startRedis } from '../../support/redis';
import { type NodeRedis, type NodeRedisClient, storeClass } from './redis';
import { load } from './subject';

const secret = randomBytes(32);

for (const module of ['connect-redis', 'connect-redis-10']) {
  describe(`A sealed ${module} on Redis`, function () {
    this.timeout(60_000);
    let server: DatabaseServer;
    let client: NodeRedisClient;
    const inner = (): AnyStore => new (storeClass(module))({ client, prefix: 'p:' });
    const outer = () => sealed(inner(), secret) as AnyStore & session.Store;

    before(async function () {
      if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
      server = await startRedis();
      client = load<NodeRedis>('redis').createClient({ url: server.url });
      await client.connect();
    });

    after(async () => {
      await client.quit();
      await server.remove();
    });

    it("passes all of the test kit, with the guarantee 'everywhere' (B273)", async () => {
      const { report, failures } = await grade(outer);
      assert.deepEqual(failures, []);
      assert.deepEqual([report.grade, report.touch], ['everywhere', 'expiry']);
    });

    it('leaves the expiry as it is where that is asked, and shows no data to Redis (B268 B273)', async () => {
      const bench = new Bench(outer());
      const { compareAndSet, canKeepExpiry } = bench.calls;
      const [id, before, after] = [newId(), newTag(), newTag()];
      await bench.set(id, taggedRecord(before, { user: 'zoltan' }, 30_000));
      const kept = taggedRecord(after, { user: 'zoltan' }, 90_000);
      const stored = await answer<boolean>((done) =>
        compareAndSet?.(id, kept, before, done, { keepsExpiry: true }),
      );
      assert.deepEqual([canKeepExpiry, stored], [true, true]);
      assert.ok((await client.pTTL(`p:${id}`)) <= 30_000);
      assert.doesNotMatch((await client.get(`p:${id}`)) ?? '', /zoltan/);
      assert.equal((await bench.get(id))?.user, 'zoltan');
    });

    it('lists its sessions with their ids, opened (B273)', async () => {
      const bench = new Bench(outer());
      const id = newId();
      await bench.set(id, taggedRecord(newTag(), { user: 'zoltan' }));
      const all = await answer<{ id: string; user?: string }[]>((done) => outer().all?.(done as never));
      assert.equal(all?.find((one) => one.id === id)?.user, 'zoltan');
    });
  });
}
