/** A thousand people while an application moves to this package and back, on processes of every kind. */
import assert from 'node:assert/strict';
import { createKeyPair } from '../../support/keys';
import { Crowd } from './crowd';
import { type Database, startDatabase } from './databases';
import { Deployment, Front } from './deployment';
import { holdings } from './held-cookie';
import type { Ledger } from './ledger';
import { readTable, tableOf, writeTable } from './migration-table';
import { type Kind, mixtures } from './mixtures';
import { type Fault, runRaces, type Races } from './races';
import { randomFrom } from './random';
import type { StoreName } from './settings';

const PEOPLE = Number(process.env.DEPLOY_PEOPLE ?? 1000);
/** Beside them, people whom express-session alone serves all the time. */
const OTHERS = Math.ceil(PEOPLE / 5);
/** Of each race in each mixture. */
const RACES = 2;

const alone = mixtures.map((mixture) => ({ ...mixture, kinds: ['express-session'] as const }));

describe('A rolling deploy, and the way back', function () {
  // Two busy cores take a minute.
  this.timeout(600_000);
  const tables = new Map<StoreName, string>();

  for (const store of ['connect-redis', 'connect-pg-simple'] as const) {
    describe(`on ${store}`, () => {
      let database: Database;
      let deployment: Deployment;
      let crowd: Crowd;
      let others: Crowd;
      const raced: Races = { run: new Map(), faults: [] };
      const racedAlone: Races = { run: new Map(), faults: [] };

      before('start a database and processes of each kind', async function () {
        database = await startDatabase(this, store);
        deployment = new Deployment({
          store,
          url: database.server.url,
          keys: createKeyPair(),
          secret: 'keyboard cat',
        });
        await deployment.start();
      });

      before('serve people by all mixtures, and others by express-session alone', async () => {
        crowd = new Crowd(deployment, 'person', PEOPLE, 1);
        others = new Crowd(deployment, 'other', OTHERS, 2);
        await Promise.all([
          crowd.move(mixtures, async ({ isAfterDeletion }) => {
            if (isAfterDeletion) await database.deleteRotated();
          }),
          others.move(alone, () => Promise.resolve()),
          race(),
        ]);
      });

      after(async () => {
        await deployment.stop();
        await database.server.remove();
      });

      /** In all mixtures, at a pace of its own. */
      async function race(): Promise<void> {
        const random = randomFrom(3);
        for (const { kinds } of mixtures) {
          for (const [serving, results] of [
            [kinds, raced],
            [['express-session'], racedAlone],
          ] as const) {
            const front = new Front(deployment, random);
            front.serveBy(serving);
            await runRaces(front, serving === kinds ? RACES : 1, results);
          }
        }
      }

      it('signs nobody out who did not sign out, but those whom the way back is known to lose', () => {
        const unexpected = crowd.ledgers.flatMap((ledger) =>
          ledger.unexpected.map((text) => `${ledger.mixture.title}: ${text}`),
        );
        assert.deepEqual(unexpected, []);
        assert.deepEqual(
          others.ledgers.flatMap((ledger) => ledger.unexpected),
          [],
        );
        for (const { mixture, lost, kept } of crowd.ledgers) {
          if (mixture.kinds.includes('step two')) assert.ok(kept.token > 0 && kept.rotated > 0);
          if (!mixture.title.startsWith('back') || !mixture.kinds.includes('express-session')) {
            assert.deepEqual(lost, { upgradable: 0, rotated: 0, token: 0 }, mixture.title);
          }
        }
        for (const person of crowd.people) assert.notEqual(person.held?.isToken, true);
      });

      it('leaves nothing alive that was signed out, nor a cookie of before a login', async () => {
        for (const { ledgers } of [crowd, others]) {
          assert.deepEqual(
            ledgers.flatMap(({ mixture, alive }) => alive.map((text) => `${mixture.title}: ${text}`)),
            [],
          );
        }
        const stored = new Set(await database.storedIds());
        const left = [...crowd.people, ...others.people].flatMap(({ departedIds }) =>
          departedIds.filter((id) => stored.has(id)),
        );
        assert.deepEqual(left, []);
      });

      it('must have rotated records deleted, or a planted cookie reads the login when express-session is back', async () => {
        const front = new Front(deployment, randomFrom(4));
        front.serveBy(['express-session']);
        const { cookie: planted } = await front.send('GET /count');
        assert.ok(planted);
        front.serveBy(['step two']);
        const login = await front.send('POST /login?user=victim', planted);
        const userOf = async (cookie?: string) => (await front.send('GET /me', cookie)).body.user;
        assert.deepEqual([await userOf(planted), await userOf(login.cookie)], [null, 'victim']);
        front.serveBy(['express-session']);
        assert.equal(await userOf(planted), 'victim');
        await database.deleteRotated();
        assert.equal(await userOf(planted), null);
      });

      it('loses no race that express-session alone wins', () => {
        console.log(raceTable(raced, racedAlone));
        const beyond = raced.faults.filter((fault) => !isAsWithExpressSession(fault));
        assert.deepEqual(beyond, []);
        assert.ok(racedAlone.faults.every(isAsWithExpressSession));
        assert.ok(racedAlone.faults.some(({ race: name }) => name === 'a change meets a logout'));
      });

      after('tell what was counted', () => {
        tables.set(store, tableOf(crowd.ledgers, revivingIn(raced)));
        for (const ledger of crowd.ledgers) console.log(`        ${lineOf(ledger)}`);
        const sum = (count: (ledger: Ledger) => number) =>
          others.ledgers.reduce((all, one) => all + count(one), 0);
        console.log(
          `        beside them, express-session alone: ${String(sum(({ done }) => done.logins))} logins, ` +
            `${String(sum(({ done }) => done.logouts))} logouts; ${String(sum(({ alive }) => alive.length))} alive, ` +
            `${String(sum(({ unexpected }) => unexpected.length))} signed out`,
        );
      });
    });
  }

  // A suite of its own: mocha runs the tests of a suite before the suites in it.
  describe('in docs/migration.md', () => {
    it('is what was found, the same on each database', function () {
      const [table, ...more] = new Set(tables.values());
      assert.ok(table !== undefined);
      assert.deepEqual(more, []);
      if (process.env.UPDATE_MIGRATION) writeTable(table);
      else
        assert.equal(
          readTable(),
          table,
          'UPDATE_MIGRATION=1 npx mocha test/integration/cluster/rolling-deploy.test.ts writes it anew',
        );
    });
  });
});

/** A late write of express-session undoes what came meanwhile, and so does that of step one among `s:` cookies, but a logout. */
function isAsWithExpressSession({ race, slow, isToken }: Fault): boolean {
  switch (race) {
    case 'a change meets a logout':
      return slow === 'express-session';
    case 'a change meets a login by claims':
      return !isToken;
    default:
      return false;
  }
}

function revivingIn({ faults }: Races): Set<Kind> {
  return new Set(faults.filter(({ race }) => race === 'a change meets a logout').map(({ slow }) => slow));
}

function raceTable(mixed: Races, alone_: Races): string {
  const lines = [...mixed.run].sort().map(([key, times]) => {
    const count = ({ faults }: Races) => faults.filter(({ race, slow }) => `${race}: ${slow}` === key).length;
    const beside = alone_.run.get(key);
    const other =
      beside === undefined ? '' : ` (express-session alone: ${String(count(alone_))} of ${String(beside)})`;
    return `        ${key} was slow: ${String(count(mixed))} of ${String(times)} lost${other}`;
  });
  return lines.join('\n');
}

function lineOf({ mixture, kept, lost, alive, done, tried }: Ledger): string {
  const people = holdings.map((holding) => `${holding} ${String(kept[holding])}/${String(lost[holding])}`);
  return (
    `${mixture.title}: kept/lost ${people.join(', ')}; ${String(done.logins)} logins, ${String(done.logouts)} logouts, ` +
    `${String(done.changes)} changes; tried after logouts ${String(tried.signedOut)}, older cookies ${String(tried.older)}: ` +
    `${String(alive.length)} alive`
  );
}
