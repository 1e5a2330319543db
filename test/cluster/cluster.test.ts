import assert from 'node:assert/strict';
import type { DatabaseServer } from '../support/database-server';
import { createKeyPair } from '../support/keys';
import { send, signIn } from './client';
import { Cluster } from './cluster';
import { startDatabase } from './databases';
import { Load } from './load';
import { countResurrected, type Moment } from './logout';
import { countLogins } from './redirect';
import type { Settings, StoreName } from './settings';
import { soak } from './soak';
import { countResurrectedUpgrades, upgradeUsers } from './upgrade';
import type { World } from './world';

const moments: readonly Moment[] = ['reading', 'handling', 'saving', 'any'];

/** `npm run soak` has it run for five minutes. */
const soakSeconds = Number(process.env.SOAK_SECONDS ?? 9);

describe('Three processes', function () {
  this.timeout(120_000);

  for (const store of ['connect-redis', 'connect-pg-simple'] as const) {
    describe(`on ${store}`, () => {
      const world = setUp(store);

      for (const moment of moments) {
        it(`do not store a session again that another process destroys, 50 times (${whenIs(moment)})`, async () => {
          assert.equal(await countResurrected(world(), moment, 50, ['change', 'save', 'touch']), 0);
        });
      }

      it('know a login when the redirect is followed at the first byte of the answer, 200 times', async () => {
        assert.equal(await countLogins(world(), 200), 200);
      });

      it('upgrade cookies of express-session, 20 parallel requests of each of 50 users', async () => {
        const { othersAlive, ...faults } = await upgradeUsers(world(), 50);
        assert.deepEqual(faults, { loggedOut: 0, lost: 0, oldCookiesAlive: 0, legacyIdsLeft: 0 });
        console.log(`        ${String(othersAlive)} sessions of other processes are left to expire`);
      });

      it('do not store a session again that another process upgrades and destroys, 20 times', async () => {
        assert.equal(await countResurrectedUpgrades(world(), 20), 0);
      });

      it('lose no session and no save when one of them is killed under load, 10 times', async () => {
        const { cluster } = world();
        const load = new Load(cluster, 8);
        for (let round = 0; round < 10; round++) {
          await load.more(20);
          const victim = cluster.member(round);
          await victim.stop('SIGKILL');
          await victim.start();
        }
        await load.more(20);
        await load.stop();
        assert.deepEqual(load.failures, []);
      });

      it('answer with errors while the database is away and recover by themselves', async () => {
        const { cluster, database } = world();
        const pids = cluster.members.map(({ pid }) => pid);
        // What a save at the end of a response has failed to store is lost, the session is not.
        const load = new Load(cluster, 8, () => undefined);
        for (const signal of [undefined, 'SIGKILL'] as const) {
          await load.more(50);
          await database.stop(signal);
          await load.more(50, 'failures');
          await database.start();
          await load.more(50);
          await everyMember(cluster);
        }
        await load.stop();
        for (const { status, body } of load.failures) {
          assert.equal(status, 503);
          assert.equal(typeof body.error, 'string');
        }
        assert.deepEqual(
          cluster.members.map(({ pid }) => pid),
          pids,
        );
      });

      it('use no more memory and no more handles over time (soak)', async function () {
        this.timeout((soakSeconds + 60) * 1000);
        await soak(world().cluster, soakSeconds);
      });
    });
  }

  for (const [guard, ...expected] of [
    ['process', 20, 20, 20],
    ['check', 0, 0, 20],
  ] as const) {
    describe(`on connect-redis 8, which has no update, with guard: '${guard}'`, () => {
      const world = setUp('connect-redis-8', { guard });

      for (const [index, moment] of (['reading', 'handling', 'saving'] as const).entries()) {
        const count = expected[index] ?? assert.fail();
        it(`store ${String(count)} of 20 sessions again that another process has destroyed (${whenIs(moment)})`, async () => {
          assert.equal(await countResurrected(world(), moment, 20, ['change', 'save']), count);
        });
      }

      it(`may store one again (${whenIs('any')})`, async () => {
        const count = await countResurrected(world(), 'any', 50, ['change', 'save']);
        console.log(`        ${String(count)} of 50 came back`);
      });
    });
  }
});

/** One database and one cluster for all tests of a suite. */
function setUp(store: StoreName, options: Partial<Settings> = {}): () => World {
  let world: World | undefined;
  let database: DatabaseServer | undefined;

  before('start a database and three processes', async function () {
    const { server, storedIds } = await startDatabase(this, store);
    database = server;
    const cluster = new Cluster({
      store,
      url: server.url,
      keys: createKeyPair(),
      secret: 'keyboard cat',
      ...options,
    });
    world = { store, cluster, database, storedIds };
    await cluster.start();
  });

  afterEach('nothing has crashed, nothing was unhandled', () => {
    for (const { complaints } of world?.cluster.members ?? []) assert.equal(complaints, '');
  });

  after(async () => {
    await world?.cluster.stop();
    await database?.remove();
  });

  return () => world ?? assert.fail('not started');
}

function whenIs(moment: Moment): string {
  const texts = {
    reading: 'while the session is being read',
    handling: 'while the handler runs',
    saving: 'while the save is on its way',
    any: 'while the handler ends',
  };
  return texts[moment];
}

/** Each process signs in and serves again. */
async function everyMember(cluster: Cluster): Promise<void> {
  for (const member of cluster.members) {
    const cookie = await signIn(member, 'again');
    assert.equal((await send(member, 'GET /me', { cookie })).body.user, 'again');
  }
}
