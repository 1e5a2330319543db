// Each method of a sealed store: what it gives to the other store, and what it answers.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { RedisStore } from 'connect-redis';
import session from '../../../src';
import { sealed, type SealOptions } from '../../../src/sealed';
import type { FullStore } from '../../../src/sealed/sealed-store';
import { Bench, newId, newTag, recordOf, taggedRecord } from '../../../src/store-test/bench';
import { callsOf } from '../../../src/store/guarantee';
import type { AnyStore } from '../../../src/types';
import { ComparingStore } from '../../support/comparing-store';
import { record } from '../../support/contents';
import { answer } from '../../support/site';
import { ForeignStore } from '../../support/stores';

const secret = randomBytes(32);
const seal = (store: object, options?: SealOptions) =>
  sealed(store as AnyStore, secret, options) as FullStore;

/** connect-redis, whose client has no server. */
function redisStandIn() {
  const scripts: string[][] = [];
  const client = {
    eval: (_script: string, { arguments: given }: { arguments: string[] }) => {
      scripts.push(given);
      return Promise.resolve(1);
    },
    mGet: () => Promise.resolve([]),
  };
  return { scripts, store: new RedisStore({ client }) };
}

describe('a sealed store', () => {
  for (const [kind, create, names] of [
    ['a plain one', () => new ForeignStore(), ['touch']],
    ['one that compares', () => new ComparingStore(), ['compareAndSet', 'touch']],
    ['one without touch', () => Object.assign(new ForeignStore(), { touch: undefined }), []],
    ['our MemoryStore', () => new session.MemoryStore(), ['all', 'clear', 'length', 'touch']],
    [
      'connect-redis, by its adapter',
      () => redisStandIn().store,
      ['all', 'clear', 'compareAndSet', 'length', 'touch'],
    ],
  ] as [string, () => object, string[]][]) {
    it(`has the optional methods of ${kind}, and no others (B273)`, () => {
      const store = seal(create()) as unknown as Record<string, unknown>;
      const optional = ['all', 'clear', 'compareAndSet', 'length', 'touch'];
      assert.deepEqual(
        optional.filter((name) => typeof store[name] === 'function'),
        names,
      );
      assert.equal(
        callsOf(store as unknown as AnyStore).guarantee,
        names.includes('compareAndSet') ? 'everywhere' : 'in this process',
      );
    });
  }

  it('gives sealed data to set, compareAndSet and touch, and opens what get answers', async () => {
    const inner = new ComparingStore();
    const bench = new Bench(seal(inner));
    const [id, before, after] = [newId(), newTag(), newTag()];
    await bench.set(id, taggedRecord(before, { user: 'ann' }));
    assert.equal((await bench.get(id))?.user, 'ann');
    assert.equal(await bench.compareAndSet(id, taggedRecord(after, { user: 'bob' }), before), true);
    assert.equal(await bench.compareAndSet(id, taggedRecord(after, { user: 'eve' }), before), false);
    assert.deepEqual(inner.expected, [before, before]);
    await bench.touch(id, taggedRecord(after, { user: 'bob' }));
    assert.equal((await bench.get(id))?.user, 'bob');
    const given = inner.calls.filter(({ data }) => data !== undefined);
    assert.deepEqual(
      given.map(({ method }) => method),
      ['set', 'compareAndSet', 'compareAndSet', 'touch'],
    );
    for (const { data } of given) {
      assert.match(data ?? '', /"__sealed":"v1\./);
      assert.doesNotMatch(data ?? '', /ann|bob|eve/);
    }
    await bench.destroy(id);
    assert.equal(inner.records.size, 0);
    assert.equal(await bench.get(id), undefined);
  });

  it('needs no callbacks for set, touch, destroy, all and clear', async () => {
    const inner = new session.MemoryStore();
    const store = seal(inner);
    const without = store as unknown as Record<
      'set' | 'touch' | 'destroy' | 'all' | 'clear',
      (...args: unknown[]) => void
    >;
    without.set('one', recordOf({ a: 1 }));
    without.set('two', recordOf({ a: 2 }));
    without.touch('one', recordOf({ a: 1 }));
    without.destroy('two');
    without.all();
    assert.deepEqual(await answer((done) => store.length?.(done as never)), [null, 1]);
    without.clear();
    assert.deepEqual(await answer((done) => store.length?.(done as never)), [null, 0]);
  });

  it('clears the other store, and says when that is done', async () => {
    const inner = new session.MemoryStore();
    const store = seal(inner);
    await new Bench(store).set('one', recordOf({ a: 1 }));
    assert.equal(Object.keys((inner as unknown as { sessions: object }).sessions).length, 1);
    await answer((done) => store.clear?.(done));
    assert.equal(Object.keys((inner as unknown as { sessions: object }).sessions).length, 0);
  });

  it('lists opened records, by callback or by promise', async () => {
    const records: Record<string, unknown> = {};
    const inner = Object.assign(new EventEmitter(), {
      get: (id: string) => Promise.resolve(records[id]),
      set: (id: string, one: object) => Promise.resolve((records[id] = JSON.parse(JSON.stringify(one)))),
      destroy: () => Promise.resolve(true),
      all: () => Promise.resolve(records),
    });
    const store = seal(inner);
    await new Bench(store).set('one', recordOf({ user: 'ann' }));
    assert.equal(JSON.stringify(records).includes('ann'), false);
    const [error, all] = await answer((done) => store.all?.(done));
    assert.equal(error, null);
    assert.equal((all as { one: { user: string } }).one.user, 'ann');
    assert.equal((await new Bench(store).get('one'))?.user, 'ann');
  });

  it('passes errors of the other store on as they are', async () => {
    const inner = Object.assign(new ForeignStore(), {
      all: (done: (error: unknown) => void) => {
        done(new Error('all: boom!'));
      },
    });
    for (const method of ['get', 'set', 'touch', 'destroy'] as const)
      inner.failures[method] = new Error(`${method}: boom!`);
    const store = seal(inner);
    for (const [method, call] of [
      ['get', (done) => store.get('id', done)],
      ['set', (done) => store.set('id', recordOf({}), done)],
      ['touch', (done) => store.touch?.('id', recordOf({}), done)],
      ['destroy', (done) => store.destroy('id', done)],
      ['all', (done) => store.all?.(done)],
    ] as [string, (done: (...args: unknown[]) => void) => unknown][]) {
      const [error] = await answer(call);
      assert.equal((error as Error).message, `${method}: boom!`);
    }
  });

  it('answers with the error of get that the other store throws or rejects with', async () => {
    for (const get of [
      () => {
        throw new Error('boom!');
      },
      () => Promise.reject(new Error('boom!')),
    ]) {
      const [error] = await answer((done) =>
        seal(Object.assign(new ForeignStore(), { get })).get('id', done),
      );
      assert.equal((error as Error).message, 'boom!');
    }
  });

  it('answers an error, and no record, where a record cannot be opened (B273)', async () => {
    const inner = Object.assign(new ForeignStore(), {
      all: (done: (error: unknown, all: unknown) => void) => {
        done(null, { id: record(inner, 'id') });
      },
    });
    await new Bench(seal(inner)).set('id', recordOf({ user: 'ann' }));
    const store = sealed(inner, randomBytes(32)) as FullStore;
    for (const call of [
      (done: (...args: unknown[]) => void) => store.get('id', done),
      (done: (...args: unknown[]) => void) => store.all?.(done),
    ]) {
      const [error, found] = await answer(call);
      assert.equal((error as { code?: unknown }).code, 'ERR_SESSION_SEAL_UNREADABLE');
      assert.equal(found, undefined);
    }
  });

  it('calls back once, also where the callback throws', () => {
    const inner = Object.assign(new ForeignStore(), {
      get: (_id: string, done: (error: null, found: object) => void) => {
        done(null, recordOf({ a: 1 }));
      },
    });
    let calls = 0;
    const throwing = (): never => {
      calls += 1;
      throw new Error('of the application');
    };
    assert.throws(() => seal(inner).get('id', throwing), /of the application/);
    assert.equal(calls, 1);
  });

  it('makes sessions by load, with their data', async () => {
    const store = seal(new ForeignStore()) as unknown as session.Store;
    await new Bench(store).set('id', recordOf({ user: 'ann' }));
    const [error, loaded] = await answer((done) => store.load('id', done));
    assert.equal(error, null);
    assert.equal((loaded as { user: string }).user, 'ann');
  });

  it('emits connect and disconnect when the other store does (B273)', () => {
    const inner = new ForeignStore();
    const store = seal(inner);
    const heard: string[] = [];
    for (const event of ['connect', 'disconnect'] as const) store.on(event, () => heard.push(event));
    inner.emit('disconnect');
    inner.emit('connect');
    assert.deepEqual(heard, ['disconnect', 'connect']);
  });

  it('calls a compareAndSet that is not an adapter with four arguments, in the store', async () => {
    const calls: unknown[][] = [];
    const inner = Object.assign(new ForeignStore(), {
      compareAndSet(...args: unknown[]) {
        assert.equal(this, inner);
        calls.push(args);
        return Promise.resolve(true);
      },
    });
    const { compareAndSet, canKeepExpiry } = callsOf(seal(inner));
    const stored = await answer((done) =>
      compareAndSet?.('id', taggedRecord('a.1.'), 'a.1.', done, { keepsExpiry: false }),
    );
    assert.deepEqual([stored, canKeepExpiry, calls[0]?.length], [[null, true], false, 4]);
  });

  it('can leave the expiry as it is where the adapter of the other store can (B268 B273)', async () => {
    const { scripts, store } = redisStandIn();
    const { compareAndSet, canKeepExpiry } = callsOf(seal(store));
    assert.equal(canKeepExpiry, true);
    for (const keepsExpiry of [true, false]) {
      const stored = await answer((done) =>
        compareAndSet?.('id', taggedRecord('b.1.', { user: 'ann' }), 'a.1.', done, { keepsExpiry }),
      );
      assert.deepEqual(stored, [null, true]);
    }
    assert.deepEqual(
      scripts.map(([, text, isWanted, lifetime]) => [text, isWanted, lifetime]),
      [
        ['a.1.', '1', 'keep'],
        ['a.1.', '1', '60'],
      ],
    );
    for (const [value] of scripts) assert.doesNotMatch(value ?? '', /ann/);
  });

  it('says what an adapter says where the application has replaced a method of the other store (B244)', async () => {
    const { store } = redisStandIn();
    const { compareAndSet } = callsOf(seal(store));
    Object.assign(store, { set: () => Promise.resolve() });
    const [error] = await answer((done) => compareAndSet?.('id', taggedRecord('b.1.'), 'a.1.', done));
    assert.equal((error as { code?: unknown }).code, 'ERR_COMPARE_AND_SET_UNSUPPORTED');
  });

  it('stores records as they are where it only opens (B273)', async () => {
    const inner = new ComparingStore();
    const [sealing, opening] = [new Bench(seal(inner)), new Bench(seal(inner, { onlyOpen: true }))];
    const [id, tag] = [newId(), newTag()];
    await sealing.set(id, taggedRecord(tag, { user: 'ann' }));
    assert.equal((await opening.get(id))?.user, 'ann');
    assert.equal(await opening.compareAndSet(id, taggedRecord(tag, { user: 'bob' }), tag), true);
    assert.equal(record(inner, id)?.user, 'bob');
    assert.equal((await sealing.get(id))?.user, 'bob');
  });
});
