/** What applications get to see of a store: one object for code outside of requests, and one for each request. */
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

/** What a request may see. */
export interface RequestView {
  /** In which generation it may see the session of this id; undefined: in any. */
  generationOf(id: unknown): number | undefined;
}

/** The store for code outside of requests, and what a request has for it. */
export interface RequestStores {
  readonly outside: object;
  readonly forRequest: (request: RequestView) => object;
}

export function createRequestStores(repository: Repository, sessions: SessionMaker): RequestStores {
  const { store } = repository;
  const guarded = new RequestStore(repository, sessions);
  // Not the store itself as target: a proxy may not answer otherwise for the members of a frozen object.
  const target = Object.create(Object.getPrototypeOf(store) as object | null) as object;
  // Methods that have to do with records are guarded; all other members are the store's own, with the store as `this`.
  const outside = new Proxy(target, {
    get(_, name) {
      const owner = OWN_METHODS.has(name) ? guarded : store;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === 'function' ? (value.bind(owner) as unknown) : value;
    },
    set: (_, name, value) => Reflect.set(store, name, value, store),
    has: (_, name) => (OWN_METHODS.has(name) ? name in guarded : name in store),
  });
  /** Who signs in with a session while a request is under way is not shown to it. */
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
  // It calls `get` of its own, and makes sessions whose methods do.
  // eslint-disable-next-line @typescript-eslint/unbound-method -- a method of this class, too
  Object.defineProperty(StoreOfRequest.prototype, 'load', { value: Store.prototype.load });
  return { outside, forRequest: (request) => new StoreOfRequest(request) };
}
