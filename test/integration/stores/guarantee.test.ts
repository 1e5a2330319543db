/** What a store promises, and through which calls. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import session from '../../../src';
import { Bench, newId, newTag, recordOf, taggedRecord, tagOf } from '../../../src/store-test/bench';
import { callsOf } from '../../../src/store/guarantee';
import type { AnyStore, CompareAndSet, SessionRecord } from '../../../src/types';
import { debugLines } from '../../support/debug-lines';
import { ForeignStore } from '../../support/stores';
import { knownStore } from './known-stores';

/** A store with a compareAndSet of its own, by callback. */
class ComparingStore extends ForeignStore {
  compareAndSet(
    id: string,
    record: unknown,
    tag: string | null,
    callback: Parameters<CompareAndSet>[3],
  ): void {
    const stored = this.records.get(id);
    const isStored =
      stored !== undefined && (tag === null ? !stored.includes('"__session":') : stored.includes(tag));
    if (isStored) this.records.set(id, JSON.stringify(record));
    setImmediate(callback, null, isStored);
  }
}

const asAny = (store: object): AnyStore => store as AnyStore;
const unsupported = { code: 'ERR_COMPARE_AND_SET_UNSUPPORTED' };

describe('What a store promises', () => {
  it('is "everywhere" for a store with compareAndSet and for a known one, else "in this process" (B244)', () => {
    assert.equal(callsOf(asAny(new ComparingStore())).guarantee, 'everywhere');
    assert.equal(callsOf(asAny(knownStore().store)).guarantee, 'everywhere');
    assert.equal(callsOf(asAny(new ForeignStore())).guarantee, 'in this process');
    assert.equal(callsOf(asAny(new session.MemoryStore())).guarantee, 'in this process');
  });

  it('is "everywhere" for a store with compareAndSet and no touch (B265)', () => {
    const store = asAny(Object.assign(new ComparingStore(), { touch: undefined }));
    const { guarantee, touch } = callsOf(store);
    assert.deepEqual([guarantee, touch], ['everywhere', undefined]);
  });

  it('is told by a debug line that names where it comes from', async () => {
    const lines = await debugLines(() => {
      for (const store of [new ForeignStore(), new ComparingStore(), knownStore().store])
        callsOf(asAny(store));
    });
    assert.deepEqual(lines, [
      'guarantee: in this process (the store has no compareAndSet)',
      "guarantee: everywhere (the store's own compareAndSet)",
      'guarantee: everywhere (better-sqlite3-session-store)',
    ]);
  });
});

describe("A store's own compareAndSet", () => {
  it('is looked up at each call, with the store as this (B009)', async () => {
    const store = new ComparingStore();
    const bench = new Bench(asAny(store));
    const calls: unknown[][] = [];
    store.compareAndSet = function (this: unknown, ...args) {
      calls.push([this === store, ...args.slice(0, 3)]);
      args[3](null, true);
    };
    const record = recordOf({});
    assert.equal(await bench.compareAndSet('id', record, null), true);
    assert.deepEqual(calls, [[true, 'id', record, null]]);
  });

  it('may answer by promise', async () => {
    const store = Object.assign(new ForeignStore(), { compareAndSet: () => Promise.resolve(true) });
    assert.equal(await new Bench(asAny(store)).compareAndSet('id', recordOf({}), 'tag'), true);
  });

  it('that the application has removed meanwhile is an error with a code', async () => {
    const store = Object.assign(new ForeignStore(), { compareAndSet: () => Promise.resolve(true) }) as object;
    const bench = new Bench(asAny(store));
    Reflect.deleteProperty(store, 'compareAndSet');
    await assert.rejects(bench.compareAndSet('id', recordOf({}), 'tag'), unsupported);
  });
});

describe('The compareAndSet of a known store', () => {
  for (const name of ['set', 'touch'] as const) {
    it(`gives way to a ${name} that the application has put in place later (B009)`, async () => {
      const { store } = knownStore();
      const bench = new Bench(asAny(store));
      const [id, before] = [newId(), newTag()];
      await bench.set(id, taggedRecord(before));
      store[name] = (_id: string, _record: SessionRecord, callback: () => void) => callback();
      await assert.rejects(bench.compareAndSet(id, taggedRecord(newTag()), before), unsupported);
      assert.equal(tagOf(await bench.get(id)), before);
    });
  }

  it('writes nothing onto the store', async () => {
    const { store } = knownStore();
    Object.freeze(store);
    const bench = new Bench(asAny(store));
    const [id, before] = [newId(), newTag()];
    await bench.set(id, taggedRecord(before));
    assert.equal(await bench.compareAndSet(id, taggedRecord(newTag()), before), true);
  });
});

describe("A store's touch", () => {
  it("is the store's own, looked up at each call, with the store as this (B009)", () => {
    const store = new ForeignStore();
    const { touch } = callsOf(asAny(store));
    const calls: unknown[] = [];
    store.touch = function (this: unknown, id) {
      calls.push(this === store, id);
    };
    touch?.('id', recordOf({}), () => undefined);
    assert.deepEqual(calls, [true, 'id']);
  });

  it('is settled when the store is first looked at: none stays none, and one that is gone is not waited for (B009)', async () => {
    const bare = Object.assign(new ForeignStore(), { touch: undefined }) as unknown as ForeignStore;
    const none = callsOf(asAny(bare));
    bare.touch = () => assert.fail();
    assert.equal(none.touch, undefined);
    const store = new ForeignStore();
    const { touch } = callsOf(asAny(store));
    Object.assign(store, { touch: undefined });
    await new Promise<void>((resolve) => touch?.('id', recordOf({}), () => resolve()));
  });

  it('is not asked for of a store that is an event emitter and nothing else', () => {
    assert.equal(callsOf(new EventEmitter() as unknown as AnyStore).touch, undefined);
  });
});
