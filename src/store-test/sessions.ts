/** The checks of whole sessions, with the middleware on the store, in one process and in two. */
import { notStrictEqual as differ, strictEqual as equal } from 'node:assert';
import { type Bench, newId, recordOf } from './bench';
import type { Check } from './records';
import { gradeOf, type StoreReport } from './report';
import { legacyCookie, onSite, type Process } from './site';

/** How often two requests meet. In the second half of the rounds they end at the same time. */
const RACES = 8;

interface Race {
  readonly title: string;
  /** Whether a request may touch a record that is gone. */
  readonly destroys?: boolean;
  readonly run: (here: Process, there: Process, meet: Meet, bench: Bench, round: number) => Promise<void>;
}

/** Ends two requests, one after the other or at the same time. */
type Meet = <A, B>(first: () => Promise<A>, second: () => Promise<B>) => Promise<[A, B]>;

const inTurn: Meet = async (first, second) => [await first(), await second()];
const atOnce: Meet = (first, second) => Promise.all([first(), second()]);

const races: readonly Race[] = [
  {
    title: 'keeps a session destroyed that a request has in hand',
    destroys: true,
    run: async (here, there, meet, bench, round) => {
      const { cookie } = await here.visit('/count');
      const { text: id } = await here.visit('/id', cookie);
      // The request stores the session in one round, and touches it in the next.
      const finish = await here.begin(round % 2 ? '/count' : '/look', cookie);
      await meet(() => there.visit('/logout', cookie), finish);
      equal(await bench.get(id), undefined, 'the session was stored again after its logout');
      equal((await there.visit('/look', cookie)).text, '0');
    },
  },
  {
    title: 'gives each of two who sign in at once with one session one of their own',
    run: async (here, there, meet) => {
      const { cookie } = await here.visit('/count');
      const [finishAnn, finishBob] = [await here.begin('/ann', cookie), await there.begin('/bob', cookie)];
      const [ann, bob] = await meet(finishAnn, finishBob);
      equal((await there.visit('/who', ann.cookie)).text, 'ann', 'the first has lost her login');
      equal((await here.visit('/who', bob.cookie)).text, 'bob', 'the second has lost his login');
      equal((await here.visit('/who', cookie)).text, 'nobody', 'the old cookie opens a login');
    },
  },
  {
    title: 'keeps what a login has stored when a touch meets it',
    run: async (here, there, meet) => {
      const { cookie } = await here.visit('/count');
      const finish = await here.begin('/look', cookie);
      const [ann] = await meet(() => there.visit('/ann', cookie), finish);
      equal((await here.visit('/who', ann.cookie)).text, 'ann', 'the touch has undone the login');
      equal((await there.visit('/who', cookie)).text, 'nobody', 'the old cookie opens the login');
    },
  },
];

export const sessionChecks: readonly Check[] = [
  {
    title: 'serves the middleware: sessions are kept, get a new token at login, and end at logout',
    run: (bench) =>
      onSite(bench, 1, async (site) => {
        const { cookie: first, text } = await site.visit('/count');
        equal(text, '1');
        equal((await site.visit('/count', first)).text, '2');
        const { cookie: second } = await site.visit('/ann', first);
        differ(second, first);
        equal((await site.visit('/look', second)).text, '2');
        equal((await site.visit('/look', first)).text, '0');
        await site.visit('/logout', second);
        equal((await site.visit('/look', second)).text, '0');
      }),
  },
  {
    title: 'lets the middleware upgrade a session of express-session where it is',
    run: (bench) =>
      onSite(bench, 1, async (site) => {
        const id = newId();
        await bench.set(id, recordOf({ count: 2 }));
        const old = legacyCookie(id);
        const { cookie, text } = await site.visit('/count', old);
        equal(text, '3');
        differ(cookie, old);
        equal((await site.visit('/count', cookie)).text, '4');
        equal((await site.visit('/count', old)).text, '5');
        equal((await site.visit('/id', cookie)).text, id);
        equal((await bench.get(id))?.count, 5);
        await site.visit('/logout', cookie);
        equal(await bench.get(id), undefined);
        equal((await site.visit('/look', cookie)).text, '0');
        equal((await site.visit('/look', old)).text, '0');
      }),
  },
  ...races.map((race) => ({
    title: `${race.title}, in one process`,
    run: (bench: Bench) => hold(race, bench, 1),
  })),
  ...races.map((race) => ({
    title: `${race.title}, in two processes, if its grade is to be 'everywhere'`,
    run: async (bench: Bench, report: StoreReport) => {
      if (gradeOf(report) === 'everywhere') await hold(race, bench, 2);
    },
  })),
];

function hold({ run, destroys }: Race, bench: Bench, processes: 1 | 2): Promise<void> {
  return onSite(
    bench,
    processes,
    async (here, there) => {
      for (let round = 0; round < RACES; round++) {
        await run(here, there, round < RACES / 2 ? inTurn : atOnce, bench, round);
      }
    },
    destroys,
  );
}
