/** Makes the store objects that applications see: one for code outside of requests, and one for each request. */
import type { Repository } from './repository';
import { RequestStore, type SessionMaker } from './request-store';
import { Store } from './store';

const OWN_METHODS = new Set<PropertyKey>([
  'get',
  'set',
  'touch',
  'destroy',
  'all',
  'load',
  'regenerate',
  'generate',
  'createSession',
]);

/** Says what a request may see. */
export interface RequestView {
  /** The generation in which it may see the session of this id. Undefined: any. */
  generationOf(id: unknown): number | undefined;
}

/** The store for code outside of requests, and a function that makes the store of one request. */
export interface RequestStores {
  readonly outside: object;
  readonly forRequest: (request: RequestView) => object;
}

export function createRequestStores(repository: Repository, sessions: SessionMaker): RequestStores {
  const { store } = repository;
  const guarded = new RequestStore(repository, sessions);
  // The store itself cannot be the target: a proxy must not change the answers of a frozen object.
  const target = Object.create(Object.getPrototypeOf(store) as object | null) as object;
  // The methods for records are guarded. All other members are the store's own, with the store as `this`.
  const outside = new Proxy(target, {
    get(_, name) {
      const owner = OWN_METHODS.has(name) ? guarded : store;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === 'function' ? (value.bind(owner) as unknown) : value;
    },
    set: (_, name, value) => Reflect.set(store, name, value, store),
    has: (_, name) => (OWN_METHODS.has(name) ? name in guarded : name in store),
  });
  /** The store of one request. If somebody signs in with the session meanwhile, this request does not see the login. */
  class StoreOfRequest implements Pick<RequestStore, 'get'> {
    readonly #request: RequestView;

    constructor(request: RequestView) {
      this.#request = request;
    }

    get(id: unknown, callback: Parameters<RequestStore['get']>[1]): void {
      guarded.get(id, callback, this.#request.generationOf(id));
    }
  }
  Object.setPrototypeOf(StoreOfRequest.prototype, outside);
  // `load` on this object calls its own `get`, and so do the sessions that it makes.
  // eslint-disable-next-line @typescript-eslint/unbound-method -- a method of this class, too
  Object.defineProperty(StoreOfRequest.prototype, 'load', { value: Store.prototype.load });
  return { outside, forRequest: (request) => new StoreOfRequest(request) };
}
