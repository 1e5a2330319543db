import { notStrictEqual as differ, ok, strictEqual as equal } from 'node:assert';
import { guardOf } from '../store/guarantee';
import { answer, type Bench, newLegacyId, recordOf } from './bench';
import type { Check } from './records';
import { legacyCookie, onSite, type Site } from './site';

/** Pairs of an update and a destroy that meet each other. */
const PAIRS = 50;

/** What sessions go through with the middleware on top of the store. */
export const sessionChecks: readonly Check[] = [
  {
    title: 'serves the middleware: sessions are kept, get a new token at login, and end at logout',
    run: (bench) =>
      onSite(bench, 'process', async (site) => {
        equal(await site.visit('/count'), '1');
        equal(await site.visit('/count'), '2');
        const before = site.cookie;
        await site.visit('/login');
        const after = site.cookie;
        differ(after, before);
        equal(await site.visit('/look'), '2');
        site.cookie = before;
        equal(await site.visit('/look'), '0');
        site.cookie = after;
        await site.visit('/logout');
        equal(await site.visit('/look'), '0');
      }),
  },
  {
    title: 'lets the middleware upgrade a record that express-session wrote',
    run: (bench) =>
      onSite(bench, 'process', async (site) => {
        const id = newLegacyId();
        await bench.set(id, recordOf({ count: 2 }));
        site.cookie = legacyCookie(id);
        equal(await site.visit('/count'), '3');
        equal(await site.visit('/count'), '4');
        equal(await bench.get(id), undefined);
      }),
  },
  {
    title: 'keeps a session destroyed that another request of the same process has in hand',
    run: (bench) =>
      onSite(bench, 'process', async (site) => {
        await raceOn(site, async () => {
          await site.visit('/logout');
        });
        equal(await bench.get(site.storedId), undefined);
        equal(await site.visit('/look'), '0');
      }),
  },
  {
    title: 'updates a record that exists and no other, in one step, if it can',
    run: async (bench) => {
      const { update } = guardOf(bench.store, 'process');
      if (!update) return;
      const id = bench.newId();
      const save = (to: string, value: number) =>
        answer<boolean>((done) => update(to, recordOf({ value }), done));
      await bench.set(id, recordOf({ value: 1 }));
      differ(await save(id, 2), false);
      equal((await bench.get(id))?.value, 2);
      await bench.destroy(id);
      await save(id, 3);
      equal(await bench.get(id), undefined);
      for (let pair = 0; pair < PAIRS; pair++) {
        const one = bench.newId();
        await bench.set(one, recordOf({ value: 1 }));
        const both = [() => save(one, 2), () => bench.destroy(one)];
        await Promise.all((pair % 2 ? both : both.reverse()).map((start) => start()));
        equal(await bench.get(one), undefined, 'a session was stored again after its destroy');
      }
    },
  },
  {
    title: 'is graded by what becomes of a session that another process destroys while a request has it',
    run: async (bench, report) => {
      const { guarantee } = guardOf(bench.store, 'process');
      report.byDefault = guarantee;
      const staysDead = await isDeadAfterwards(bench);
      if (guarantee === 'atomic') ok(staysDead, 'the session was stored again');
      report.grade = guarantee === 'atomic' ? 'atomic' : staysDead ? 'check' : 'process';
    },
  },
];

/** Destroys behind the middleware's back, as another process would, with the strictest guard that the store allows. */
function isDeadAfterwards(bench: Bench): Promise<boolean> {
  return onSite(bench, 'check', async (site) => {
    await raceOn(site, () => bench.destroy(site.storedId));
    return (await bench.get(site.storedId)) === undefined;
  });
}

/** A session that is loaded, then destroyed, then changed and stored by the request that had loaded it. */
async function raceOn(site: Site, destroy: () => Promise<void>): Promise<void> {
  await site.visit('/count');
  const { cookie } = site;
  const slow = site.visit('/slow');
  // A page that fails is never reached.
  await Promise.race([site.slowPageIsReached, slow]);
  await destroy();
  site.releaseSlowPage();
  await slow;
  site.cookie = cookie;
}
