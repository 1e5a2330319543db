/** What compareAndSet does on Redis in particular: lifetimes, serializers, clusters, and a Redis that runs no scripts. */
import assert from 'node:assert/strict';
import { answer, Bench, newId, newTag, recordOf, taggedRecord, tagOf } from '../../../src/store-test/bench';
import { skipWithout, type DatabaseServer } from '../../support/database-server';
import { freePort } from '../../support/loopback-port';
import { redisProgram, startRedis } from '../../support/redis';
import { storeClass } from './redis';
import { load } from './subject';

interface Client {
  connect(): Promise<unknown>;
  quit(): Promise<unknown>;
  sendCommand(...args: unknown[]): Promise<unknown>;
  get(key: string): Promise<string | null>;
  pTTL(key: string): Promise<number>;
}

interface NodeRedis {
  createClient(options: { url: string }): Client;
  createCluster(options: { rootNodes: { url: string }[] }): Client;
}

type Options = Record<string, unknown>;

for (const [storeModule, clientModule] of [
  ['connect-redis', 'redis'],
  ['connect-redis', 'redis-6'],
  ['connect-redis-10', 'redis'],
  ['connect-redis-10', 'redis-6'],
] as const) {
  describe(`${storeModule} and ${clientModule} on Redis`, function () {
    this.timeout(60_000);
    const Store = storeClass(storeModule);
    const redis = load<NodeRedis>(clientModule);
    let server: DatabaseServer;
    let client: Client;
    const benchWith = (options: Options = {}): Bench => new Bench(new Store({ client, ...options }));

    const open = async (settings: string[], connect: (url: string) => Client): Promise<void> => {
      server = await startRedis(...settings);
      client = connect(server.url);
      await client.connect();
    };

    before(function () {
      if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
    });

    afterEach(async () => {
      await client.quit();
      await server.remove();
    });

    it('keeps prefix, serializer and lifetime as the store has them (B244)', async () => {
      await open([], (url) => redis.createClient({ url }));
      const serializer = {
        stringify: (value: unknown) => `text:${JSON.stringify(value)}`,
        parse: (text: string) => JSON.parse(text.slice(5)) as unknown,
      };
      const bench = benchWith({ prefix: 'p:', serializer });
      const [id, before, after] = [newId(), newTag(), newTag()];
      await bench.set(id, taggedRecord(before));
      assert.equal(await bench.compareAndSet(id, taggedRecord(after, {}, 119_500), before), true);
      assert.match((await client.get(`p:${id}`)) ?? '', /^text:\{/);
      const left = await client.pTTL(`p:${id}`);
      assert.ok(left > 118_000 && left <= 120_000, String(left));
    });

    it('sets no lifetime where the store sets none', async () => {
      await open([], (url) => redis.createClient({ url }));
      const bench = benchWith({ disableTTL: true });
      const [id, before] = [newId(), newTag()];
      await bench.set(id, taggedRecord(before));
      assert.equal(await bench.compareAndSet(id, taggedRecord(newTag()), before), true);
      assert.equal(await client.pTTL(`sess:${id}`), -1);
    });

    it('leaves a key without a lifetime as it is where the expiry is to stay', async () => {
      await open([], (url) => redis.createClient({ url }));
      const bench = benchWith({ disableTTL: true });
      const [id, before, after] = [newId(), newTag(), newTag()];
      await bench.set(id, taggedRecord(before));
      const options = { keepsExpiry: true };
      const { compareAndSet } = bench.calls;
      const stored = await answer<boolean>((done) =>
        compareAndSet?.(id, taggedRecord(after, {}, -5000), before, done, options),
      );
      assert.deepEqual([stored, await client.pTTL(`sess:${id}`)], [true, -1]);
      assert.equal(tagOf(await bench.get(id)), after);
    });

    for (const disableTTL of [false, true]) {
      it(`drops a session that has expired meanwhile, unless another has its place, disableTTL: ${String(disableTTL)}`, async () => {
        await open([], (url) => redis.createClient({ url }));
        const bench = benchWith({ disableTTL });
        const [id, before] = [newId(), newTag()];
        await bench.set(id, taggedRecord(before));
        assert.equal(await bench.compareAndSet(id, taggedRecord(newTag(), {}, -5000), newTag()), false);
        assert.equal(await bench.compareAndSet(id, recordOf({}, -5000), null), false);
        assert.equal(tagOf(await bench.get(id)), before);
        assert.equal(await bench.compareAndSet(id, taggedRecord(newTag(), {}, -5000), before), true);
        assert.equal(await client.get(`sess:${id}`), null);
      });
    }

    it('works on a cluster', async () => {
      // Its default is 10000 above the other port, where there may be no port.
      const bus = String(await freePort());
      await open(['--cluster-enabled', 'yes', '--cluster-port', bus], (url) => redis.createClient({ url }));
      await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383']);
      while (!String(await client.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok'));
      await client.quit();
      client = redis.createCluster({ rootNodes: [{ url: server.url }] });
      await client.connect();
      const bench = benchWith();
      for (let session = 0; session < 10; session++) {
        const [id, before, after] = [newId(), newTag(), newTag()];
        await bench.set(id, taggedRecord(before));
        assert.equal(await bench.compareAndSet(id, taggedRecord(after), before), true);
        assert.equal(await bench.compareAndSet(id, taggedRecord(after), before), false);
        assert.equal(tagOf(await bench.get(id)), after);
      }
    });

    for (const [title, settings] of [
      ['by an access list', ['--user', 'default', 'on', 'nopass', '~*', '+@all', '-eval']],
      ['by another name for EVAL', ['--rename-command', 'EVAL', '']],
    ] as const) {
      it(`tells with a code that scripts are refused ${title}, and stores nothing (B244)`, async () => {
        await open([...settings], (url) => redis.createClient({ url }));
        const bench = benchWith();
        assert.equal(bench.calls.guarantee, 'everywhere');
        const [id, before] = [newId(), newTag()];
        await bench.set(id, taggedRecord(before));
        await assert.rejects(bench.compareAndSet(id, taggedRecord(newTag()), before), {
          code: 'ERR_COMPARE_AND_SET_UNSUPPORTED',
          message: 'compareAndSet: this Redis runs no scripts (EVAL)',
        });
        assert.equal(tagOf(await bench.get(id)), before);
      });
    }

    it('passes any other error on as it is', async () => {
      await open([], (url) => redis.createClient({ url }));
      const id = newId();
      await client.sendCommand(['LPUSH', `sess:${id}`, 'no text']);
      await assert.rejects(
        benchWith().compareAndSet(id, taggedRecord(newTag()), newTag()),
        (error: Error) => {
          assert.match(error.message, /WRONGTYPE/);
          assert.equal((error as { code?: unknown }).code, undefined);
          return true;
        },
      );
    });

    it('finds no tag in what a serializer hides, so that nothing is stored', async () => {
      await open([], (url) => redis.createClient({ url }));
      const serializer = {
        stringify: (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64'),
        parse: (text: string) => JSON.parse(Buffer.from(text, 'base64').toString()) as unknown,
      };
      const bench = benchWith({ serializer });
      const [id, before] = [newId(), newTag()];
      await bench.set(id, taggedRecord(before));
      assert.equal(await bench.compareAndSet(id, taggedRecord(newTag()), before), false);
      assert.equal(tagOf(await bench.get(id)), before);
    });
  });
}
