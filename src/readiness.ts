import type { AnyStore } from './types';

/** Whether a middleware may use its store, as far as `connect` and `disconnect` have told (B125). */
export interface Readiness {
  isConnected: boolean;
}

const watchers = new WeakMap<AnyStore, Set<Readiness>>();

/** A store gets one listener of each kind, however many middlewares share it (B010). */
export function watchReadiness(store: AnyStore): Readiness {
  const readiness: Readiness = { isConnected: true };
  const known = watchers.get(store);
  if (known) {
    known.add(readiness);
    return readiness;
  }
  const all = new Set([readiness]);
  watchers.set(store, all);
  const tell = (isConnected: boolean) => () => {
    for (const one of all) one.isConnected = isConnected;
  };
  store.on('connect', tell(true));
  store.on('disconnect', tell(false));
  return readiness;
}
