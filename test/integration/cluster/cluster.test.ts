/** Three processes on one database: logouts, logins, upgrades, crashes, outages and a soak. */
import assert from 'node:assert/strict';
import { send, signIn } from './client';
import type { Cluster } from './cluster';
import { Load } from './load';
import { countResurrected, type Moment } from './logout';
import { countLogins } from './redirect';
import { setUp } from './set-up';
import { soak } from './soak';
import { countResurrectedUpgrades } from './upgrade';

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

      it('do not store a session again that another process upgrades and destroys, 20 times (B236)', async () => {
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

  describe("on connect-redis 8, which has no compareAndSet, so that its guarantee is 'in this process'", () => {
    const world = setUp('connect-redis-8');

    for (const moment of ['reading', 'handling', 'saving'] as const) {
      it(`store 20 of 20 sessions again that another process has destroyed (${whenIs(moment)})`, async () => {
        assert.equal(await countResurrected(world(), moment, 20, ['change', 'save']), 20);
      });
    }

    it(`may store one again (${whenIs('any')})`, async () => {
      const count = await countResurrected(world(), 'any', 50, ['change', 'save']);
      console.log(`        ${String(count)} of 50 came back`);
    });
  });
});

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
