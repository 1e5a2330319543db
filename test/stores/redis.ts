import type { AnyStore } from '../../src/types';
import { load, packageOf, type Subject } from './subject';

type RedisStoreClass = new (options: { client: unknown; prefix?: string }) => AnyStore;

interface NodeRedis {
  createClient(options: { url: string }): {
    connect(): Promise<unknown>;
    quit(): Promise<unknown>;
    set(key: string, value: string, options: object): Promise<unknown>;
  };
}

interface Ioredis {
  Redis: new (url: string) => { quit(): Promise<unknown> };
}

/** connect-redis 7 has another export than those after it. */
function storeClass(module: string): RedisStoreClass {
  const exported = load<{ default?: RedisStoreClass; RedisStore?: RedisStoreClass }>(module);
  const found = exported.RedisStore ?? exported.default;
  if (!found) throw new Error(`${module} exports no store`);
  return found;
}

function onNodeRedis(module: string, client: string): Subject {
  return {
    module,
    on: `Redis 7, node-redis ${major(client)}`,
    server: 'redis',
    create: async (url) => {
      const connection = load<NodeRedis>(client).createClient({ url });
      await connection.connect();
      const Store = storeClass(module);
      return { store: new Store({ client: connection, prefix: 'p:' }), close: () => connection.quit() };
    },
  };
}

function onIoredis(module: string): Subject {
  return {
    module,
    on: `Redis 7, ioredis ${major('ioredis')}`,
    server: 'redis',
    create: (url) => {
      const { Redis } = load<Ioredis>('ioredis');
      const connection = new Redis(url);
      const Store = storeClass(module);
      return Promise.resolve({ store: new Store({ client: connection }), close: () => connection.quit() });
    },
  };
}

/** As the README shows it, for stores that keep their client to themselves. */
function withUpdate(subject: Subject, client: string): Subject {
  return {
    ...subject,
    on: `${subject.on}, with the \`update\` below`,
    create: async (url) => {
      const connection = load<NodeRedis>(client).createClient({ url });
      await connection.connect();
      const { store, close } = await subject.create(url);
      const { prefix } = store as unknown as { prefix: string };
      store.update = async (id, data) => {
        const seconds = Math.ceil((data.cookie.maxAge ?? 86_400_000) / 1000);
        const options = { EX: Math.max(seconds, 1), XX: true };
        return (await connection.set(prefix + id, JSON.stringify(data), options)) !== null;
      };
      return { store, close: () => Promise.all([close(), connection.quit()]) };
    },
  };
}

function major(module: string): string {
  return packageOf(module).version.split('.')[0] ?? '';
}

export const redisSubjects: readonly Subject[] = [
  onNodeRedis('connect-redis', 'redis-6'),
  onNodeRedis('connect-redis', 'redis'),
  onNodeRedis('connect-redis-8', 'redis'),
  withUpdate(onNodeRedis('connect-redis-8', 'redis'), 'redis'),
  onIoredis('connect-redis-8'),
  onNodeRedis('connect-redis-7', 'redis-4'),
  withUpdate(onNodeRedis('connect-redis-7', 'redis-4'), 'redis-4'),
  onIoredis('connect-redis-7'),
];
