/** connect-redis on Redis, by itself and with a compareAndSet as docs/stores.md shows it. */
import type { AnyStore } from '../../../src/types';
import { ioredisSnippet, nodeRedisSnippet } from './redis-snippets';
import { load, packageOf, type Subject } from './subject';

export type RedisStoreClass = new (options: { client: unknown; prefix?: string }) => AnyStore;

export interface NodeRedisClient {
  connect(): Promise<unknown>;
  quit(): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  get(key: string): Promise<string | null>;
  pTTL(key: string): Promise<number>;
}

export interface NodeRedis {
  createClient(options: { url: string }): NodeRedisClient;
}

export interface IoredisClient {
  quit(): Promise<unknown>;
  eval(script: string, keys: number, ...rest: string[]): Promise<unknown>;
}

interface Ioredis {
  Redis: new (url: string) => IoredisClient;
}

/** connect-redis 7 has another export than those after it. */
export function storeClass(module: string): RedisStoreClass {
  const exported = load<{ default?: RedisStoreClass; RedisStore?: RedisStoreClass }>(module);
  const found = exported.RedisStore ?? exported.default;
  if (!found) throw new Error(`${module} exports no store`);
  return found;
}

type Snippet<Client> = (store: AnyStore & { prefix: string }, client: Client) => void;

function onNodeRedis(module: string, clientModule: string, snippet?: Snippet<NodeRedisClient>): Subject {
  return {
    module,
    on: `Redis 7, node-redis ${major(clientModule)}${snippet ? ', with the `compareAndSet` below' : ''}`,
    server: 'redis',
    grade: snippet || !/-[78]$/.test(module) ? 'everywhere' : 'in this process',
    create: async (url) => {
      const client = load<NodeRedis>(clientModule).createClient({ url });
      await client.connect();
      const store = new (storeClass(module))({ client, prefix: 'p:' });
      snippet?.(store as AnyStore & { prefix: string }, client);
      const rowOf = async (id: string) => {
        const data = await client.get(`p:${id}`);
        return data === null ? undefined : { data, expires: Date.now() + (await client.pTTL(`p:${id}`)) };
      };
      return { store, rowOf, close: () => client.quit() };
    },
  };
}

function onIoredis(module: string, snippet?: Snippet<IoredisClient>): Subject {
  return {
    module,
    on: `Redis 7, ioredis ${major('ioredis')}${snippet ? ', with the `compareAndSet` below' : ''}`,
    server: 'redis',
    grade: snippet ? 'everywhere' : 'in this process',
    create: (url) => {
      const client = new (load<Ioredis>('ioredis').Redis)(url);
      const store = new (storeClass(module))({ client });
      snippet?.(store as AnyStore & { prefix: string }, client);
      return Promise.resolve({ store, close: () => client.quit() });
    },
  };
}

function major(module: string): string {
  return packageOf(module).version.split('.')[0] ?? '';
}

export const redisSubjects: readonly Subject[] = [
  onNodeRedis('connect-redis-10', 'redis-6'),
  onNodeRedis('connect-redis-10', 'redis'),
  onNodeRedis('connect-redis', 'redis-6'),
  onNodeRedis('connect-redis', 'redis'),
  onNodeRedis('connect-redis-8', 'redis'),
  onNodeRedis('connect-redis-8', 'redis', nodeRedisSnippet),
  onIoredis('connect-redis-8'),
  onIoredis('connect-redis-8', ioredisSnippet),
  onNodeRedis('connect-redis-7', 'redis-4'),
  onNodeRedis('connect-redis-7', 'redis-4', nodeRedisSnippet),
  onIoredis('connect-redis-7'),
  onIoredis('connect-redis-7', ioredisSnippet),
];
