import { deepStrictEqual as same, strictEqual as equal } from 'node:assert';
import type { SessionRecord } from '../types';
import { type Bench, newLegacyId, plain, recordOf } from './bench';
import type { StoreReport } from './report';

/** One property of a store. */
export interface Check {
  readonly title: string;
  /** @throws AssertionError if the store lacks it */
  readonly run: (bench: Bench, report: StoreReport) => Promise<void>;
}

const SAMPLE = {
  user: { name: 'Zoë 🐟', roles: ['admin', 'author'] },
  list: [1, -2.5, 1e21, null, true, { deep: [[]] }],
  text: 'quotes "\'` \\ % $1 ? :name\nsecond line',
  empty: '',
  off: false,
  nothing: null,
  large: 'x'.repeat(32_768),
};

/** What `get`, `set`, `touch` and `destroy` are to do. */
export const recordChecks: readonly Check[] = [
  {
    title: 'answers get for an unknown id with no record and no error',
    run: async (bench) => {
      equal(await bench.get(bench.newId()), undefined);
    },
  },
  {
    title: 'gives back the data as JSON has it',
    run: async (bench) => {
      const id = bench.newId();
      await bench.set(id, recordOf(SAMPLE));
      same(pick(await bench.get(id), SAMPLE), SAMPLE);
    },
  },
  {
    title: "gives back the cookie's settings and expiry",
    run: async (bench) => {
      const id = bench.newId();
      const record = recordOf({ a: 1 });
      await bench.set(id, record);
      same(plain((await bench.get(id))?.cookie), plain(record.cookie));
    },
  },
  {
    title: 'keeps a record whose cookie has no expiry',
    run: async (bench) => {
      const id = bench.newId();
      await bench.set(id, recordOf({ a: 1 }, null));
      equal((await bench.get(id))?.a, 1);
    },
  },
  {
    title: 'replaces a record as a whole',
    run: async (bench) => {
      const id = bench.newId();
      await bench.set(id, recordOf({ a: 1, b: 1 }));
      await bench.set(id, recordOf({ b: 2 }));
      same(pick(await bench.get(id), { a: 0, b: 0 }), { b: 2 });
    },
  },
  {
    title: 'keeps what the record was when it was stored, whatever becomes of the object',
    run: async (bench) => {
      const id = bench.newId();
      const record = recordOf({ list: [1] });
      await bench.set(id, record);
      (record.list as number[]).push(2);
      const found = await bench.get(id);
      same(found?.list, [1]);
      found.list.push(3);
      same((await bench.get(id))?.list, [1]);
    },
  },
  {
    title:
      'tells ids apart that differ in their last character only, of the usual length and of 32 characters',
    run: async (bench) => {
      for (const stem of [bench.newId().slice(1), `-_${newLegacyId().slice(3)}`]) {
        await bench.set(`${stem}a`, recordOf({ a: 1 }));
        await bench.set(`${stem}b`, recordOf({ b: 1 }));
        equal((await bench.get(`${stem}a`))?.a, 1);
        equal((await bench.get(`${stem}b`))?.b, 1);
      }
    },
  },
  {
    title: 'forgets a destroyed record, and takes a second destroy',
    run: async (bench) => {
      const id = bench.newId();
      await bench.set(id, recordOf({ a: 1 }));
      await bench.destroy(id);
      equal(await bench.get(id), undefined);
      await bench.destroy(id);
      await bench.destroy(bench.newId());
    },
  },
  {
    title: 'renews the expiry by touch and keeps the data, if it has touch',
    run: async (bench, report) => {
      report.touch = bench.has('touch');
      if (!report.touch) return;
      const id = bench.newId();
      await bench.set(id, recordOf({ a: 1 }, 30_000));
      await bench.touch(id, recordOf({ a: 2 }, 90_000));
      equal((await bench.get(id))?.a, 1);
    },
  },
  {
    title: 'creates no record by touch, if it has touch',
    run: async (bench) => {
      const id = bench.newId();
      // That there is no record should be no error; the middleware bears with stores that make one of it.
      if (bench.has('touch')) await bench.touch(id, recordOf({ a: 1 })).catch(() => undefined);
      equal(await bench.get(id), undefined);
    },
  },
  {
    title: 'takes a record that has expired, and says whether get still answers it',
    run: async (bench, report) => {
      const id = bench.newId();
      await bench.set(id, recordOf({ a: 1 }, -5000));
      report.expiry = (await bench.get(id)) ? 'later' : 'at once';
      await bench.destroy(id);
    },
  },
];

/** The members that these names have; some stores add others of their own to a session. */
function pick(record: SessionRecord | undefined, names: object): unknown {
  return Object.fromEntries(Object.entries({ ...record }).filter(([name]) => name in names));
}
