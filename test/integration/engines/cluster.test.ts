/** connect-redis on a Redis Cluster of three nodes: what a store is asked, and three processes that race on it. */
import assert from 'node:assert/strict';
import { answer, Bench, newId, recordOf } from '../../../src/store-test/bench';
import { recordChecks } from '../../../src/store-test/records';
import { gradeOf, newReport } from '../../../src/store-test/report';
import { sessionChecks } from '../../../src/store-test/sessions';
import type { AnyStore } from '../../../src/types';
import { redisCommand, type RedisCluster } from '../../support/redis-cluster';
import { signIn } from '../cluster/client';
import { logoutsAtRefresh, plantTokens } from '../cluster/figures';
import { Load } from '../cluster/load';
import { countResurrected } from '../cluster/logout';
import { countLogins } from '../cluster/redirect';
import { setUp } from '../cluster/set-up';
import { storeClass } from '../stores/redis';
import { load } from '../stores/subject';
import { race } from '../stores/two-ways';
import { type ClusterDatabase, startClusterDatabase } from './on-cluster';

interface Client {
  connect(): Promise<unknown>;
  close?(): Promise<unknown>;
  quit(): Promise<unknown>;
}

interface NodeRedis {
  createCluster(options: { rootNodes: { url: string }[] }): Client;
}

type Callback<Result> = (error?: unknown, result?: Result) => void;

/** A store with the methods that concern all sessions. */
interface Listing extends AnyStore {
  length(callback: Callback<number>): unknown;
  ids(callback: Callback<string[]>): unknown;
  all(callback: Callback<unknown[]>): unknown;
  clear(callback: Callback<unknown>): unknown;
}

const nothing = () => Promise.resolve();

describe('On a Redis Cluster of three nodes', function () {
  this.timeout(60_000);
  let cluster: ClusterDatabase | undefined;
  const server = (): RedisCluster => cluster?.server ?? assert.fail('not started');

  before('start the nodes', async function () {
    cluster = await startClusterDatabase(this);
  });

  after(async () => {
    await cluster?.server.remove();
  });

  /** The nodes stay for the next test. */
  const keep = () =>
    Promise.resolve({ ...(cluster ?? assert.fail()), server: { ...server(), remove: nothing } });

  for (const { storeModule, clientModule, readsAll } of [
    { storeModule: 'connect-redis', clientModule: 'redis', readsAll: false },
    // node-redis 6 sends an MGET or a DEL of keys of several nodes to each of these nodes.
    { storeModule: 'connect-redis-10', clientModule: 'redis-6', readsAll: true },
  ]) {
    describe(`${storeModule} and ${clientModule}`, () => {
      const clients: Client[] = [];
      let store: Listing;
      let bench: Bench;
      let other: Bench;
      const report = newReport(storeModule);

      before(async () => {
        const open = async (): Promise<Listing> => {
          const rootNodes = server().nodes.map(({ url }) => ({ url }));
          const client = load<NodeRedis>(clientModule).createCluster({ rootNodes });
          clients.push(client);
          await client.connect();
          return new (storeClass(storeModule))({ client }) as Listing;
        };
        store = await open();
        const elsewhere = await open();
        bench = new Bench(store, elsewhere);
        other = new Bench(elsewhere);
      });

      after(async () => {
        await Promise.all(clients.map((client) => client.close?.() ?? client.quit()));
      });

      for (const { title, run } of [...recordChecks, ...sessionChecks]) {
        it(title, () => run(bench, report));
      }

      it("makes the promise 'everywhere' (B244)", () => {
        assert.equal(bench.calls.guarantee, 'everywhere');
        assert.equal(gradeOf(report), 'everywhere', JSON.stringify(report));
      });

      it('keeps its promise between two clients, on sessions of all three nodes', async () => {
        for (const node of server().nodes) await redisCommand(node, 'config', 'resetstat');
        await race(bench, other);
        for (const node of server().nodes) {
          const calls = await redisCommand(node, 'info', 'commandstats');
          assert.match(calls, /cmdstat_eval:calls=\d+/);
          // Each call went to where its key is.
          assert.doesNotMatch(await redisCommand(node, 'info', 'errorstats'), /MOVED|ASK|CROSSSLOT/);
        }
      });

      it(`counts and lists the sessions of all nodes, and ${readsAll ? 'reads and clears' : 'neither reads nor clears'} them at once`, async () => {
        await Promise.all(server().nodes.map((node) => redisCommand(node, 'flushall')));
        const ids = Array.from({ length: 20 }, newId);
        for (const id of ids) await bench.set(id, recordOf({}));
        const count = () => answer<number>((done) => store.length(done));
        assert.equal(await count(), 20);
        assert.deepEqual((await answer<string[]>((done) => store.ids(done)))?.sort(), ids.sort());
        const all = answer<unknown[]>((done) => store.all(done));
        if (readsAll) assert.equal((await all)?.length, 20);
        else await assert.rejects(all, /CROSSSLOT/);
        const cleared = answer((done) => store.clear(done));
        if (readsAll) await cleared;
        else await assert.rejects(cleared, /CROSSSLOT/);
        assert.equal(await count(), readsAll ? 0 : 20);
      });
    });
  }

  describe('three processes', () => {
    const world = setUp('connect-redis', { engine: 'cluster' }, 3, keep);

    for (const moment of ['reading', 'handling', 'saving', 'any'] as const) {
      it(`do not store a session again that another process destroys, 30 times (${moment})`, async () => {
        assert.equal(await countResurrected(world(), moment, 30, ['change', 'save', 'touch']), 0);
      });
    }

    it('know a login when the redirect is followed at the first byte of the answer, 50 times', async () => {
      assert.equal(await countLogins(world(), 50), 50);
    });

    it('lose no session and no save while slots move from node to node under load', async () => {
      const clients = new Load(world().cluster, 8);
      await clients.more(20);
      const [one, two, three] = server().nodes;
      assert.ok(one && two && three);
      await server().moveSlots(100, one, two);
      await server().moveSlots(100, two, three);
      await clients.more(20);
      await clients.stop();
      assert.deepEqual(clients.failures, []);
    });

    it('answer with errors while a node is away and recover by themselves', async () => {
      const clients = new Load(world().cluster, 8, () => undefined);
      await clients.more(20);
      const [node] = server().nodes;
      await node?.stop('SIGKILL');
      await clients.more(50, 'failures');
      await server().start();
      await clients.more(50);
      await clients.stop();
      for (const { status } of clients.failures) assert.equal(status, 503);
      for (const member of world().cluster.members) await signIn(member, 'again');
    });
  });

  describe('two processes, with claims', () => {
    const options = { rolling: true, cookie: { maxAge: 60_000 } };
    const world = setUp('connect-redis', { engine: 'cluster', hasClaims: true, options }, 2, keep);

    it('let nobody read a login who had planted its cookie and polls meanwhile, 40 times (B208, B209, B243)', async () => {
      const { stolen, failed } = await plantTokens(world(), 40);
      assert.deepEqual({ stolen, failed }, { stolen: 0, failed: 0 });
    });
  });

  describe('two processes, with tokens that are due for others', () => {
    const world = setUp('connect-redis', { engine: 'cluster', options: { jwt: { expiresIn: 1 } } }, 2, keep);

    it('leave no session alive when a logout meets a refresh, 48 times (B250, B252)', async () => {
      const { alive, refreshed } = await logoutsAtRefresh(world(), 48);
      assert.equal(alive, 0);
      assert.ok(refreshed > 0, 'no request has met a logout');
    });
  });
});
