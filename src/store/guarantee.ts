/** What a store can promise: by its own `compareAndSet`, by an adapter's, or not at all. */
import { debug } from '../diagnostics';
import { adapters } from './adapters';
import { unsupported } from './adapters/adapter';
import type { AnyStore, CompareAndSet, ErrorCallback, Guarantee, SessionRecord } from '../types';

/** The calls whose way depends on which store it is. Answers come by callback or by promise. */
export interface StoreCalls {
  readonly guarantee: Guarantee;
  /**
   * Undefined: loaded sessions are stored by `set`, as new ones are. An error with the code
   * ERR_COMPARE_AND_SET_UNSUPPORTED says that it has to be so from now on.
   */
  readonly compareAndSet: CompareAndSet | undefined;
  /** Undefined where the store had no `touch` when this was made. */
  readonly touch: ((id: string, record: SessionRecord, callback: ErrorCallback) => unknown) | undefined;
}

/** The store itself is only looked at. Its methods are looked up at each call, since applications replace some. */
export function callsOf(store: AnyStore): StoreCalls {
  const { compareAndSet, by } = findCompareAndSet(store);
  const guarantee: Guarantee = compareAndSet ? 'everywhere' : 'in this process';
  debug('guarantee: %s (%s)', guarantee, by);
  return { guarantee, compareAndSet, touch: touchOf(store) };
}

function findCompareAndSet(store: AnyStore): { compareAndSet: CompareAndSet | undefined; by: string } {
  if (typeof store.compareAndSet === 'function') {
    return { compareAndSet: ownOf(store), by: "the store's own compareAndSet" };
  }
  for (const [name, adapt] of Object.entries(adapters)) {
    const adapted = adapt(store);
    if (!adapted) continue;
    const [set, touch] = [methodOf(store, 'set'), methodOf(store, 'touch')];
    const compareAndSet: CompareAndSet = (id, record, tag) =>
      methodOf(store, 'set') === set && methodOf(store, 'touch') === touch
        ? adapted(id, record, tag)
        : // What the new method does must not be bypassed, and nobody knows what that is.
          Promise.reject(unsupported("the application has replaced one of the store's methods"));
    return { compareAndSet, by: name };
  }
  return { compareAndSet: undefined, by: 'the store has no compareAndSet' };
}

function ownOf(store: AnyStore): CompareAndSet {
  return (id, record, tag, callback) =>
    typeof store.compareAndSet === 'function'
      ? store.compareAndSet(id, record, tag, callback)
      : Promise.reject(unsupported("the application has removed the store's method"));
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
