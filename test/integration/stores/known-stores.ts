/** Known stores on databases of their own, or on stand-ins that record what is asked of them. */
import libsql from 'libsql';
import session from '../../../src';
import type { AnyStore } from '../../../src/types';
import { load } from './subject';

export type StoreClass = new (options: object) => AnyStore & Record<string, unknown>;
export type Factory = (library: unknown) => StoreClass;

/** better-sqlite3-session-store on SQLite in memory. */
export function knownStore(client: object = new libsql(':memory:')) {
  const Store = load<Factory>('better-sqlite3-session-store')(session);
  // It keeps a timer of its own that would keep this process alive.
  const { setInterval } = globalThis;
  globalThis.setInterval = (...args: Parameters<typeof setInterval>) => setInterval(...args).unref();
  try {
    return { Store, store: new Store({ client }) };
  } finally {
    globalThis.setInterval = setInterval;
  }
}

/** connect-redis, whose client answers each script with `reply`. */
export function redis(options: object = {}, reply: unknown = 1) {
  const scripts: string[][] = [];
  const client = {
    eval: (_script: string, { keys, arguments: given }: { keys: string[]; arguments: string[] }) =>
      Promise.resolve(scripts.push([...keys, ...given]) && reply),
    mGet: () => undefined,
  };
  const { RedisStore } = load<{ RedisStore: StoreClass }>('connect-redis');
  return { scripts, RedisStore, store: new RedisStore({ client, ...options }), client };
}

/** connect-pg-simple, whose pool answers each query with these rows, or this error. */
export function postgres(answers: object[] | Error = [{ sid: 'id' }], options: object = {}) {
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

/** connect-mongo, whose collection answers each update so. */
export function mongo(
  answer: (filter?: object, update?: object) => Promise<object>,
  options: object = {},
): AnyStore {
  const collection = { updateOne: answer };
  const client = { db: () => ({ collection: () => collection }) };
  const { default: MongoStore } = load<{ default: { create(options: object): AnyStore } }>('connect-mongo');
  return MongoStore.create({ client, autoRemove: 'disabled', ...options });
}
