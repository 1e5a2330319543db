import type { SessionRecord } from '../../types';
import { type Adapter, hasFunctions, isOfOneClass, viewOf } from './adapter';

interface RedisStore {
  readonly client: { set(key: string, value: string, options: object): Promise<unknown> };
  set(id: string, record: SessionRecord): Promise<unknown>;
  destroy(...args: unknown[]): unknown;
}

/**
 * connect-redis 9, on node-redis: the store's own `set`, whose client adds XX to the command. Prefix, serializer and
 * lifetime stay the store's. Releases 7 and 8 hide their client in closures that pass on no condition.
 */
export const connectRedis: Adapter = (candidate) => {
  const methods = ['get', 'set', 'touch', 'destroy', 'getTTL', 'getAllKeys', 'scanIterator'];
  const store = candidate as RedisStore;
  if (!isOfOneClass(store, methods) || !hasFunctions(store.client, ['set', 'sendCommand'])) return undefined;
  return async (id, record) => {
    let isSaved = true;
    const client = {
      set: async (key: string, value: string, options?: object) => {
        const reply = await store.client.set(key, value, { ...options, condition: 'XX' });
        isSaved = reply !== null;
      },
    };
    // A session that has expired by now is not stored, but destroyed.
    const destroy = (...args: unknown[]) => store.destroy(...args);
    await store.set.call(viewOf(store, { client, destroy }), id, record);
    return isSaved;
  };
};
