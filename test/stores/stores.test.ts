import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { testStore } from '../../src/store-test';
import { skipWithout, type DatabaseServer } from '../support/database-server';
import { createDatabase, postgresProgram, startPostgres } from '../support/postgres';
import { redisProgram, startRedis } from '../support/redis';
import { closeSites, countHits, openSite } from '../support/site';
import { legacySecret, startLegacySession } from '../support/legacy';
import { embeddedSubjects } from './embedded';
import { mongoSubjects } from './mongo';
import { postgresSubjects } from './postgres';
import { redisSubjects } from './redis';
import { packageOf, type Opened, type Subject } from './subject';
import { type Proof, tableIn, tableOf, withTable } from './table';

const readmeFile = path.join(__dirname, '../../README.md');
const subjects = [...redisSubjects, ...postgresSubjects, ...embeddedSubjects, ...mongoSubjects];
const proofs: Proof[] = [];
const packages = { redis: 'redis-server', postgres: 'postgresql' };

describe('Stores from npm', () => {
  const servers: Partial<Record<'redis' | 'postgres', DatabaseServer>> = {};

  before('start the databases', async function () {
    this.timeout(60_000);
    if (redisProgram) servers.redis = await startRedis();
    if (postgresProgram) servers.postgres = await startPostgres();
  });

  after(async () => {
    await Promise.all(Object.values(servers).map((server) => server.remove()));
  });

  for (const [index, subject] of subjects.entries()) {
    const { storeKey } = subject;
    const { name, version } = packageOf(subject.module);
    describe(`${name} ${version} on ${subject.on}`, () => {
      let opened: Opened | undefined;

      before('is opened', async function () {
        const { server } = subject;
        if (server && !servers[server])
          skipWithout(this, `no ${server}: apt-get install ${packages[server]}`);
        const missing = subject.missing?.();
        if (missing) skipWithout(this, missing);
        opened = await subject.create(await urlFor(subject, index));
      });

      after(async () => {
        await opened?.close();
      });

      const store = () => opened?.store ?? assert.fail();
      const report = testStore(`${name} ${version}`, store, { describe, it, storeKey });
      proofs.push({ subject, report });

      it('is upgraded from sessions of express-session 1.19 itself', async () => {
        const legacy = await startLegacySession(store() as never, { hits: 2 });
        const options = { store: store() as never, secret: legacySecret, storeKey };
        const site = await openSite(options, { '/': countHits });
        const { text } = await site.visit('/', legacy.cookie);
        assert.equal(text, '3');
        await closeSites();
      });
    });
  }

  // A suite of its own, since mocha runs what stands outside of suites first.
  describe('The README', () => {
    it('has the table of what was found', function () {
      if (proofs.some(({ report }) => !report.grade)) return this.skip();
      const readme = readFileSync(readmeFile, 'utf8');
      const table = tableOf(proofs);
      if (process.env.UPDATE_README) writeFileSync(readmeFile, withTable(readme, table));
      else assert.equal(tableIn(readme), table, 'npm run stores writes the table anew');
    });
  });

  function urlFor({ server }: Subject, index: number): Promise<string> | string {
    const url = server && servers[server]?.url;
    return server === 'postgres' && url ? createDatabase(url, `store_${String(index)}`) : (url ?? '');
  }
});
