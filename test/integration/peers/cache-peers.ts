/** Stores on Redis and on memcached. */
import { connect } from 'node:net';
import type expressSession from 'express-session';
import { type Library, load } from './sides';
import { SHORTENED, type StorePeer } from './store-peer';

interface RedisClient {
  connect(): Promise<unknown>;
  quit(): Promise<unknown>;
  get(key: string): Promise<string | null>;
  pTTL(key: string): Promise<number>;
  pExpire(key: string, ms: number): Promise<unknown>;
}

interface Redis {
  createClient(options: object): RedisClient;
}

interface ConnectRedis {
  RedisStore: new (options: { client: RedisClient; prefix: string }) => expressSession.Store;
}

const connectRedis: StorePeer = {
  module: 'connect-redis',
  on: 'Redis',
  server: 'redis',
  touch: 'the expiry',
  guarantee: 'everywhere',
  lists: ['all', 'length', 'clear'],
  isShared: true,
  open: async (_, place, server) => {
    const client = load<Redis>('redis').createClient({ url: server?.url });
    await client.connect();
    const prefix = `${place}:`;
    return {
      store: new (load<ConnectRedis>('connect-redis').RedisStore)({ client, prefix }),
      raw: async (id) => (await client.get(prefix + id)) ?? undefined,
      remaining: (id) => client.pTTL(prefix + id),
      shorten: (id) => client.pExpire(prefix + id, SHORTENED),
      close: () => client.quit(),
    };
  },
};

type ConnectMemcached = (
  library: Library,
) => new (options: object) => expressSession.Store & { client: { end(): void } };

function connectMemcached(on: string, options: object): StorePeer {
  return {
    module: 'connect-memcached',
    on,
    server: 'memcached',
    touch: 'the whole session',
    guarantee: 'in this process',
    // Its `length` answers with memcached's own figures.
    lists: ['clear'],
    isShared: true,
    open: (library, place, server) => {
      const Store = load<ConnectMemcached>('connect-memcached')(library);
      const prefix = `${place}:`;
      const store = new Store({ hosts: [server?.url], prefix, ...options });
      const ask = (command: string) => askMemcached(server?.port ?? 0, command);
      return Promise.resolve({
        store,
        raw: async (id) => /^VALUE .*\r\n([^]*)\r\nEND/.exec(await ask(`get ${prefix}${id}`))?.[1],
        remaining: async (id) => Number(/ t(-?\d+)/.exec(await ask(`mg ${prefix}${id} t`))?.[1]) * 1000,
        shorten: (id) => ask(`touch ${prefix}${id} ${String(SHORTENED / 1000)}`),
        close: () => Promise.resolve(store.client.end()),
      });
    },
  };
}

/** Its text protocol; the answer to one command. */
function askMemcached(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\nquit\r\n`));
    let answer = '';
    socket.on('data', (data) => (answer += data.toString()));
    socket.once('error', reject);
    socket.once('close', () => resolve(answer));
  });
}

export const cachePeers: readonly StorePeer[] = [
  connectRedis,
  connectMemcached('memcached', {}),
  connectMemcached('memcached, encrypted', { secret: 'S3cret of the store, S0 l0ng!' }),
];
