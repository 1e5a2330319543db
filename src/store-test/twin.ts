/** Makes the tested store look as if another process had it. */
import { callsOf } from '../store/guarantee';
import type { AnyStore } from '../types';

/** Another object with the same records. The middleware shares nothing that it knows about sessions between the two. */
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
