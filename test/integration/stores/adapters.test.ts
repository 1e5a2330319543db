/** Which stores are known, and what their adapters do where no database is needed to see it. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import session from '../../../src';
import { answer, Bench, recordOf } from '../../../src/store-test/bench';
import { adapters } from '../../../src/store/adapters';
import type { AnyStore, SessionRecord } from '../../../src/types';
import { load } from './subject';
import { knownStore, mongo, postgres, redis, type StoreClass } from './known-stores';

const boom = new Error('boom!');

/** Which adapter takes a store. */
function recognised(store: object): string[] {
  return Object.entries(adapters).flatMap(([name, adapt]) => (adapt(store) ? [name] : []));
}

/** An instance of a class with these methods, which do nothing. */
function instanceWith(methods: readonly string[], members: object = {}): object {
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a shape, filled below
  class Store {}
  for (const name of methods) Object.assign(Store.prototype, { [name]: () => undefined });
  return Object.assign(new Store(), members);
}

function compareAndSet(
  store: object,
  record: SessionRecord = recordOf({ a: 1 }),
  tag: string | null = 'tag',
) {
  return new Bench(store as AnyStore).compareAndSet('id', record, tag);
}

describe('Stores that are known', () => {
  it('are told by their shape', () => {
    assert.deepEqual(recognised(redis().store), ['connect-redis']);
    assert.deepEqual(recognised(postgres().store), ['connect-pg-simple']);
    assert.deepEqual(recognised(knownStore().store), ['better-sqlite3-session-store']);
    assert.deepEqual(recognised(mongo(() => Promise.resolve({}))), ['connect-mongo']);
  });

  it('are not bypassed by a subclass that has a set of its own', async () => {
    const { RedisStore, client } = redis();
    class Compressed extends RedisStore {
      override set(id: string, data: SessionRecord, callback: () => void): unknown {
        return super.set(`z${id}`, data, callback);
      }
    }
    assert.deepEqual(recognised(new Compressed({ client })), []);
    class Renamed extends RedisStore {}
    assert.deepEqual(recognised(new Renamed({ client })), ['connect-redis']);
    assert.equal(await compareAndSet(new Renamed({ client })), true);
  });

  it('are not bypassed where the application has replaced a method before (B009)', () => {
    for (const name of ['get', 'set', 'touch', 'destroy']) {
      const { store } = redis();
      store[name] = () => undefined;
      assert.deepEqual(recognised(store), [], name);
    }
  });

  const methods = ['get', 'set', 'touch', 'destroy'];
  for (const [title, store] of [
    ['an event emitter', new EventEmitter()],
    ['an object without prototype', Object.create(null) as object],
    ['a client without scripts', redis({ client: { mGet: () => undefined } }).store],
    ['a client of ioredis', redis({ client: { eval: () => undefined, mget: () => undefined } }).store],
    ['a client that is a function', redis({ client: () => undefined }).store],
    ['a model without its methods', instanceWith([...methods, 'expiration', 'clearExpiredSessions'])],
    [
      'Sequelize on another database',
      instanceWith([...methods, 'expiration', 'clearExpiredSessions'], {
        sessionModel: {
          sequelize: { getDialect: () => 'mssql' },
          update: () => undefined,
          findCreateFind: () => undefined,
        },
      }),
    ],
    ['a knex store that is never ready', instanceWith([...methods, 'dbCleanup'])],
    [
      'knex on another database',
      instanceWith([...methods, 'dbCleanup'], { ready: Promise.resolve(), options: { knex: {} } }),
    ],
    ['a store without a collection', instanceWith([...methods, 'computeStorageId', 'setAutoRemove'])],
    ['a store without a client', instanceWith([...methods, 'createDb', 'clearExpiredSessions'])],
    ['a store whose connect is no method', { connect: 1 }],
    ['half of a typeorm store', instanceWith(['connect', 'createQueryBuilder', 'getTTL', 'handleError'])],
    [
      'a typeorm store that is not connected',
      new (load<{ TypeormStore: StoreClass }>('connect-typeorm').TypeormStore)({}),
    ],
    [
      'typeorm on a database on the network',
      Object.assign(new (load<{ TypeormStore: StoreClass }>('connect-typeorm').TypeormStore)({}), {
        repository: { manager: { connection: { options: { type: 'postgres' } } } },
      }),
    ],
    ['an encrypting store', mongo(() => Promise.resolve({}), { crypto: { secret: 'a secret' } })],
    ["express-session's own MemoryStore", new session.MemoryStore()],
  ] as const) {
    it(`are nothing of the kind: ${title}`, () => {
      assert.deepEqual(recognised(store), []);
    });
  }
});

describe('The adapter of connect-redis', () => {
  it('hands one key, the record, the text that decides and the lifetime to the script (B244)', async () => {
    const serializer = { stringify: () => 'text', parse: JSON.parse };
    const { store, scripts } = redis({ prefix: 'p:', serializer });
    assert.equal(await compareAndSet(store, recordOf({}, 59_500), 'tag'), true);
    assert.equal(await compareAndSet(store, recordOf({}, 59_500), null), true);
    assert.deepEqual(scripts, [
      ['p:id', 'text', 'tag', '1', '60'],
      ['p:id', 'text', '"__session":', '0', '60'],
    ]);
  });

  it('hands its script the word for an expiry that stays, whatever the record says', async () => {
    const { store, scripts } = redis();
    const { calls } = new Bench(store);
    const record = recordOf({}, -5000);
    await answer((done) => calls.compareAndSet?.('id', record, 'tag', done, { keepsExpiry: true }));
    assert.equal(scripts[0]?.at(-1), 'keep');
  });

  it('tells that nothing was stored, also to a client that answers with texts', async () => {
    assert.equal(await compareAndSet(redis({}, 0).store), false);
    assert.equal(await compareAndSet(redis({}, '0').store), false);
    assert.equal(await compareAndSet(redis({}, '1').store), true);
  });

  for (const [message, isRefusal] of [
    ["NOPERM this user has no permissions to run the 'eval' command or its subcommand", true],
    ["NOPERM User app has no permissions to run the 'eval' command", true],
    ["ERR unknown command 'EVAL', with args beginning with: ", true],
    ["ERR unsupported command 'eval'", true],
    ['ERR command is not supported', true],
    ['NOPERM No permissions to access a key', false],
    ['READONLY You can’t write against a read only replica.', false],
    ['Socket closed unexpectedly', false],
  ] as const) {
    it(`takes this error for ${isRefusal ? 'a refusal' : 'an error'}: ${message}`, async () => {
      const failure = new Error(message);
      const client = { eval: () => Promise.reject(failure), mGet: () => undefined };
      await assert.rejects(compareAndSet(redis({ client }).store), (error: Error & { code?: string }) => {
        assert.equal(error.code === 'ERR_COMPARE_AND_SET_UNSUPPORTED', isRefusal);
        assert.equal(isRefusal ? error.cause : error, failure);
        return true;
      });
    });
  }

  it('passes on what is rejected with and is no error', async () => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as careless code does
    const client = { eval: () => Promise.reject('a text'), mGet: () => undefined };
    await assert.rejects(compareAndSet(redis({ client }).store), (error) => error === 'a text');
  });
});

describe('An adapter', () => {
  it('is not asked to keep an expiry where the application compares by itself', () => {
    const compareAndSet = () => Promise.resolve(true);
    const { calls } = new Bench(Object.assign(redis().store, { compareAndSet }));
    assert.deepEqual([calls.canKeepExpiry, new Bench(redis().store).calls.canKeepExpiry], [false, true]);
  });
});

describe('The adapter of connect-pg-simple', () => {
  it('updates the table of the store', async () => {
    const { store, queries } = postgres(undefined, { schemaName: 'a', tableName: 'b' });
    assert.equal(await compareAndSet(store), true);
    assert.match(String(queries[0]?.[0]), /^UPDATE "a"\."b" SET sess = /);
  });

  it('gives a session without expiry the lifetime of the store', async () => {
    const { store, queries } = postgres(undefined, { ttl: 60 });
    await compareAndSet(store, recordOf({}, null));
    const expire = (queries[0]?.[1] as unknown[]).at(-1) as number;
    assert.ok(Math.abs(expire - Date.now() / 1000 - 60) < 2, String(expire));
  });

  it('leaves the column of the expiry out where that is to stay', async () => {
    const { store, queries } = postgres();
    const { calls } = new Bench(store);
    await answer((done) => calls.compareAndSet?.('id', recordOf({}), 'tag', done, { keepsExpiry: true }));
    const [text, parameters] = queries[0] as [string, unknown[]];
    assert.doesNotMatch(text, /expire =/);
    assert.equal(parameters.length, 4);
  });

  it('tells that there was no such row, and what failed', async () => {
    assert.equal(await compareAndSet(postgres([]).store), false);
    await assert.rejects(compareAndSet(postgres(boom).store), boom);
  });
});

describe('The adapter of connect-mongo', () => {
  it('tells of a session that was stored, as the store does, and of no other', async () => {
    const events: unknown[] = [];
    for (const matchedCount of [1, 0]) {
      const store = mongo(() => Promise.resolve({ acknowledged: true, matchedCount }));
      store.on('set' as never, () => events.push(matchedCount));
      assert.equal(await compareAndSet(store), matchedCount === 1);
    }
    assert.deepEqual(events, [1]);
  });

  it('leaves to touchAfter of the store when it renews an expiry that was to stay', async () => {
    const updates: object[] = [];
    const answers = (_filter?: object, update?: object) => {
      updates.push((update as { $set: object }).$set);
      return Promise.resolve({ acknowledged: true, matchedCount: 1 });
    };
    const { calls } = new Bench(mongo(answers, { touchAfter: 60 }));
    for (const keepsExpiry of [false, true]) {
      await answer((done) => calls.compareAndSet?.('id', recordOf({}), 'tag', done, { keepsExpiry }));
    }
    assert.deepEqual(updates.map(Object.keys), [
      ['_id', 'session', 'expires', 'lastModified'],
      ['_id', 'session'],
    ]);
  });

  it('rejects with the error of the database', async () => {
    await assert.rejects(compareAndSet(mongo(() => Promise.reject(boom))), boom);
  });

  it('cannot do it where writes are not acknowledged', async () => {
    const store = mongo(() => Promise.resolve({ acknowledged: false, matchedCount: 0 }));
    await assert.rejects(compareAndSet(store), { code: 'ERR_COMPARE_AND_SET_UNSUPPORTED' });
  });
});

describe('The adapter of better-sqlite3-session-store', () => {
  it('rejects with what the database throws', async () => {
    const prepare = () => {
      throw boom;
    };
    await assert.rejects(compareAndSet(knownStore({ exec: () => undefined, prepare }).store), boom);
  });
});

describe('The adapter of express-mysql-session', () => {
  const mysqlStore = (answer: object) =>
    instanceWith(['get', 'set', 'touch', 'destroy', 'onReady', 'createDatabaseTable', 'query'], {
      options: {
        expiration: 60_000,
        schema: { tableName: 't', columnNames: { session_id: 'i', expires: 'e', data: 'd' } },
      },
      answer,
    });
  const asked: unknown[][] = [];
  const open = (answer: object) => {
    const store = mysqlStore(answer);
    Object.assign(Object.getPrototypeOf(store) as object, {
      query: (...args: unknown[]) => Promise.resolve(asked.push(args) && [answer]),
    });
    return store;
  };

  it('counts the rows that matched, however the connection counts', async () => {
    const unchanged = { affectedRows: 0, info: 'Rows matched: 1  Changed: 0  Warnings: 0' };
    assert.equal(await compareAndSet(open(unchanged)), true);
    assert.equal(await compareAndSet(open({ affectedRows: 1 })), true);
    assert.equal(await compareAndSet(open({ affectedRows: 0 })), false);
  });

  it('leaves the column of the expiry out where that is to stay', async () => {
    asked.length = 0;
    const record = recordOf({ a: 1 });
    const { calls } = new Bench(open({ affectedRows: 1 }) as AnyStore);
    await answer((done) => calls.compareAndSet?.('id', record, 'tag', done, { keepsExpiry: true }));
    const [text, parameters] = asked[0] as [string, unknown[]];
    assert.match(text, /^UPDATE \?\? SET \?\? = \? WHERE /);
    assert.deepEqual(parameters.slice(0, 5), ['t', 'd', JSON.stringify(record), 'i', 'id']);
  });

  it('takes names of tables and columns from the options, and values as parameters', async () => {
    asked.length = 0;
    const record = recordOf({ a: 1 });
    await compareAndSet(open({ affectedRows: 1 }), record, 'tag');
    const parameters = asked[0]?.[1] as unknown[];
    assert.deepEqual(parameters.slice(0, 3), ['t', 'd', JSON.stringify(record)]);
    assert.deepEqual(parameters.slice(5, 7), ['i', 'id']);
    assert.deepEqual(parameters.slice(9), ['tag', 'd']);
  });
});
