/** The checks of `get`, `set`, `destroy` and `touch` with single records. */
import { deepStrictEqual as same, ok, strictEqual as equal } from 'node:assert';
import { SAMPLE as PROBE_SAMPLE } from '../check/probe';
import { writesMoreThanExpiry } from '../check/touch-check';
import type { SessionRecord } from '../types';
import { type Bench, newId, newTag, plain, recordOf } from './bench';
import { comparisonChecks } from './compare-and-set';
import type { StoreReport } from './report';

/** One test of a store. */
export interface Check {
  readonly title: string;
  /** @throws AssertionError if the store fails the test */
  readonly run: (bench: Bench, report: StoreReport) => Promise<void>;
}

const SAMPLE = { ...PROBE_SAMPLE, large: 'x'.repeat(32_768) };

/** How often a touch runs at the same time as a write, and as a destroy. */
const RACES = 20;

const basicChecks: readonly Check[] = [
  {
    title: 'answers get for an unknown id with no record and no error',
    run: async (bench) => {
      equal(await bench.get(newId()), undefined);
    },
  },
  {
    title: 'gives back the data as JSON has it',
    run: async (bench) => {
      const id = newId();
      await bench.set(id, recordOf(SAMPLE));
      same(pick(await bench.get(id), SAMPLE), SAMPLE);
    },
  },
  {
    title: "gives back the cookie's settings and expiry",
    run: async (bench) => {
      const id = newId();
      const record = recordOf({ a: 1 });
      await bench.set(id, record);
      same(plain((await bench.get(id))?.cookie), plain(record.cookie));
    },
  },
  {
    title: "gives back the middleware's own member, __session",
    run: async (bench) => {
      const id = newId();
      const state = { gen: 2, tag: newTag(), created: 1e12, rotatedAt: 1e12 + 1, adopted: true };
      await bench.set(id, recordOf({ __session: state }));
      same((await bench.get(id))?.__session, state);
    },
  },
  {
    title: 'keeps a record whose cookie has no expiry',
    run: async (bench) => {
      const id = newId();
      await bench.set(id, recordOf({ a: 1 }, null));
      equal((await bench.get(id))?.a, 1);
    },
  },
  {
    title: 'replaces a record as a whole',
    run: async (bench) => {
      const id = newId();
      await bench.set(id, recordOf({ a: 1, b: 1 }));
      await bench.set(id, recordOf({ b: 2 }));
      same(pick(await bench.get(id), { a: 0, b: 0 }), { b: 2 });
    },
  },
  {
    title: 'keeps what the record was when it was stored, whatever becomes of the object',
    run: async (bench) => {
      const id = newId();
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
    title: 'tells ids of 32 characters apart that differ in their last one only',
    run: async (bench) => {
      for (const stem of [newId().slice(1), `-_${newId().slice(3)}`]) {
        await bench.set(`${stem}a`, recordOf({ a: 1 }));
        await bench.set(`${stem}b`, recordOf({ a: 2 }));
        equal((await bench.get(`${stem}a`))?.a, 1);
        equal((await bench.get(`${stem}b`))?.a, 2);
      }
    },
  },
  {
    title: 'forgets a destroyed record, and takes a second destroy',
    run: async (bench) => {
      const id = newId();
      await bench.set(id, recordOf({ a: 1 }));
      await bench.destroy(id);
      equal(await bench.get(id), undefined);
      await bench.destroy(id);
      await bench.destroy(newId());
    },
  },
  {
    title: 'takes a record that has expired, and says whether get still answers it',
    run: async (bench, report) => {
      const id = newId();
      await bench.set(id, recordOf({ a: 1 }, -5000));
      report.expiry = (await bench.get(id)) ? 'later' : 'at once';
      await bench.destroy(id);
    },
  },
  {
    title: 'keeps a record there by touch, and says what else touch writes, if it has touch',
    run: async (bench, report) => {
      if (!bench.calls.touch) {
        report.touch = 'none';
        return;
      }
      const id = newId();
      await bench.set(id, recordOf({ a: 1 }, 30_000));
      await bench.touch(id, recordOf({ a: 1 }, 90_000));
      equal((await bench.get(id))?.a, 1);
      report.touch = (await writesMoreThanExpiry(bench, newId, RACES)) ? 'record' : 'expiry';
    },
  },
];

export const recordChecks: readonly Check[] = [...basicChecks, ...comparisonChecks];

/** The members with these names. Some stores add members of their own to a record. */
function pick(record: SessionRecord | undefined, names: object): unknown {
  ok(record, 'the record is there');
  return Object.fromEntries(Object.entries(record).filter(([name]) => name in names));
}
