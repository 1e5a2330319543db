/** What is compared between two ways to a database: `set` and `compareAndSet`, one process and another. */
import assert from 'node:assert/strict';
import { type Bench, newId, newTag, taggedRecord, tagOf } from '../../../src/store-test/bench';
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
