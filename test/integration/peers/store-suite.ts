/** Stores from npm: each scenario on express-session and on this package, side by side. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type session from '../../../src';
import { type DatabaseServer, skipWithout } from '../../support/database-server';
import { mariadbProgram, startMariadb } from '../../support/mariadb';
import { memcachedProgram, startMemcached } from '../../support/memcached';
import { postgresProgram, startPostgres } from '../../support/postgres';
import { redisProgram, startRedis } from '../../support/redis';
import { concurrencyScenarios } from './concurrency-scenarios';
import { contentsScenarios } from './contents-scenarios';
import { compare } from './expected';
import { lifetimeScenarios } from './lifetime-scenarios';
import type { Setting } from './scenario';
import { middlewareOf, oursSide, type Side, sides, theirs } from './sides';
import { signInScenarios } from './sign-in-scenarios';
import type { OpenedStore, ServerName, StorePeer } from './store-peer';
import { move } from './upgrade-scenario';

const programs: Readonly<
  Record<ServerName, { program: string | undefined; start: () => Promise<DatabaseServer> }>
> = {
  redis: { program: redisProgram, start: startRedis },
  postgres: { program: postgresProgram, start: startPostgres },
  mariadb: { program: mariadbProgram, start: startMariadb },
  memcached: { program: memcachedProgram, start: startMemcached },
};

const scenarios = [...signInScenarios, ...lifetimeScenarios, ...concurrencyScenarios, ...contentsScenarios];

/** @param releaseOf the release of a package that is installed beside the tests */
export function describeStores(peers: readonly StorePeer[], releaseOf: (module: string) => string): void {
  const servers: Partial<Record<ServerName, DatabaseServer>> = {};

  after(async () => {
    await Promise.all(Object.values(servers).map((server) => server.remove()));
  });

  for (const peer of peers) {
    describe(`${peer.module} ${releaseOf(peer.module)} on ${peer.on}`, () => {
      const opened: OpenedStore[] = [];
      const settings = new Map<Side, Setting>();

      before('is opened', async function () {
        if (peer.server) servers[peer.server] ??= await start(this, peer.server);
        for (const side of sides) {
          const place = newPlace();
          const here = await open(peer, side, place);
          const elsewhere = peer.isShared ? await open(peer, side, place) : undefined;
          settings.set(side, { side, here, elsewhere });
        }
      });

      after(async () => {
        for (const store of opened) await store.close();
      });

      for (const { title, expected, isFor, run } of scenarios) {
        if (isFor && !isFor(peer)) continue;
        it(title, () => compare(expected(peer), (side) => run(settings.get(side) ?? assert.fail())));
      }

      it('a site that moves from express-session to the package, or stays (B229, B236, B237)', () =>
        // The token of generation 1 is what the legacy cookie is: after a sign-in neither opens anything. One with express-session
        // says nothing of sign-ins.
        compare(
          {
            both: {
              sameId: true,
              counts: [2, 3, 4],
              user: 'ann',
              record: undefined,
              left: [null, null, null],
              errors: [],
            },
            theirs: { planted: 'ann', setCookie: false, isToken: false },
            ours: { planted: null, setCookie: true, isToken: true },
          },
          async (side) => {
            const place = newPlace();
            const old = await open(peer, theirs, place);
            return await move(side, old, peer.isShared ? await open(peer, side, place) : old);
          },
        ));

      it('three middlewares share the store (B010)', () =>
        // express-session leaves its listeners there with each of them.
        compare({ theirs: { listeners: 3 }, ours: { listeners: 1 } }, async (side) => {
          const { store } = await open(peer, side, newPlace());
          for (let made = 0; made < 3; made++) middlewareOf(side, { store });
          return { listeners: store.listenerCount('disconnect') };
        }));

      it(`makes the promise "${peer.guarantee}"`, () => {
        const { here } = settings.get(oursSide) ?? assert.fail();
        const sessions = middlewareOf(oursSide, { store: here.store }) as unknown as session.Middleware;
        assert.equal(sessions.guarantee, peer.guarantee);
      });

      async function open({ server }: StorePeer, { library }: Side, place: string): Promise<OpenedStore> {
        const store = await peer.open(library, place, server && servers[server]);
        // express-session leaves listeners on a store with each middleware: here those of all scenarios.
        store.store.setMaxListeners(0);
        opened.push(store);
        return store;
      }
    });
  }
}

async function start(test: Mocha.Context, name: ServerName): Promise<DatabaseServer> {
  const { program, start: run } = programs[name];
  if (program === undefined) skipWithout(test, `${name} is not installed`);
  return await run();
}

function newPlace(): string {
  return `peers_${randomBytes(6).toString('hex')}`;
}
