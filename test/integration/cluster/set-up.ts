/** A database and a cluster for the tests of a suite. */
import assert from 'node:assert/strict';
import type { DatabaseServer } from '../../support/database-server';
import { createKeyPair } from '../../support/keys';
import { Cluster } from './cluster';
import { type Database, startDatabase } from './databases';
import type { Settings, StoreName } from './settings';
import type { World } from './world';

/** Hooks of the suite that is being defined: they start and end the world that is returned. */
export function setUp(
  store: StoreName,
  options: Partial<Settings> = {},
  processes = 3,
  start: (
    test: Mocha.Context,
    store: StoreName,
  ) => Promise<Pick<Database, 'server' | 'storedIds'>> = startDatabase,
): () => World {
  let world: World | undefined;
  let database: DatabaseServer | undefined;

  before(`start a database and ${String(processes)} processes`, async function () {
    const { server, storedIds } = await start(this, store);
    database = server;
    const settings = { store, url: server.url, keys: createKeyPair(), secret: 'keyboard cat', ...options };
    const cluster = new Cluster(settings, processes);
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
