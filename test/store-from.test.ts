import assert from 'node:assert/strict';
import session from '../src';
import { testStore } from '../src/store-test';
import type { AnyStore, AsyncStoreMethods, SessionRecord } from '../src/types';
import { answer } from './support/site';

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
    update: async (id, data) => methods.records.has(id) && Boolean(await methods.set(id, data)),
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

  it('has touch and update only if they were given', () => {
    const bare = session.Store.from(functions()) as Partial<AnyStore>;
    assert.deepEqual([bare.touch, bare.update], [undefined, undefined]);
    const full = session.Store.from({
      ...functions(),
      touch: () => Promise.resolve(),
      update: () => Promise.resolve(true),
    }) as Partial<AnyStore>;
    assert.deepEqual([typeof full.touch, typeof full.update], ['function', 'function']);
  });

  it('hands touch and update on, and what update answers', async () => {
    const calls: unknown[] = [];
    const store = session.Store.from({
      ...functions(),
      touch: (...args) => Promise.resolve(calls.push(args)),
      update: (...args) => Promise.resolve(calls.push(args) < 0),
    }) as unknown as Required<AnyStore>;
    assert.deepEqual(await answer((done) => store.touch('a', record, done)), []);
    assert.deepEqual(await answer((done) => store.update('b', record, done)), [null, false]);
    assert.deepEqual(calls, [
      ['a', record],
      ['b', record],
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
    const methods = { ...functions(), touch: () => Promise.resolve(), update: () => Promise.resolve(true) };
    const store = session.Store.from(methods) as unknown as Record<string, (...args: unknown[]) => void>;
    store.set?.('id', record);
    store.touch?.('id', record);
    store.update?.('id', record);
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
    ['an object whose update is none', { ...functions(), update: {} }, /update is an async function/],
  ] as const) {
    it(`throws a TypeError for ${title}`, () => {
      assert.throws(() => session.Store.from(methods as never), { name: 'TypeError', message });
    });
  }

  testStore('passes the test kit', () => session.Store.from(deepCopies(functions())), {
    describe,
    it,
  });
});
