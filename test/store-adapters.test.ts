import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import session from '../src';
import { guardOf, type Update } from '../src/store/guarantee';
import { adapters } from '../src/store/adapters';
import type { AnyStore, SessionRecord } from '../src/types';
import { cookieFields } from './support/contents';
import { keys } from './support/keys';
import { load } from './stores/subject';

type StoreClass = new (options: object) => AnyStore & Record<string, unknown>;
type Factory = (library: unknown) => StoreClass;

const boom = new Error('boom!');

function record(maxAge: number | null = 60_000): SessionRecord {
  const cookie = new session.Cookie();
  (cookie as { maxAge: number | null }).maxAge = maxAge;
  return { cookie, a: 1 };
}

/** Which adapter takes a store. */
function recognised(store: object): string[] {
  return Object.entries(adapters).flatMap(([name, adapt]) => (adapt(store) ? [name] : []));
}

/** What an update answers, by callback or by promise. */
async function update(store: object, id: string, data: SessionRecord): Promise<unknown> {
  const { update: save } = guardOf(store as AnyStore, 'process');
  assert.ok(save);
  return await new Promise<unknown>((resolve, reject) => {
    const callback: Parameters<Update>[2] = (error, saved) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it comes
      if (error) reject(error);
      else resolve(saved);
    };
    const returned = save(id, data, callback);
    if (returned instanceof Promise) returned.then(resolve, reject);
  });
}

function redis(options: object = {}, reply: unknown = 'OK') {
  const commands: unknown[][] = [];
  const client = {
    set: (...args: unknown[]) => Promise.resolve(commands.push(['SET', ...args]) && reply),
    del: (...args: unknown[]) => Promise.resolve(commands.push(['DEL', ...args])),
    sendCommand: () => undefined,
  };
  const { RedisStore } = load<{ RedisStore: StoreClass }>('connect-redis');
  return { commands, RedisStore, store: new RedisStore({ client, ...options }), client };
}

function postgres(answers: object[] | Error = [{ sid: 'id' }], options: object = {}) {
  const queries: unknown[][] = [];
  const pool = {
    query: (...args: unknown[]) => {
      queries.push(args);
      return answers instanceof Error ? Promise.reject(answers) : Promise.resolve({ rows: answers });
    },
  };
  const PGStore = load<Factory>('connect-pg-simple')(session);
  return { queries, store: new PGStore({ pool, pruneSessionInterval: false, ...options }) };
}

describe('Stores that are known', () => {
  it('are told by their shape', () => {
    assert.deepEqual(recognised(redis().store), ['connect-redis']);
    assert.deepEqual(recognised(postgres().store), ['connect-pg-simple']);
  });

  it('make the guarantee atomic, which a debug line names', () => {
    assert.equal(session({ keys, store: postgres().store as never }).guarantee, 'atomic');
  });

  it('are neither written to nor changed', () => {
    const { store } = postgres();
    const before = Reflect.ownKeys(store);
    Object.freeze(Object.getPrototypeOf(store));
    const methods = session({ keys, store: store as never });
    assert.equal(methods.guarantee, 'atomic');
    assert.deepEqual(
      Reflect.ownKeys(store).filter(
        (key) => !before.includes(key) && key !== '_events' && key !== '_eventsCount',
      ),
      [],
    );
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
    assert.equal(await update(new Renamed({ client }), 'id', record()), true);
  });

  it('are not bypassed where the application has replaced a method, before or after', async () => {
    const { store, commands } = redis();
    const { update: save } = guardOf(store, 'process');
    const calls: string[] = [];
    store.set = (id: string, _: unknown, callback: () => void) => {
      calls.push(id);
      callback();
    };
    assert.deepEqual(recognised(store), []);
    await new Promise<void>((resolve) => void save?.('id', record(), () => resolve()));
    assert.deepEqual([calls, commands], [['id'], []]);
  });

  it('are nothing of the kind if a part is missing', () => {
    assert.deepEqual(recognised(new EventEmitter()), []);
    assert.deepEqual(recognised(Object.create(null) as object), []);
    assert.deepEqual(recognised(redis({ client: { set: () => undefined } }).store), []);
    assert.deepEqual(recognised(redis({ client: () => undefined }).store), []);
    const Sequelize = load<(base: unknown) => StoreClass>('connect-session-sequelize')(session.Store);
    const db = { define: () => ({}) };
    assert.deepEqual(recognised(new Sequelize({ db, checkExpirationInterval: 0 })), []);
    const methods = ['get', 'set', 'touch', 'destroy'];
    const classOf = (more: string[]) => {
      // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a shape, filled below
      class Store {}
      for (const name of [...methods, ...more]) Object.assign(Store.prototype, { [name]: () => undefined });
      return new Store();
    };
    assert.deepEqual(recognised(classOf(['dbCleanup'])), []);
    const oracle = Object.assign(classOf(['dbCleanup']), { ready: Promise.resolve(), options: { knex: {} } });
    assert.deepEqual(recognised(oracle), []);
    assert.deepEqual(recognised(classOf(['computeStorageId', 'setAutoRemove'])), []);
    assert.deepEqual(recognised(classOf(['createDb', 'clearExpiredSessions'])), []);
    assert.deepEqual(recognised({ connect: 1 }), []);
    // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a shape, filled below
    class Typeorm {}
    for (const name of ['connect', 'createQueryBuilder', 'getTTL', 'handleError'])
      Object.assign(Typeorm.prototype, { [name]: () => undefined });
    assert.deepEqual(recognised(new Typeorm()), []);
  });
});

describe('connect-redis', () => {
  it('is asked to set only what exists, with its own prefix, lifetime and serializer', async () => {
    const serializer = { stringify: () => 'text', parse: JSON.parse };
    const { store, commands } = redis({ prefix: 'p:', serializer });
    assert.equal(await update(store, 'id', record(59_500)), true);
    const options = { expiration: { type: 'EX', value: 60 }, condition: 'XX' };
    assert.deepEqual(commands, [['SET', 'p:id', 'text', options]]);
  });

  it('is asked so without a lifetime, too', async () => {
    const { store, commands } = redis({ disableTTL: true });
    await update(store, 'id', record());
    assert.deepEqual(commands[0]?.[3], { condition: 'XX' });
  });

  it('tells that there was no such key', async () => {
    assert.equal(await update(redis({}, null).store, 'id', record()), false);
  });

  it('drops a session that has expired meanwhile', async () => {
    const { store, commands } = redis();
    await update(store, 'id', record(-5000));
    assert.deepEqual(commands, [['DEL', ['sess:id']]]);
  });
});

describe('connect-pg-simple', () => {
  it("updates its table's row with the expiry that its set would write", async () => {
    const { store, queries } = postgres(undefined, { schemaName: 'a', tableName: 'b' });
    const data = record();
    assert.equal(await update(store, 'id', data), true);
    const [[text, parameters] = []] = queries;
    assert.equal(
      text,
      'UPDATE "a"."b" SET sess = $1, expire = to_timestamp($2) WHERE sid = $3 RETURNING sid',
    );
    assert.deepEqual(parameters, [data, Math.ceil(Number(cookieFields(data).expires) / 1000), 'id']);
  });

  for (const [title, options, lifetime] of [
    ['a day', {}, 86_400],
    ['its ttl', { ttl: 60 }, 60],
  ] as const) {
    it(`gives a session without expiry ${title}`, async () => {
      const { store, queries } = postgres(undefined, options);
      await update(store, 'id', record(null));
      const expire = (queries[0]?.[1] as unknown[])[1] as number;
      assert.ok(Math.abs(expire - Date.now() / 1000 - lifetime) < 2, String(expire));
    });
  }

  it('tells that there was no such row, and what failed', async () => {
    assert.equal(await update(postgres([]).store, 'id', record()), false);
    await assert.rejects(update(postgres(boom).store, 'id', record()), boom);
  });
});

describe('connect-session-knex', () => {
  it('gives a session without expiry a day', async () => {
    const { ConnectSessionKnexStore } = load<{ ConnectSessionKnexStore: StoreClass }>('connect-session-knex');
    const rows: Record<string, string>[] = [];
    const query = {
      where: () => query,
      update: (row: Record<string, string>) => Promise.resolve(rows.push(row)),
    };
    const knex = Object.assign(() => query, {
      client: { dialect: 'postgresql' },
      schema: { hasTable: () => Promise.resolve(true) },
    });
    const store = new ConnectSessionKnexStore({ knex, cleanupInterval: 0 });
    assert.equal(await update(store, 'id', record(null)), true);
    assert.ok(Math.abs(Date.parse(rows[0]?.expired ?? '') - Date.now() - 86_400_000) < 2000);
  });
});

describe('Known stores whose database fails', () => {
  it('reject with its error: connect-mongo', async () => {
    const events: unknown[] = [];
    const updateOne = () => Promise.reject(boom);
    const client = { db: () => ({ collection: () => ({ updateOne }) }) };
    const MongoStore = load<{ default: { create(options: object): AnyStore & EventEmitter } }>(
      'connect-mongo',
    ).default;
    const store = MongoStore.create({ client, autoRemove: 'disabled' });
    store.on('set' as never, () => events.push('set'));
    await assert.rejects(update(store, 'id', record()), boom);
    assert.deepEqual(events, []);
  });

  it('reject with its error: better-sqlite3-session-store', async () => {
    const { setInterval } = globalThis;
    globalThis.setInterval = (() => undefined) as never;
    try {
      const Store = load<Factory>('better-sqlite3-session-store')(session);
      const prepare = () => {
        throw boom;
      };
      await assert.rejects(
        update(new Store({ client: { exec: () => undefined, prepare } }), 'id', record()),
        boom,
      );
    } finally {
      globalThis.setInterval = setInterval;
    }
  });

  it('reject with its error: connect-typeorm', async () => {
    const { TypeormStore } = load<{ TypeormStore: StoreClass }>('connect-typeorm');
    const cyclic = record();
    cyclic.self = cyclic;
    await assert.rejects(update(new TypeormStore({}), 'id', cyclic), TypeError);
  });
});
