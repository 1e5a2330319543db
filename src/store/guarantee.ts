/** Finds out what a store can promise: by its own `compareAndSet`, by that of an adapter, or not at all. */
import { debug } from '../diagnostics';
import { adapters } from './adapters';
import { type CompareOptions, unsupported } from './adapters/adapter';
import type { AnyStore, CompareAndSet, ErrorCallback, Guarantee, SessionRecord } from '../types';

/**
 * A store of this package that wraps another one says under this name whether its own `compareAndSet` takes options, and can
 * keep the expiry.
 */
export const KEEPS_EXPIRY: unique symbol = Symbol('keeps expiry');

/** The calls that differ from store to store. Answers come by callback or by promise. */
export interface StoreCalls {
  readonly guarantee: Guarantee;
  /**
   * Undefined: loaded sessions are stored by `set`, like new ones. After an error with the code
   * ERR_COMPARE_AND_SET_UNSUPPORTED they have to be stored by `set` as well.
   */
  readonly compareAndSet: ((...args: [...Parameters<CompareAndSet>, CompareOptions?]) => unknown) | undefined;
  /** Whether `compareAndSet` can leave the stored expiry as it is. Of stores themselves only a wrapper can. */
  readonly canKeepExpiry: boolean;
  /** Undefined if the store had no `touch` when this object was made. */
  readonly touch: ((id: string, record: SessionRecord, callback: ErrorCallback) => unknown) | undefined;
}

/** Nothing is written onto the store. Its methods are looked up at each call, because applications replace some. */
export function callsOf(store: AnyStore): StoreCalls {
  const { compareAndSet, by, canKeepExpiry = false } = findCompareAndSet(store);
  const guarantee: Guarantee = compareAndSet ? 'everywhere' : 'in this process';
  debug('guarantee: %s (%s)', guarantee, by);
  return { guarantee, compareAndSet, canKeepExpiry, touch: touchOf(store) };
}

interface FoundComparison extends Pick<StoreCalls, 'compareAndSet'> {
  readonly by: string;
  readonly canKeepExpiry?: boolean;
}

function findCompareAndSet(store: AnyStore): FoundComparison {
  if (typeof store.compareAndSet === 'function') {
    const canKeepExpiry = Reflect.get(store, KEEPS_EXPIRY) === true;
    return { compareAndSet: ownOf(store, canKeepExpiry), by: "the store's own compareAndSet", canKeepExpiry };
  }
  for (const [name, adapt] of Object.entries(adapters)) {
    const adapted = adapt(store);
    if (!adapted) continue;
    const [set, touch] = [methodOf(store, 'set'), methodOf(store, 'touch')];
    const compareAndSet: StoreCalls['compareAndSet'] = (id, record, tag, _callback, options) =>
      methodOf(store, 'set') === set && methodOf(store, 'touch') === touch
        ? adapted(id, record, tag, options)
        : // The adapter must not bypass the new method, which may do anything.
          Promise.reject(unsupported("the application has replaced one of the store's methods"));
    return { compareAndSet, by: name, canKeepExpiry: true };
  }
  return { compareAndSet: undefined, by: 'the store has no compareAndSet' };
}

/** @param takesOptions only a wrapper does. Other stores are called as their documentation says */
function ownOf(store: AnyStore, takesOptions: boolean): NonNullable<StoreCalls['compareAndSet']> {
  return (id, record, tag, callback, options): unknown => {
    if (typeof store.compareAndSet !== 'function') {
      return Promise.reject(unsupported("the application has removed the store's method"));
    }
    const args = [id, record, tag, callback, ...(takesOptions ? [options] : [])];
    return Reflect.apply(store.compareAndSet, store, args);
  };
}

function touchOf(store: AnyStore): StoreCalls['touch'] {
  if (typeof store.touch !== 'function') return undefined;
  return (id, record, callback) => {
    if (typeof store.touch === 'function') return store.touch(id, record, callback);
    callback();
    return undefined;
  };
}

function methodOf(store: AnyStore, name: 'set' | 'touch'): unknown {
  return Reflect.get(store, name);
}
