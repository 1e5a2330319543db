/** connect-redis as older and newer applications have it, each with the client of its days. */
import type expressSession from 'express-session';
import { ask } from '../peers/scenario';
import type { Library } from '../peers/sides';
import { SHORTENED, type StorePeer } from '../peers/store-peer';
import { load } from './packages';

type Callback = (error: Error | null, answer?: unknown) => void;

/** The client of the releases with callbacks. */
interface CallbackClient {
  get(key: string, done: Callback): void;
  pttl(key: string, done: Callback): void;
  pexpire(key: string, ms: number, done: Callback): void;
  quit(done: Callback): void;
}

/** Both are made by a function of the session library, and want a client with callbacks. */
function withCallbacks(release: 5 | 6): StorePeer {
  const module = `connect-redis-${String(release)}`;
  return {
    module,
    on: 'Redis, node-redis 3',
    server: 'redis',
    touch: 'the expiry',
    guarantee: 'in this process',
    lists: ['all', 'length', 'clear'],
    isShared: true,
    open: (library, place, server) => {
      const client = load<{ createClient(url?: string): CallbackClient }>('redis-3').createClient(
        server?.url,
      );
      const prefix = `${place}:`;
      const Store =
        load<(library: Library) => new (options: object) => expressSession.Store>(module)(library);
      return Promise.resolve({
        store: new Store({ client, prefix }),
        raw: async (id) =>
          ((await ask<unknown>((done) => client.get(prefix + id, done))) as string | null) ?? undefined,
        remaining: async (id) => (await ask<unknown>((done) => client.pttl(prefix + id, done))) as number,
        shorten: (id) => ask<unknown>((done) => client.pexpire(prefix + id, SHORTENED, done)),
        close: () => ask<unknown>((done) => client.quit(done)),
      });
    },
  };
}

interface PromiseClient {
  connect(): Promise<unknown>;
  quit(): Promise<unknown>;
  get(key: string): Promise<string | null>;
  pTTL(key: string): Promise<number>;
  pExpire(key: string, ms: number): Promise<unknown>;
}

interface ConnectRedis {
  RedisStore: new (options: object) => expressSession.Store;
}

const connectRedis10: StorePeer = {
  module: 'connect-redis-10',
  on: 'Redis, node-redis 5',
  server: 'redis',
  touch: 'the expiry',
  guarantee: 'everywhere',
  lists: ['all', 'length', 'clear'],
  isShared: true,
  open: async (_, place, server) => {
    const { createClient } = load<{ createClient: (options: object) => PromiseClient }>('redis');
    const client = createClient({ url: server?.url });
    await client.connect();
    const prefix = `${place}:`;
    return {
      store: new (load<ConnectRedis>('connect-redis-10').RedisStore)({ client, prefix }),
      raw: async (id) => (await client.get(prefix + id)) ?? undefined,
      remaining: (id) => client.pTTL(prefix + id),
      shorten: (id) => client.pExpire(prefix + id, SHORTENED),
      close: () => client.quit(),
    };
  },
};

export const redisStores: readonly StorePeer[] = [withCallbacks(5), withCallbacks(6), connectRedis10];
