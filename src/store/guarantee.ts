import { debug } from '../diagnostics';
import { MemoryStore } from './memory-store';
import { adapters } from './adapters';
import { callStoreSafely, isMissing } from './store-call';
import type { AnyStore, Guarantee, SessionRecord } from '../types';

/** `store.update`, of whatever origin; answers by callback or by promise. */
export type Update = (
  storedId: string,
  record: SessionRecord,
  callback: (error?: unknown, saved?: boolean) => void,
) => unknown;

export interface Guard {
  readonly guarantee: Guarantee;
  /** Undefined: loaded sessions are stored by `set`, as new ones are. */
  readonly update: Update | undefined;
}

/** How a destroyed session is kept from being stored again by a request that had loaded it before, in any process. */
export function guardOf(store: AnyStore, wanted: 'check' | 'process'): Guard {
  const { by, ...guard } = find(store, wanted);
  debug('destroyed sessions stay destroyed: %s (%s)', guard.guarantee, by);
  return guard;
}

function find(store: AnyStore, wanted: 'check' | 'process'): Guard & { by: string } {
  if (typeof store.update === 'function') {
    const update: Update = (id, record, callback) => store.update?.(id, record, callback);
    return { guarantee: 'atomic', update, by: "the store's own update" };
  }
  if (store instanceof MemoryStore) return { guarantee: 'atomic', update: undefined, by: 'MemoryStore' };
  for (const [name, adapt] of Object.entries(adapters)) {
    const save = adapt(store);
    if (!save) continue;
    const set: unknown = Reflect.get(store, 'set');
    const update: Update = (id, record, callback) =>
      // The application may have put another method in its place by now (B009).
      Reflect.get(store, 'set') === set ? save(id, record) : store.set(id, record, callback);
    return { guarantee: 'atomic', update, by: name };
  }
  if (wanted === 'check') return { guarantee: 'check', update: checked(store), by: 'get before set' };
  return { guarantee: 'process', update: undefined, by: 'within this process' };
}

function checked(store: AnyStore): Update {
  return (id, record, callback) => {
    callStoreSafely(
      (done) => store.get(id, done),
      (error, found) => {
        if (error && !isMissing(error)) callback(error);
        else if (error || !found) callback(null, false);
        else
          callStoreSafely(
            (done: typeof callback) => store.set(id, record, done),
            (failed) => {
              callback(failed);
            },
          );
      },
    );
  };
}
