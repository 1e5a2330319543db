/** A store that expires its records as a database does, and one whose single methods are replaced by faulty ones. */
import { ComparingStore } from './comparing-store';

export class ExpiringStore extends ComparingStore {
  override get(...[id, callback]: Parameters<ComparingStore['get']>): void {
    const { cookie } = JSON.parse(this.records.get(id) ?? '{}') as { cookie?: { expires?: string } };
    if (cookie?.expires && new Date(cookie.expires).valueOf() <= Date.now()) this.records.delete(id);
    super.get(id, callback);
  }
}

/** @param faults makes methods that take the place of those of the store; undefined: as if it had none */
export function faultyStore(faults: (store: ExpiringStore) => object): ExpiringStore {
  const store = new ExpiringStore();
  return Object.assign(store, faults(new Proxy(store, { get: boundMethod })));
}

/** The method as the class has it. */
function boundMethod(store: ExpiringStore, name: string): unknown {
  const value: unknown = Reflect.get(ExpiringStore.prototype, name) ?? Reflect.get(store, name);
  return typeof value === 'function' ? value.bind(store) : value;
}
