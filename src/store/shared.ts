/** What all middlewares on one store share: its live sessions and its connection. */
import type { AnyStore } from '../types';
import { Connection } from './connection';
import { LiveSessions } from './live-sessions';

export class Shared {
  readonly sessions = new LiveSessions();
  readonly #store: AnyStore;
  #connection: Connection | undefined;

  constructor(store: AnyStore) {
    this.#store = store;
  }

  /** Made when a middleware first asks, so that only then the store gets listeners. */
  get connection(): Connection {
    return (this.#connection ??= new Connection(this.#store));
  }
}

const perStore = new WeakMap<object, Shared>();

export function sharedBy(store: AnyStore | object): Shared {
  let shared = perStore.get(store);
  if (!shared) perStore.set(store, (shared = new Shared(store as AnyStore)));
  return shared;
}
