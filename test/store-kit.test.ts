import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import session from '../src';
import { format } from '../src/store-test/report';
import { type StoreReport, testStore } from '../src/store-test';
import type { AnyStore, SessionRecord } from '../src/types';
import { ForeignStore } from './support/stores';

const folder = path.join(__dirname, 'store-test');
const bin = (name: string) => path.join(__dirname, '../node_modules', name);

/** The kit as it is published, run by each of these on a store of its own. */
const runners: Record<string, string[]> = {
  mocha: [bin('mocha/bin/mocha.js'), '--no-config', 'with-mocha.mjs'],
  'node:test': ['--test', '--test-reporter', 'spec', 'with-node.mjs'],
  vitest: [bin('vitest/vitest.mjs'), 'run', '--root', '.'],
};

describe('The test kit for stores', () => {
  for (const [runner, args] of Object.entries(runners)) {
    it(`runs with ${runner}`, async function () {
      this.timeout(60_000);
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        cwd: folder,
        env: { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_V8_COVERAGE: undefined, FORCE_COLOR: '0' },
      });
      assert.match(stdout, /grade {6}atomic: a destroyed session is never stored again/);
      assert.match(stdout, /17 pass|pass 17|17 passed/);
    });
  }

  it('grades a store that can update as atomic', async () => {
    const { report, failures } = await grade(() => withUpdate(new ForeignStore()));
    assert.deepEqual(failures, []);
    assert.equal(report.grade, 'atomic');
    assert.equal(report.byDefault, 'atomic');
  });

  it('grades a store that shows at once what was destroyed as check', async () => {
    const { report } = await grade(() => new ForeignStore());
    assert.deepEqual([report.grade, report.byDefault, report.touch], ['check', 'process', true]);
  });

  it('grades a store that still shows what was destroyed for a while as process', async () => {
    const { report } = await grade(() => new LaggingStore());
    assert.equal(report.grade, 'process');
  });

  it('fails a store whose update makes a record where there is none', async () => {
    const { report, failures } = await grade(() => {
      const store = new ForeignStore();
      return Object.assign(store, {
        update: (id: string, record: unknown, done: (error: unknown, saved: boolean) => void) => {
          store.set(id, record, () => done(null, true));
        },
      });
    });
    assert.deepEqual(failures, [
      'updates a record that exists and no other, in one step, if it can',
      'is graded by what becomes of a session that another process destroys while a request has it',
    ]);
    assert.equal(report.grade, undefined);
    assert.match(format(report), /none: not all checks have passed/);
  });

  it('fails a store that cuts ids off', async () => {
    const { failures } = await grade(() => new NarrowStore());
    assert.ok(
      failures.includes(
        'tells ids apart that differ in their last character only, of the usual length and of 32 characters',
      ),
    );
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
    assert.match(String(errors[0]), /boom!/);
  });

  it('takes ENOENT for an answer: there is no record', async () => {
    const { failures } = await grade(() => new FileLikeStore());
    assert.deepEqual(failures, []);
  });

  it('says of a store without touch what follows from that, and of expired records when they go', async () => {
    const { report } = await grade(() => {
      const store = new ForeignStore();
      Object.assign(store, { touch: undefined });
      return store;
    });
    assert.match(format(report), /touch {6}no: .*resave: true/);
    assert.match(format(report), /expiry {5}expired records are answered until the store cleans up/);
    assert.match(format({ ...report, byDefault: undefined }), /default {4}unknown/);
  });
});

/** Runs the kit without a test runner. */
async function grade(
  createStore: () => object,
): Promise<{ report: StoreReport; failures: string[]; errors: unknown[] }> {
  const tests: [string, () => Promise<void>][] = [];
  const report = testStore('a store', () => createStore() as AnyStore, {
    describe: (_, define) => {
      define();
    },
    it: (title, run) => tests.push([title, run]),
  });
  const failures: string[] = [];
  const errors: unknown[] = [];
  const { log } = console;
  console.log = () => undefined;
  try {
    for (const [title, run] of tests) {
      await run().catch((error: unknown) => {
        failures.push(title);
        errors.push(error);
      });
    }
  } finally {
    console.log = log;
  }
  return { report, failures, errors };
}

function withUpdate(store: ForeignStore): ForeignStore {
  return Object.assign(store, {
    update: (id: string, record: SessionRecord) => {
      const exists = store.records.has(id);
      if (exists) store.records.set(id, JSON.stringify(record));
      return Promise.resolve(exists);
    },
  });
}

/** Answers `get` from what it was at the last write, as a replica that lags behind. */
class LaggingStore extends ForeignStore {
  readonly #seen = new Map<string, string>();

  override set(...args: Parameters<ForeignStore['set']>): void {
    this.#seen.set(args[0], JSON.stringify(args[1]));
    super.set(...args);
  }

  override get(id: string, callback: (error?: unknown, record?: unknown) => void): void {
    const text = this.#seen.get(id);
    setImmediate(callback, null, text && (JSON.parse(text) as unknown));
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
