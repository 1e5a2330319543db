/** compareAndSet for stores on Redis that have none, as docs/stores.md shows it. */
import type { AnyStore } from '../../../src/types';
import type { IoredisClient, NodeRedisClient } from './redis';

type RedisStore = AnyStore & { prefix: string };

const script = `
local stored = redis.call('GET', KEYS[1])
if not stored or (string.find(stored, ARGV[2], 1, true) == nil) ~= (ARGV[3] == 'absent') then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[4])
return 1`;

export function nodeRedisSnippet(store: RedisStore, client: NodeRedisClient): void {
  store.compareAndSet = async (id, record, tag) => {
    const seconds = Math.max(1, Math.ceil((record.cookie.maxAge ?? 86_400_000) / 1000));
    const sought = tag === null ? ['"__session":', 'absent'] : [tag, 'present'];
    const reply = await client.eval(script, {
      keys: [store.prefix + id],
      arguments: [JSON.stringify(record), ...sought, String(seconds)],
    });
    return reply === 1;
  };
}

export function ioredisSnippet(store: RedisStore, client: IoredisClient): void {
  store.compareAndSet = async (id, record, tag) => {
    const seconds = Math.max(1, Math.ceil((record.cookie.maxAge ?? 86_400_000) / 1000));
    const sought = tag === null ? ['"__session":', 'absent'] : [tag, 'present'];
    const key = store.prefix + id;
    const reply = await client.eval(script, 1, key, JSON.stringify(record), ...sought, String(seconds));
    return reply === 1;
  };
}
