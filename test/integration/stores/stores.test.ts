/**
 * Every store on a real database: what is asked of a store, what sessions go through on it, and the promise that it makes. The
 * table in docs/stores.md is what comes out.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Bench, newId } from '../../../src/store-test/bench';
import { recordChecks } from '../../../src/store-test/records';
import { gradeOf, newReport } from '../../../src/store-test/report';
import { sessionChecks } from '../../../src/store-test/sessions';
import { createDatabase } from '../../support/postgres';
import { skipWithout, type DatabaseServer } from '../../support/database-server';
import { embeddedSubjects } from './embedded';
import { mariadbSubjects } from './mariadb';
import { mongoSubjects } from './mongo';
import { postgresSubjects } from './postgres';
import { redisSubjects } from './redis';
import { sequelizeSubjects } from './sequelize';
import { packages, startServers } from './servers';
import { packageOf, type Opened, type ServerName, type Subject } from './subject';
import { type Proof, tableIn, tableOf, withTable } from './table';
import { keptExpiry, race, sameRows } from './two-ways';
import { typeormSubjects } from './typeorm';
import { upgrade } from './upgraded';

const subjects = [
  ...redisSubjects,
  ...postgresSubjects,
  ...mariadbSubjects,
  ...embeddedSubjects,
  ...sequelizeSubjects,
  ...typeormSubjects,
  ...mongoSubjects,
];

const pageFile = path.join(__dirname, '../../../docs/stores.md');

describe('Stores from npm', function () {
  this.timeout(60_000);
  const proofs: Proof[] = [];
  let servers: Partial<Record<ServerName, DatabaseServer>> = {};

  before('start the databases', async () => {
    servers = await startServers();
  });

  after(async () => {
    await Promise.all(Object.values(servers).map((server) => server.remove()));
  });

  for (const [index, subject] of subjects.entries()) {
    const { name, version } = packageOf(subject.module);
    describe(`${name} ${version} on ${subject.on}`, () => {
      let opened: Opened | undefined;
      let other: Opened | undefined;
      let bench: Bench | undefined;
      const report = newReport(name);

      before('is opened', async function () {
        const { server } = subject;
        if (server && !servers[server])
          skipWithout(this, `no ${server}: apt-get install ${packages[server]}`);
        const url = urlFor(subject, index);
        opened = await subject.create(url);
        // Some make their table with the first call, and cannot do that twice at once.
        await new Bench(opened.store).get(newId());
        // Another process has connections of its own.
        if (server) other = await subject.create(url);
        bench = new Bench(opened.store, other?.store);
      });

      after(async () => {
        await opened?.close();
        await other?.close();
      });

      for (const { title, run } of [...recordChecks, ...sessionChecks]) {
        it(title, () => run(bench ?? assert.fail(), report));
      }

      if (subject.grade === 'everywhere') {
        it('stores by compareAndSet the very data and expiry that its set stores', async () => {
          await sameRows(opened ?? assert.fail(), bench ?? assert.fail());
        });

        it('leaves the expiry as it is where compareAndSet is to keep it', async () => {
          await keptExpiry(opened ?? assert.fail(), bench ?? assert.fail());
        });
      }

      if (subject.grade === 'everywhere' && subject.server) {
        it('keeps its promise between two processes, each with connections of its own', async () => {
          await race(bench ?? assert.fail(), new Bench(other?.store ?? assert.fail()));
        });
      }

      it('goes on with what express-session has stored, and ends it (B229, B236, B237)', async () => {
        await upgrade(bench ?? assert.fail());
      });

      it(`makes the promise "${subject.grade}"`, () => {
        assert.equal(gradeOf(report), subject.grade, JSON.stringify(report));
        assert.equal(bench?.calls.guarantee, subject.grade);
        report.grade = subject.grade;
        proofs.push({ subject, report });
      });
    });
  }

  // A suite of its own, since mocha runs what stands outside of suites first.
  describe('docs/stores.md', () => {
    it('has the table of what was found', function () {
      if (proofs.length < subjects.length) skipWithout(this, 'not all stores have been tested');
      const page = readFileSync(pageFile, 'utf8');
      const table = tableOf(proofs);
      if (process.env.UPDATE_README) writeFileSync(pageFile, withTable(page, table));
      else assert.equal(tableIn(page), table, 'npm run stores writes the table anew');
    });
  });

  function urlFor({ server }: Subject, index: number): string {
    const url = server && servers[server]?.url;
    return server === 'postgres' && url ? createDatabase(url, `store_${String(index)}`) : (url ?? '');
  }
});
