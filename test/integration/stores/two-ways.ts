/** What is compared between two ways to a database: `set` and `compareAndSet`, one process and another. */
import assert from 'node:assert/strict';
import { answer, type Bench, newId, newTag, taggedRecord, tagOf } from '../../../src/store-test/bench';
import type { Opened } from './subject';

/** Stores compute some expiries from the current time, in whole seconds. */
const TOLERANCE = 1500;

const RACES = 50;

/** One record, stored by `set` and by `compareAndSet`, read past the store. */
export async function sameRows({ rowOf }: Opened, bench: Bench): Promise<void> {
  if (!rowOf) return;
  for (const maxAge of [3_600_000, null]) {
    const [bySet, byCompareAndSet, before] = [newId(), newId(), newTag()];
    const record = taggedRecord(newTag(), { text: 'quotes "\'` \\ % $1 ? :name\nZoë 🐟' }, maxAge);
    await bench.set(bySet, record);
    await bench.set(byCompareAndSet, taggedRecord(before, {}, 60_000));
    assert.equal(await bench.compareAndSet(byCompareAndSet, record, before), true);
    const expected = await rowOf(bySet);
    const found = await rowOf(byCompareAndSet);
    assert.ok(expected && found);
    assert.equal(found.data, expected.data);
    const difference = Math.abs(found.expires - expected.expires);
    assert.ok(difference < TOLERANCE, `${String(found.expires)} is not ${String(expected.expires)}`);
  }
}

/** A record that is replaced while its expiry stays, read past the store. An application's own compareAndSet is not asked to. */
export async function keptExpiry({ rowOf }: Opened, bench: Bench): Promise<void> {
  const { compareAndSet, canKeepExpiry } = bench.calls;
  if (!canKeepExpiry) return;
  assert.ok(rowOf && compareAndSet);
  for (const maxAge of [60_000, -60_000, null]) {
    const [id, before, after] = [newId(), newTag(), newTag()];
    await bench.set(id, taggedRecord(before, {}, 3_600_000));
    const old = await rowOf(id);
    const record = taggedRecord(after, { a: 1 }, maxAge);
    const keep = (tag: string): Promise<boolean | undefined> =>
      answer<boolean>((done) => compareAndSet(id, record, tag, done, { keepsExpiry: true }));
    assert.equal(await keep(newTag()), false);
    assert.equal(await keep(before), true);
    const found = await rowOf(id);
    assert.ok(old && found);
    assert.deepEqual([tagOf(await bench.get(id)), (await bench.get(id))?.a], [after, 1]);
    assert.ok(
      Math.abs(found.expires - old.expires) < 100,
      `${String(found.expires)}: ${String(old.expires)}`,
    );
  }
}

/** Calls that meet each other, each of another process. */
export async function race(here: Bench, there: Bench): Promise<void> {
  for (let round = 0; round < RACES; round++) {
    const [contested, destroyed, touched] = [newId(), newId(), newId()];
    const [before, one, two] = [newTag(), newTag(), newTag()];
    const old = taggedRecord(before);
    for (const id of [contested, destroyed, touched]) await here.set(id, old);
    const [first, second] = await Promise.all([
      here.compareAndSet(contested, taggedRecord(one), before),
      there.compareAndSet(contested, taggedRecord(two), before),
      here.compareAndSet(destroyed, taggedRecord(one), before),
      there.destroy(destroyed),
      here.compareAndSet(touched, taggedRecord(one), before),
      there.touch(touched, old),
    ]);
    assert.notEqual(first, second, 'not exactly one has won');
    assert.equal(tagOf(await there.get(contested)), first ? one : two);
    assert.equal(await here.get(destroyed), undefined, 'a destroyed session is back');
    assert.equal(tagOf(await here.get(touched)), one, 'touch has brought back an older record');
  }
}
