/** The checks of `compareAndSet`, whether it is the store's own or an adapter's. */
import { ok, strictEqual as equal } from 'node:assert';
import { UNSUPPORTED } from '../store/adapters/adapter';
import { type Bench, newId, newTag, recordOf, taggedRecord, tagOf } from './bench';
import type { Check } from './records';
import type { Comparison, StoreReport } from './report';

/** How often two calls run at the same time. */
const RACES = 50;

export const comparisonChecks: readonly Check[] = [
  {
    title: 'stores by compareAndSet what is still there with its tag, if it has compareAndSet',
    run: async (bench, report) => {
      report.compareAndSet = await findComparison(bench);
    },
  },
  check('replaces by compareAndSet the whole record, its tag too', async (bench) => {
    const [id, first, second] = await storedId(bench, { a: 1, b: 1 });
    ok(await bench.compareAndSet(id, taggedRecord(second, { b: 2 }), first));
    const found = await bench.get(id);
    equal(found?.a, undefined);
    equal(found?.b, 2);
    equal(tagOf(found), second);
    equal(await bench.compareAndSet(id, taggedRecord(first), first), false);
    ok(await bench.compareAndSet(id, taggedRecord(first), second));
  }),
  check('refuses by compareAndSet a record with another tag', async (bench) => {
    const tag = newTag();
    for (const stored of [newTag(), tag.replace('.', 'x'), tag.replace('_', 'x'), tag.toUpperCase()]) {
      const id = newId();
      await bench.set(id, taggedRecord(stored, { a: 1 }));
      equal(await bench.compareAndSet(id, taggedRecord(tag, { a: 2 }), tag), false, `${stored} is no ${tag}`);
      equal((await bench.get(id))?.a, 1);
    }
  }),
  check(
    'makes no record by compareAndSet that was never there, was destroyed or has expired',
    async (bench) => {
      const never = newId();
      equal(await bench.compareAndSet(never, taggedRecord(newTag()), newTag()), false);
      equal(await bench.compareAndSet(never, taggedRecord(newTag()), null), false);
      equal(await bench.get(never), undefined);
      const [destroyed, tag] = await storedId(bench);
      await bench.destroy(destroyed);
      equal(await bench.compareAndSet(destroyed, taggedRecord(tag), tag), false);
      equal(await bench.get(destroyed), undefined);
      const expired = newId();
      await bench.set(expired, taggedRecord(tag, { a: 1 }, -5000));
      equal(await bench.compareAndSet(expired, taggedRecord(tag, { a: 2 }), tag), false);
      equal(await bench.compareAndSet(expired, taggedRecord(tag, { a: 2 }), null), false);
      ok((await bench.get(expired))?.a !== 2);
    },
  ),
  check('stores by compareAndSet with null what has no __session, and nothing else', async (bench) => {
    const id = newId();
    await bench.set(id, recordOf({ a: 1, text: '{"__session":{"gen":1}}' }));
    const tag = newTag();
    equal(await bench.compareAndSet(id, recordOf({ a: 2 }), tag), false);
    ok(await bench.compareAndSet(id, taggedRecord(tag, { a: 3 }), null));
    equal(await bench.compareAndSet(id, taggedRecord(tag, { a: 4 }), null), false);
    equal((await bench.get(id))?.a, 3);
  }),
  check('keeps by compareAndSet a record whose cookie has no expiry', async (bench) => {
    const [id, first, second] = await storedId(bench);
    ok(await bench.compareAndSet(id, taggedRecord(second, { a: 1 }, null), first));
    equal((await bench.get(id))?.a, 1);
  }),
  check('answers by compareAndSet that it has stored a record which is the same as before', async (bench) => {
    const id = newId();
    const record = taggedRecord(newTag(), { a: 1 }, null);
    await bench.set(id, record);
    const tag = String(tagOf(record));
    for (let time = 0; time < 3; time++) ok(await bench.compareAndSet(id, record, tag));
  }),
  check('lets exactly one of two compareAndSets with the same tag win', async (bench) => {
    for (let race = 0; race < RACES; race++) {
      const [id, tag, one] = await storedId(bench);
      const two = newTag();
      const [first, second] = await Promise.all([
        bench.compareAndSet(id, taggedRecord(one), tag),
        bench.compareAndSet(id, taggedRecord(two), tag),
      ]);
      ok(first !== second, first ? 'both have won' : 'both have lost');
      equal(tagOf(await bench.get(id)), first ? one : two);
    }
  }),
  check('never brings a record back by a compareAndSet that meets a destroy', async (bench) => {
    for (let race = 0; race < RACES; race++) {
      const [id, tag, next] = await storedId(bench);
      const both = [() => bench.compareAndSet(id, taggedRecord(next), tag), () => bench.destroy(id)];
      await Promise.all((race % 2 ? both : both.reverse()).map((start) => start()));
      equal(await bench.get(id), undefined, 'a session was stored again after its destroy');
    }
  }),
  check('never undoes a compareAndSet by a touch that meets it', async (bench, report) => {
    if (report.touch !== 'expiry') return;
    for (let race = 0; race < RACES; race++) {
      const [id, tag, next] = await storedId(bench);
      const both = [
        () => bench.compareAndSet(id, taggedRecord(next), tag),
        () => bench.touch(id, taggedRecord(tag)),
      ];
      await Promise.all((race % 2 ? both : both.reverse()).map((start) => start()));
      equal(tagOf(await bench.get(id)), next, 'an older record is back');
    }
  }),
];

/** A check only for stores whose compareAndSet works at all. */
function check(title: string, run: Check['run']): Check {
  return {
    title: `${title}, if it has compareAndSet`,
    run: async (bench, report: StoreReport) => {
      if (report.compareAndSet === 'works') await run(bench, report);
    },
  };
}

/** Finds out, as the middleware does, whether the store sees tags: otherwise it refuses a record that is certainly there. */
async function findComparison(bench: Bench): Promise<Comparison> {
  if (!bench.calls.compareAndSet) return 'none';
  const [id, tag, next] = await storedId(bench);
  try {
    return (await bench.compareAndSet(id, taggedRecord(next), tag)) ? 'works' : 'hidden';
  } catch (error) {
    if ((error as { code?: unknown }).code === UNSUPPORTED) return 'refused';
    throw error;
  }
}

/** Stores a new record. Gives its id, its tag, and a tag for the next record. */
async function storedId(bench: Bench, data: object = {}): Promise<[id: string, tag: string, next: string]> {
  const [id, tag] = [newId(), newTag()];
  await bench.set(id, taggedRecord(tag, data));
  return [id, tag, newTag()];
}
