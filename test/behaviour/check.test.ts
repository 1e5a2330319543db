/* eslint-disable @typescript-eslint/unbound-method -- those of faultyStore are bound */
import assert from 'node:assert/strict';
import session from '../../src';
import { ExpiringStore, faultyStore } from '../support/faulty-store';
import { createKeyPair, keys, secp256k1Keys } from '../support/keys';
import { loose } from '../support/loose';
import { asStore } from '../support/site';
import { ForeignStore } from '../support/stores';
import { touchingStores } from '../support/touching-stores';

type Callback = (error?: unknown, result?: unknown) => void;
type Stored = Record<string, unknown> & { cookie: Record<string, unknown> };

const check = (store: object, options: Record<string, unknown> = {}) =>
  session(loose({ keys, store: asStore(store), storeTimeout: 1000, ...options })).check();

/** `outcome: text` of a finding. */
function told({ checks }: session.CheckReport, name: string): string {
  const [found, ...more] = checks.filter((finding) => finding.name === name);
  assert.equal(more.length, 0, `${name} is told twice`);
  return found ? `${found.outcome}: ${found.text}` : 'nothing';
}

const never = (): void => undefined;
const failing =
  (message: string, properties: object = {}) =>
  (...words: unknown[]) =>
    (words.at(-1) as Callback)(Object.assign(new Error(message), properties));

/** A store whose `get` shows records changed. */
const showing = (change: (record: Stored) => unknown) =>
  faultyStore(({ get }) => ({
    get: (id: string, done: Callback) =>
      get(id, (error, record) => done(error, record && change(record as Stored))),
  }));

/** What is wrong with a store, whether sessions work all the same, and what the report says. */
const cases: readonly [fault: string, store: object, ok: boolean, expected: Record<string, RegExp>][] = [
  [
    'refuses ids of 32 characters',
    faultyStore(() => ({ set: failing('value too long for type character varying(24)') })),
    false,
    {
      write: /^failed: set failed: value too long .*\(a column is too narrow: ids have 32 characters/,
      ids: /^skipped: not tried, since nothing could be stored$/,
      destroy: /^skipped/,
      guarantee: /^note: 'in this process'/,
    },
  ],
  [
    'cuts ids silently',
    faultyStore(({ set }) => ({
      set: (id: string, record: object, done: Callback) => set(id.slice(0, 24), record, done),
    })),
    false,
    {
      ids: /^failed: what was stored is not found/,
      data: /^failed: the store's get does not find the probe$/,
    },
  ],
  [
    'takes ids for equal that differ in their last character',
    faultyStore(({ set, get, destroy }) => ({
      set: (id: string, record: object, done: Callback) => set(id.slice(0, 31), record, done),
      get: (id: string, done: Callback) => get(id.slice(0, 31), done),
      destroy: (id: string, done: Callback) => destroy(id.slice(0, 31), done),
    })),
    false,
    { ids: /^failed: ids that differ in their last character/ },
  ],
  [
    'throws',
    faultyStore(() => ({
      set: () => {
        throw new Error('no connection');
      },
    })),
    false,
    { write: /^failed: the store's set failed: no connection$/ },
  ],
  [
    'rejects with a text',
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as stores do
    faultyStore(() => ({ set: () => Promise.reject('no connection') })),
    false,
    { write: /^failed: the store's set failed: no connection$/ },
  ],
  [
    'never answers a write',
    faultyStore(() => ({ set: never })),
    false,
    { write: /^failed: the store's set did not answer within 1000 ms$/, ids: /^skipped/ },
  ],
  [
    'never answers a read',
    faultyStore(() => ({ get: never })),
    false,
    {
      write: /^ok/,
      ids: /^failed: the store's get did not answer within 1000 ms$/,
      data: /^skipped: not tried, since the store does not answer$/,
      guarantee: /^note/,
    },
  ],
  [
    'cannot destroy',
    faultyStore(() => ({ destroy: failing('read only') })),
    false,
    {
      touch: /^failed: the store's destroy failed: read only/,
      destroy: /^failed: the store's destroy failed: read only/,
      cleanup:
        /^failed: the store's destroy failed: read only; the probe session may be left for 60 seconds, then it expires$/,
    },
  ],
  [
    'does not destroy',
    faultyStore(() => ({ destroy: (_id: string, done: Callback) => setImmediate(done) })),
    false,
    { destroy: /^failed: a destroyed session is still there/ },
  ],
  [
    'spoils texts',
    showing((record) => ({ ...record, text: '?', large: 'x' })),
    false,
    { data: /^failed: data come back changed: "text", "large" of the probe/ },
  ],
  [
    'drops __session',
    showing((record) => ({ ...record, __session: undefined })),
    false,
    { __session: /^failed: the member __session does not come back/ },
  ],
  [
    'drops the cookie',
    showing((record) => ({ ...record, cookie: undefined })),
    false,
    { cookie: /^failed: the cookie's/ },
  ],
  [
    'moves the expiry to far',
    showing((record) => ({
      ...record,
      cookie: { ...record.cookie, expires: new Date(Date.now() + 86_400_000) },
    })),
    false,
    { cookie: /^failed: the cookie's/ },
  ],
  [
    'counts whole seconds, and says ENOENT where there is no record',
    faultyStore(({ get, touch }) => ({
      get: (id: string, done: Callback) =>
        get(id, (error, found) => {
          const record = found as Stored | undefined;
          if (!record) done(Object.assign(new Error('none'), { code: 'ENOENT' }));
          else {
            const seconds = Math.ceil(new Date(record.cookie.expires as string).valueOf() / 1000);
            done(error, { ...record, cookie: { ...record.cookie, expires: new Date(seconds * 1000) } });
          }
        }),
      touch: (id: string, record: Stored, done: Callback) =>
        get(id, (_, found) => (found ? touch(id, record, done) : done(new Error('none')))),
    })),
    true,
    { cookie: /^ok/, touch: /^ok: touch moves the expiry only$/, expiry: /^ok/ },
  ],
  [
    'does not answer a touch of what is not there',
    faultyStore(({ get, touch }) => ({
      touch: (id: string, record: Stored, done: Callback) =>
        get(id, (_, found) => (found ? touch(id, record, done) : undefined)),
    })),
    false,
    { touch: /^failed: the store's touch did not answer/ },
  ],
  [
    'has no compareAndSet',
    faultyStore(() => ({ compareAndSet: undefined })),
    true,
    {
      compareAndSet: /^note: the store has no compareAndSet/,
      destroy: /^ok: a destroyed session is gone$/,
      guarantee: /^note: 'in this process'/,
    },
  ],
  [
    'hides tags',
    faultyStore(({ get }) => ({
      compareAndSet: (id: string, _record: object, _tag: string, done: Callback) =>
        get(id, () => done(null, false)),
    })),
    true,
    { compareAndSet: /^note: compareAndSet is of no use: it does not find the tag/, guarantee: /^note/ },
  ],
  [
    'runs no scripts',
    faultyStore(() => ({
      compareAndSet: failing('no scripts here', { code: 'ERR_COMPARE_AND_SET_UNSUPPORTED' }),
    })),
    true,
    { compareAndSet: /^note: compareAndSet is of no use here: compareAndSet failed: no scripts here$/ },
  ],
  [
    'has a compareAndSet that fails',
    faultyStore(() => ({ compareAndSet: failing('syntax error') })),
    false,
    { compareAndSet: /^failed: the store's compareAndSet failed: syntax error$/ },
  ],
  [
    'says that it has compared, and has not stored',
    faultyStore(() => ({
      compareAndSet: (_id: string, _record: object, _tag: string, done: Callback) => done(null, true),
    })),
    false,
    { compareAndSet: /^failed: compareAndSet says that it has stored, and has not$/ },
  ],
  [
    'compares nothing',
    faultyStore(({ set }) => ({
      compareAndSet: (id: string, record: object, _tag: string, done: Callback) =>
        set(id, record, () => done(null, true)),
    })),
    false,
    { compareAndSet: /^failed: compareAndSet stores over a record with another tag$/ },
  ],
  [
    'does not look for __session',
    faultyStore(({ set, compareAndSet }) => ({
      compareAndSet: (id: string, record: object, tag: string | null, done: Callback) => {
        if (tag === null) set(id, record, () => done(null, true));
        else compareAndSet(id, record, tag, done);
      },
    })),
    false,
    { compareAndSet: /^failed: compareAndSet for null stores over a record with __session$/ },
  ],
  [
    'compares with what was destroyed',
    faultyStore(({ get, set, compareAndSet }) => ({
      compareAndSet: (id: string, record: object, tag: string | null, done: Callback) => {
        get(id, (_, found) => {
          if (found) compareAndSet(id, record, tag, done);
          else set(id, record, () => done(null, true));
        });
      },
    })),
    false,
    { destroy: /^failed: compareAndSet brings back a session that was destroyed$/ },
  ],
  [
    'has no touch',
    faultyStore(() => ({ touch: undefined })),
    true,
    {
      touch: /^note: the store has no touch/,
      expiry: /^ok: a session that has expired is not found any more$/,
    },
  ],
  [
    'does not renew expiries',
    faultyStore(() => ({ touch: (_id: string, _record: object, done: Callback) => setImmediate(done) })),
    false,
    { touch: /^ok/, expiry: /^failed: touch does not renew the expiry/ },
  ],
  [
    'writes the record by touch, and compares',
    faultyStore(({ set }) => ({ touch: set })),
    false,
    { touch: /^note: touch writes the record/, guarantee: /^failed: .*touch breaks it/ },
  ],
  [
    'never expires',
    new ForeignStore(),
    true,
    { expiry: /^note: sessions that have expired are found until the store cleans up$/ },
  ],
  [
    'never expires, and cannot touch',
    Object.assign(new ForeignStore(), { touch: undefined }),
    true,
    { expiry: /^note: the store finds sessions that have expired: the middleware looks at their expiry/ },
  ],
];

describe('sessions.check() (B269)', function () {
  this.timeout(20_000);
  const reports = new Map<string, Promise<session.CheckReport>>();
  before(() => {
    // All at once, since each waits for a session to expire.
    for (const [fault, store] of cases) reports.set(fault, check(store));
    for (const [kind, create] of touchingStores) reports.set(kind, check(create()));
    reports.set('nameless', check(new (class extends ForeignStore {})()));
  });

  it('says of a good store and good keys that all is well, and leaves nothing behind', async () => {
    const store = new ExpiringStore();
    const report = await check(store);
    assert.equal(report.ok, true);
    assert.deepEqual(
      report.checks.map(({ name, outcome }) => `${name} ${outcome}`),
      [
        'keys ok',
        'store ok',
        'write ok',
        'ids ok',
        'data ok',
        '__session ok',
        'cookie ok',
        'compareAndSet ok',
        'touch ok',
        'expiry ok',
        'destroy ok',
        'guarantee ok',
      ],
    );
    assert.match(told(report, 'store'), /ExpiringStore/);
    assert.match(told(report, 'expiry'), /one that is touched lives on/);
    assert.match(told(report, 'guarantee'), /'everywhere'/);
    assert.equal(store.records.size, 0);
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  });

  for (const [fault, , ok, expected] of cases) {
    it(`finds out that a store ${fault}, and says so`, async () => {
      const report = await reports.get(fault);
      assert.ok(report);
      for (const [name, pattern] of Object.entries(expected)) assert.match(told(report, name), pattern);
      assert.equal(report.ok, ok, JSON.stringify(report.checks, null, 1));
    });
  }

  for (const [kind] of touchingStores) {
    it(`finds out that touch ${kind}`, async () => {
      const report = await reports.get(kind);
      assert.ok(report);
      const pattern = kind === 'moves the expiry only' ? /^ok/ : /^note: touch writes the record/;
      assert.match(told(report, 'touch'), pattern);
    });
  }

  it('leaves no probe behind where the store fails on the way', async () => {
    const store = faultyStore(({ get }) => {
      let count = 0;
      return {
        get: (id: string, done: Callback) => (++count > 6 ? done(new Error('gone away')) : get(id, done)),
      };
    });
    const { ok } = await check(store);
    assert.equal(ok, false);
    assert.equal(store.records.size, 0);
    assert.ok(store.count('destroy') > 0);
  });

  it('destroys again what takes effect after its time', async () => {
    const late: (() => void)[] = [];
    const store = faultyStore(({ set }) => ({
      set: (id: string, record: object, done: Callback) => late.push(() => set(id, record, done)),
    }));
    const { ok } = await check(store, { storeTimeout: 20 });
    assert.equal(ok, false);
    const destroyed = new Promise((resolve) => {
      const { destroy } = store;
      store.destroy = (id, done) =>
        destroy.call(store, id, (...answer) => {
          done?.(...answer);
          resolve(undefined);
        });
    });
    assert.equal(late.length, 1);
    late[0]?.();
    await destroyed;
    assert.equal(store.records.size, 0);
  });

  it('bears with a late answer where destroying fails as well', async () => {
    let answer: Callback = never;
    const store = faultyStore(() => ({
      set: (_id: string, _record: object, done: Callback) => (answer = done),
      destroy: failing('read only'),
    }));
    await check(store, { storeTimeout: 20 });
    answer();
    await new Promise((resolve) => setImmediate(resolve));
  });

  it('ignores a read that is answered late', async () => {
    let answer: Callback = never;
    const store = faultyStore(() => ({ get: (_id: string, done: Callback) => (answer = done) }));
    await check(store, { storeTimeout: 20 });
    const before = store.calls.length;
    answer(null, {});
    assert.equal(store.calls.length, before);
  });

  it('says that the store has told that it is disconnected', async () => {
    const store = faultyStore(() => ({ set: failing('The client is closed') }));
    const sessions = session({ keys, store: asStore(store) });
    store.emit('disconnect');
    const report = await sessions.check();
    assert.match(told(report, 'store'), /^failed: ExpiringStore has told that it is disconnected/);
    assert.match(told(report, 'write'), /^failed: the store's set failed: The client is closed$/);
    assert.equal(told(report, 'guarantee'), 'nothing');
  });

  it('knows a store by its class, if that has a name', async () => {
    const report = await reports.get('nameless');
    assert.ok(report);
    assert.match(told(report, 'store'), /^ok: the store is there$/);
  });

  it('says that a MemoryStore keeps sessions in this process, also where it is the default', async () => {
    const given = { keys, store: new session.MemoryStore() };
    for (const report of await Promise.all([session({ keys }).check(), session(given).check()])) {
      assert.equal(report.ok, true);
      assert.match(told(report, 'store'), /^note: MemoryStore: sessions are kept in this process/);
      assert.match(told(report, 'guarantee'), /^note: 'in this process'/);
    }
  });

  it('has no store to try where there is none', async () => {
    const verifier = await session({ keys: { public: keys.public } }).check();
    assert.equal(verifier.ok, true);
    assert.match(told(verifier, 'keys'), /none signs: this service verifies tokens, and issues none$/);
    assert.match(told(verifier, 'store'), /^skipped: there is no store: tokens are verified by themselves/);
    const provided = await session({ keysProvider: () => Promise.resolve(keys) }).check();
    assert.equal(provided.ok, true);
    assert.match(told(provided, 'keys'), /^skipped: a function gives the keys of each request/);
    assert.match(told(provided, 'store'), /^skipped: there is no store option/);
  });

  it('says which keys there are, which one signs, and that there are none', async () => {
    const [first, second] = session.jwks([keys, createKeyPair()]).keys;
    assert.ok(first && second);
    const [two, old, none] = await Promise.all([
      session({ keys: [keys, { public: second }] }).check(),
      session({ keys: [{ public: keys.public }, secp256k1Keys] }).check(),
      session().check(),
    ]);
    assert.equal(
      told(two, 'keys'),
      `ok: ${first.kid} (P-256) signs and verifies; ${second.kid} (P-256) verifies`,
    );
    assert.match(
      told(old, 'keys'),
      /^note: .* \(P-256\) verifies; .* \(secp256k1\) verifies; none signs.*ES256 means P-256/,
    );
    assert.equal(none.ok, false);
    assert.match(told(none, 'keys'), /^failed: there are no keys/);
  });
});
