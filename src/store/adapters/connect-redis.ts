/** Gives compareAndSet to connect-redis 9 and 10 on node-redis, by a script of one key. */
import type { SessionRecord } from '../../types';
import { type Adapter, conditionOf, hasFunctions, isOfOneClass, unsupported } from './adapter';

interface RedisStore {
  readonly client: {
    eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  };
  readonly prefix: string;
  readonly serializer: { stringify(record: SessionRecord): string };
  readonly disableTTL: boolean;
  /** In seconds. */
  getTTL(record: SessionRecord): number;
}

/**
 * Arguments: the record; the text to look for; '1' if the stored record has to contain it, '0' if it must not; the lifetime in
 * seconds, or '' for none, or 'keep'. `SET … KEEPTTL` would be simpler for 'keep', but needs Redis 6.
 */
const SCRIPT = `
local stored = redis.call('GET', KEYS[1])
if not stored then return 0 end
local isThere = string.find(stored, ARGV[2], 1, true) ~= nil
if isThere ~= (ARGV[3] == '1') then return 0 end
if ARGV[4] == 'keep' then
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    redis.call('SET', KEYS[1], ARGV[1])
  else
    redis.call('SET', KEYS[1], ARGV[1], 'PX', math.max(left, 1))
  end
elseif ARGV[4] == '' then
  redis.call('SET', KEYS[1], ARGV[1])
elseif tonumber(ARGV[4]) > 0 then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[4])
else
  redis.call('DEL', KEYS[1])
end
return 1`;

/** How Redis, or a proxy in front of it, says that scripts are not allowed. */
const REFUSAL =
  /^NOPERM\b.*\beval\b|\b(?:unknown|unsupported) command\b|\bcommand (?:is )?not (?:supported|allowed)\b/i;

/**
 * Not for connect-redis 7 and 8, which hide their client in closures, nor for ioredis, whose `eval` takes other arguments.
 * ioredis has no `mGet`.
 */
export const connectRedis: Adapter = (candidate) => {
  const methods = ['get', 'set', 'touch', 'destroy', 'getTTL', 'getAllKeys', 'scanIterator'];
  const store = candidate as RedisStore;
  if (!isOfOneClass(store, methods) || !hasFunctions(store.client, ['eval', 'mGet'])) return undefined;
  return async (id, record, tag, { keepsExpiry } = {}) => {
    const { text, isWanted } = conditionOf(tag);
    const value = store.serializer.stringify(record);
    const lifetime = keepsExpiry ? 'keep' : lifetimeOf(store, record);
    try {
      const reply = await store.client.eval(SCRIPT, {
        keys: [store.prefix + id],
        arguments: [value, text, isWanted ? '1' : '0', lifetime],
      });
      return Number(reply) === 1;
    } catch (error) {
      if (error instanceof Error && REFUSAL.test(error.message)) {
        throw unsupported('this Redis runs no scripts (EVAL)', error);
      }
      throw error;
    }
  };
};

/** The lifetime as the store's own `set` computes it. '0' deletes a session that has expired, even without lifetimes. */
function lifetimeOf(store: RedisStore, record: SessionRecord): string {
  const seconds = store.getTTL(record);
  if (!(seconds > 0)) return '0';
  return store.disableTTL ? '' : String(seconds);
}
