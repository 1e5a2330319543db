import type { HashedStore } from '../hashed-store';
import type { AnyStore } from '../types';

const TAKES_TOKENS = new Set<PropertyKey>([
  'get',
  'set',
  'touch',
  'update',
  'destroy',
  'load',
  'regenerate',
  'generate',
  'createSession',
]);

/**
 * The store as the application sees it, `req.sessionStore`: methods that take ids take tokens, everything else is the
 * store's own, with the store itself as `this` (B175).
 */
export function asSessionStore(hashed: HashedStore, store: AnyStore): object {
  // Not the store itself as target: a proxy may not answer otherwise for the members of a frozen object.
  const target = Object.create(Object.getPrototypeOf(store) as object | null) as object;
  return new Proxy(target, {
    get(_, name) {
      const owner = TAKES_TOKENS.has(name) ? hashed : store;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === 'function' ? (value.bind(owner) as unknown) : value;
    },
    set: (_, name, value) => Reflect.set(store, name, value, store),
    has: (_, name) => TAKES_TOKENS.has(name) || name in store,
  });
}
