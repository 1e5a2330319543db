/** The test kit for authors of stores: how it grades stores, good and bad ones, and that it runs with each test runner. */
import assert from 'node:assert/strict';
import path from 'node:path';
import session from '../../src';
import { format } from '../../src/store-test/report';
import type { CompareAndSet, SessionRecord } from '../../src/types';
import { grade } from '../support/grade-store';
import { runStoreKit } from '../support/run-store-kit';
import { ForeignStore } from '../support/stores';

const folder = __dirname;

/** The kit as it is published, run by each of these on a store of its own. */
const runners: Record<string, string[]> = {
  mocha: [path.join(__dirname, '../../node_modules/mocha/bin/mocha.js'), '--no-config', 'with-mocha.mjs'],
  'node:test': ['--test', '--test-reporter', 'spec', 'with-node.mjs'],
};

const DESTROYED_IN_TWO =
  "keeps a session destroyed that a request has in hand, in two processes, if its grade is to be 'everywhere'";

describe('The test kit for stores', function () {
  this.timeout(20_000);

  for (const [runner, args] of Object.entries(runners)) {
    it(`runs with ${runner}`, async function () {
      this.timeout(60_000);
      await runStoreKit(folder, args);
    });
  }

  it("grades a store that compares and sets as 'everywhere' (B244)", async () => {
    const { report, failures } = await grade(() => new ComparingStore());
    assert.deepEqual(failures, []);
    assert.deepEqual(report, {
      name: 'a store',
      grade: 'everywhere',
      compareAndSet: 'works',
      touch: 'expiry',
      expiry: 'at once',
    });
  });

  it("grades a store that only compares and sets, without touch, as 'everywhere' (B265)", async () => {
    const { report, failures } = await grade(() => Object.assign(new ComparingStore(), { touch: undefined }));
    assert.deepEqual(failures, []);
    assert.deepEqual([report.grade, report.touch], ['everywhere', 'none']);
    assert.match(format(report), /touch {10}no: .*resave: true/);
  });

  it("grades a store without compareAndSet as 'in this process'", async () => {
    const { report, failures } = await grade(() => new ForeignStore());
    assert.deepEqual(failures, []);
    assert.deepEqual([report.grade, report.compareAndSet], ['in this process', 'none']);
    assert.match(format(report), /grade {10}in this process: a request in another process can store/);
    assert.match(format(report), /expiry {9}expired records are answered until the store cleans up/);
  });

  it("grades the library's own MemoryStore as 'in this process'", async () => {
    const { report, failures } = await grade(() => new session.MemoryStore());
    assert.deepEqual(failures, []);
    assert.deepEqual([report.grade, report.touch], ['in this process', 'expiry']);
  });

  for (const [kind, touch] of [
    ['writes what it is given', (store, id, record) => store.set(id, record, noop)],
    [
      'makes a record that is not there',
      (store, id, record) => store.records.has(id) || store.set(id, record, noop),
    ],
    [
      'writes what it has read before',
      (store, id, record) =>
        store.get(id, (_, found) => {
          if (found) store.set(id, { ...found, cookie: record.cookie }, noop);
        }),
    ],
  ] as [string, (store: ComparingStore, id: string, record: SessionRecord) => unknown][]) {
    it(`says of a store whose touch ${kind} that it does, and grades it 'in this process'`, async () => {
      const { report, failures } = await grade(() => {
        const store = new ComparingStore();
        return Object.assign(store, {
          touch: (id: string, record: SessionRecord, done: () => void) => {
            touch(store, id, record);
            setTimeout(done, 2);
          },
        });
      });
      assert.deepEqual(failures, []);
      assert.deepEqual(
        [report.grade, report.compareAndSet, report.touch],
        ['in this process', 'works', 'record'],
      );
      assert.match(format(report), /touch {10}writes the record, so that it can bring back/);
      assert.match(format(report), /note {11}middleware\.guarantee is 'everywhere' all the same/);
    });
  }

  it("grades a store that encrypts its records as 'in this process', since nothing can be compared", async () => {
    const { report, failures } = await grade(() => new HidingStore());
    assert.deepEqual(failures, []);
    assert.deepEqual([report.grade, report.compareAndSet], ['in this process', 'hidden']);
    assert.match(format(report), /compareAndSet {2}of no use: what is stored shows no tag/);
  });

  it("grades a store that answers that it cannot compare as 'in this process'", async () => {
    const unsupported = Object.assign(new Error('no scripts'), { code: 'ERR_COMPARE_AND_SET_UNSUPPORTED' });
    const { report, failures } = await grade(() =>
      Object.assign(new ForeignStore(), { compareAndSet: () => Promise.reject(unsupported) }),
    );
    assert.deepEqual(failures, []);
    assert.deepEqual([report.grade, report.compareAndSet], ['in this process', 'refused']);
  });

  it('fails a store whose compareAndSet makes a record where there is none, and gives it no grade', async () => {
    const { report, failures } = await grade(() =>
      withCompareAndSet((store, id, record, done) => {
        store.set(id, record, () => {
          done(null, true);
        });
      }),
    );
    assert.ok(
      failures.includes(
        'makes no record by compareAndSet that was never there, was destroyed or has expired, if it has compareAndSet',
      ),
    );
    assert.ok(failures.includes(DESTROYED_IN_TWO), failures.join('\n'));
    assert.equal(report.grade, undefined);
    assert.match(format(report), /none: not all checks have passed/);
  });

  it('fails a store whose compareAndSet compares first and sets later', async () => {
    const { report, failures } = await grade(() =>
      withCompareAndSet((store, id, record, done, tag) => {
        store.get(id, (_, found) => {
          if (!store.fits(found as SessionRecord | undefined, tag)) done(null, false);
          else
            store.set(id, record, () => {
              done(null, true);
            });
        });
      }),
    );
    assert.ok(
      failures.includes(
        'lets exactly one of two compareAndSets with the same tag win, if it has compareAndSet',
      ),
      failures.join('\n'),
    );
    assert.equal(report.grade, undefined);
  });

  it('takes no offence at a store that answers the later of two compareAndSets first (B244)', async () => {
    const waiting: (() => void)[] = [];
    const { report, failures } = await grade(() => {
      const store = new ComparingStore();
      const inTurn = store.compareAndSet;
      return Object.assign(store, {
        compareAndSet: (...args: Parameters<CompareAndSet>) => {
          waiting.push(() => void inTurn(...args));
          setImmediate(() => waiting.pop()?.());
        },
      });
    });
    assert.deepEqual(failures, []);
    assert.equal(report.grade, 'everywhere');
  });

  it('fails a store that refuses both of two compareAndSets with the same tag', async () => {
    const under = new Map<string, { meets: boolean }>();
    const { failures, errors } = await grade(() => {
      const store = new ComparingStore();
      const inTurn = store.compareAndSet;
      return Object.assign(store, {
        compareAndSet: (...[id, record, tag, done]: Parameters<CompareAndSet>) => {
          const other = under.get(id);
          if (other) other.meets = true;
          const own = other ?? { meets: false };
          under.set(id, own);
          setImmediate(() => {
            under.delete(id);
            if (own.meets) done(null, false);
            else void inTurn(id, record, tag, done);
          });
        },
      });
    });
    assert.deepEqual(failures, [
      'lets exactly one of two compareAndSets with the same tag win, if it has compareAndSet',
    ]);
    assert.match(String(errors[0]), /both have lost/);
  });

  it('fails a store whose compareAndSet answers with an error, and shows it', async () => {
    const { report, failures, errors } = await grade(() =>
      withCompareAndSet((_store, _id, _record, done) => {
        done(new Error('boom!'), false);
      }),
    );
    assert.equal(
      failures[0],
      'stores by compareAndSet what is still there with its tag, if it has compareAndSet',
    );
    for (const error of errors) assert.match(String(error), /boom!/);
    assert.deepEqual([report.grade, report.compareAndSet], [undefined, undefined]);
  });

  it('fails a store that cannot destroy, which the page of the logout tells', async () => {
    const { failures, errors } = await grade(() => {
      const store = new ForeignStore();
      store.failures.destroy = new Error('boom!');
      return store;
    });
    assert.ok(
      failures.includes(
        'serves the middleware: sessions are kept, get a new token at login, and end at logout',
      ),
    );
    for (const error of errors) assert.match(String(error), /boom!/);
  });

  it('fails a store that drops the member __session', async () => {
    const { failures } = await grade(() => new ColumnStore());
    assert.ok(failures.includes("gives back the middleware's own member, __session"));
    assert.ok(
      failures.includes(
        'serves the middleware: sessions are kept, get a new token at login, and end at logout',
      ),
    );
  });

  it('fails a store that cuts ids off', async () => {
    const { failures } = await grade(() => new NarrowStore());
    assert.ok(failures.includes('tells ids of 32 characters apart that differ in their last one only'));
  });

  it('fails a store that answers with an error, and shows it', async () => {
    const { failures, errors } = await grade(() => {
      const store = new ForeignStore();
      store.failures.get = new Error('boom!');
      return store;
    });
    assert.ok(
      failures.includes(
        'serves the middleware: sessions are kept, get a new token at login, and end at logout',
      ),
    );
    for (const error of errors) assert.match(String(error), /boom!/);
  });

  it('fails a store that cannot touch, also where the response has left by then', async () => {
    const { failures, errors } = await grade(() => {
      const store = new ForeignStore();
      store.failures.touch = new Error('boom!');
      return store;
    });
    assert.ok(
      failures.includes(
        'serves the middleware: sessions are kept, get a new token at login, and end at logout',
      ),
    );
    for (const error of errors) assert.match(String(error), /boom!/);
  });

  it('takes ENOENT for an answer: there is no record', async () => {
    const { failures } = await grade(() => new FileLikeStore());
    assert.deepEqual(failures, []);
  });

  it('says what it does not know when no check has run', async () => {
    const { report } = await grade(() => Promise.reject(new Error('no database')));
    assert.match(format(report), /grade {10}none/);
    assert.match(format(report), /compareAndSet {2}unknown\n {2}touch {10}unknown/);
  });
});

function noop(): void {
  // What these stores write is not waited for.
}

/** Compares and sets in one turn, touches the expiry only, and forgets what has expired. */
class ComparingStore extends ForeignStore {
  override get(id: string, callback: (error?: unknown, record?: unknown) => void): void {
    super.get(id, (error, record) => {
      callback(error, this.isThere(record as SessionRecord | undefined) ? record : undefined);
    });
  }

  readonly compareAndSet: CompareAndSet = (id, record, tag, done) => {
    setImmediate(() => {
      const text = this.records.get(id);
      const fits = this.fits(text === undefined ? undefined : (JSON.parse(text) as SessionRecord), tag);
      if (fits) this.records.set(id, JSON.stringify(record));
      done(null, fits);
    });
  };

  isThere(record: SessionRecord | undefined): boolean {
    const { expires } = (record?.cookie ?? {}) as { expires?: string };
    return record !== undefined && !(new Date(expires ?? Infinity) <= new Date());
  }

  fits(record: SessionRecord | undefined, tag: string | null): boolean {
    if (!this.isThere(record)) return false;
    const text = JSON.stringify(record);
    return tag === null ? !text.includes('"__session":') : text.includes(tag);
  }
}

type Compare = (
  store: ComparingStore,
  id: string,
  record: SessionRecord,
  done: (error: unknown, stored: boolean) => void,
  tag: string | null,
) => void;

function withCompareAndSet(compare: Compare): ComparingStore {
  const store = new ComparingStore();
  return Object.assign(store, {
    compareAndSet: (id: string, record: SessionRecord, tag: string | null, done: never) => {
      compare(store, id, record, done, tag);
    },
  });
}

/** Stores nothing that anybody could read. */
class HidingStore extends ComparingStore {
  override readonly compareAndSet: CompareAndSet = (id, record, tag, done) => {
    setImmediate(() => {
      const fits = tag === null && this.records.has(id);
      if (fits) this.records.set(id, JSON.stringify(record));
      done(null, fits);
    });
  };
}

/** Has columns for what its author has thought of. */
class ColumnStore extends ForeignStore {
  override set(id: string, record: Record<string, unknown>, callback?: () => void): void {
    super.set(id, { ...record, __session: undefined }, callback);
  }
}

class NarrowStore extends session.MemoryStore {
  override get(id: string, callback: Parameters<session.MemoryStore['get']>[1]): void {
    super.get(id.slice(0, 31), callback);
  }

  override set(id: string, ...rest: [never, never]): void {
    super.set(id.slice(0, 31), ...rest);
  }
}

class FileLikeStore extends ForeignStore {
  override get(id: string, callback: (error?: unknown, record?: unknown) => void): void {
    super.get(id, (error, record) => {
      callback(record ? error : Object.assign(new Error('no such file'), { code: 'ENOENT' }), record);
    });
  }
}
