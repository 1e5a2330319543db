/** The store on trial as another process has it. */
import { callsOf } from '../store/guarantee';
import type { AnyStore } from '../types';

/** Another object, so that nothing is shared of what a process knows about sessions. Its calls go to the same records. */
export function twinOf(store: AnyStore): AnyStore {
  const { compareAndSet, touch } = callsOf(store);
  return {
    on: () => undefined,
    get: (id, callback) => store.get(id, callback),
    set: (id, record, callback) => store.set(id, record, callback),
    destroy: (id, callback) => store.destroy(id, callback),
    ...(touch && { touch }),
    ...(compareAndSet && { compareAndSet }),
  };
}
