/** session.Store.from: a store of async functions. */
import assert from 'node:assert/strict';
import session from '../../../src';
import { Bench } from '../../../src/store-test/bench';
import { recordChecks } from '../../../src/store-test/records';
import { gradeOf, newReport } from '../../../src/store-test/report';
import type { AnyStore, AsyncStoreMethods, SessionRecord } from '../../../src/types';
import { cookieFields } from '../../support/contents';
import { answer } from '../../support/site';

const record = { cookie: new session.Cookie(), count: 1 } as unknown as SessionRecord;

function functions(records = new Map<string, SessionRecord>()) {
  return {
    records,
    async get(id: string) {
      return Promise.resolve(this.records.get(id));
    },
    async set(id: string, data: SessionRecord) {
      this.records.set(id, structuredClone(JSON.parse(JSON.stringify(data))) as SessionRecord);
      return Promise.resolve('what the driver returns');
    },
    async destroy(id: string) {
      return Promise.resolve(this.records.delete(id));
    },
  };
}

function deepCopies(methods: ReturnType<typeof functions>): AsyncStoreMethods {
  return {
    get: async (id) => structuredClone(await methods.get(id)),
    set: (id, data) => methods.set(id, data),
    destroy: (id) => methods.destroy(id),
    touch: () => Promise.resolve(),
    compareAndSet: async (id, data, tag) => {
      const stored = methods.records.get(id);
      if (!stored || Date.parse(String(cookieFields(stored).expires)) <= Date.now()) return false;
      const state = stored.__session as { tag: string } | undefined;
      return (state?.tag ?? null) === tag && Boolean(await methods.set(id, data));
    },
  };
}

describe('session.Store.from', () => {
  it('makes a Store that calls the functions as methods of their object', async () => {
    const methods = functions();
    const store = session.Store.from(methods);
    assert.ok(store instanceof session.Store);
    assert.deepEqual(await answer((done) => store.set('id', record as never, done)), []);
    assert.equal(methods.records.get('id')?.count, 1);
    const [error, found] = await answer((done) => store.get('id', done));
    assert.equal(error, null);
    assert.equal((found as SessionRecord).count, 1);
    assert.deepEqual(await answer((done) => store.destroy('id', done)), []);
    assert.deepEqual(await answer((done) => store.get('id', done)), [null, undefined]);
  });

  it('has touch and compareAndSet only if they were given', () => {
    const bare = session.Store.from(functions()) as Partial<AnyStore>;
    assert.deepEqual([bare.touch, bare.compareAndSet], [undefined, undefined]);
    const full = session.Store.from({
      ...functions(),
      touch: () => Promise.resolve(),
      compareAndSet: () => Promise.resolve(true),
    }) as Partial<AnyStore>;
    assert.deepEqual([typeof full.touch, typeof full.compareAndSet], ['function', 'function']);
  });

  it('hands touch and compareAndSet on, and what compareAndSet answers (B244)', async () => {
    const calls: unknown[] = [];
    const store = session.Store.from({
      ...functions(),
      touch: (...args) => Promise.resolve(calls.push(args)),
      compareAndSet: (...args) => Promise.resolve(calls.push(args) < 0),
    }) as unknown as Required<AnyStore>;
    assert.deepEqual(await answer((done) => store.touch('a', record, done)), []);
    assert.deepEqual(await answer((done) => store.compareAndSet('b', record, 'tag', done)), [null, false]);
    assert.deepEqual(calls, [
      ['a', record],
      ['b', record, 'tag'],
    ]);
  });

  it('looks a function up at each call', async () => {
    const methods = functions();
    const store = session.Store.from(methods);
    methods.get = () => Promise.resolve({ ...record, count: 7 });
    const [, found] = await answer((done) => store.get('id', done));
    assert.equal((found as SessionRecord).count, 7);
  });

  it('needs no callback but for get', async () => {
    const methods = {
      ...functions(),
      touch: () => Promise.resolve(),
      compareAndSet: () => Promise.resolve(true),
    };
    const store = session.Store.from(methods) as unknown as Record<string, (...args: unknown[]) => void>;
    store.set?.('id', record);
    store.touch?.('id', record);
    store.compareAndSet?.('id', record, null);
    store.destroy?.('other');
    const [, found] = await answer((done) => store.get?.('id', done));
    assert.equal((found as SessionRecord).count, 1);
  });

  it('passes on what a function rejects with or throws', async () => {
    const boom = new Error('boom!');
    const store = session.Store.from({
      get: () => Promise.reject(boom),
      set: () => {
        throw boom;
      },
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as careless code does
      destroy: () => Promise.reject(undefined),
    });
    assert.deepEqual(await answer((done) => store.get('id', done)), [boom, undefined].slice(0, 1));
    assert.deepEqual(await answer((done) => store.set('id', record as never, done)), [boom]);
    const [error] = await answer((done) => store.destroy('id', done));
    assert.match(String(error), /rejected without a reason/);
  });

  for (const [title, methods, message] of [
    ['nothing', undefined, /an object of async functions: get, set, destroy/],
    ['null', null, /an object of async functions/],
    ['a function', () => undefined, /an object of async functions/],
    ['an object without get', { ...functions(), get: undefined }, /get is an async function/],
    ['an object without set', { ...functions(), set: undefined }, /set is an async function/],
    ['an object whose destroy is none', { ...functions(), destroy: true }, /destroy is an async function/],
    ['an object whose touch is none', { ...functions(), touch: 1 }, /touch is an async function/],
    [
      'an object whose compareAndSet is none',
      { ...functions(), compareAndSet: {} },
      /compareAndSet is an async function/,
    ],
  ] as const) {
    it(`throws a TypeError for ${title}`, () => {
      assert.throws(() => session.Store.from(methods as never), { name: 'TypeError', message });
    });
  }

  it('makes a store that passes the checks of records, and promises it everywhere', async () => {
    const bench = new Bench(session.Store.from(deepCopies(functions())));
    const report = newReport('Store.from');
    for (const { run } of recordChecks) await run(bench, report);
    assert.equal(gradeOf(report), 'everywhere');
    assert.equal(bench.calls.guarantee, 'everywhere');
  });
});
