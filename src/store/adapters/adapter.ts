import type { SessionRecord } from '../../types';

/**
 * What a store's own `update` would do: stores the session if a record for it still exists, in one step of the store's
 * engine. Fulfils with false if there was none.
 */
export type ConditionalSave = (storedId: string, record: SessionRecord) => Promise<boolean>;

/** Undefined for a store of another shape. Neither here nor later is anything written onto the store. */
export type Adapter = (store: object) => ConditionalSave | undefined;

/**
 * Whether one and the same class brings these methods. Not so where a subclass or the application has put another method
 * in the place of one of them: what that does must not be bypassed.
 */
export function isOfOneClass(store: object, methods: readonly string[]): boolean {
  const owners = new Set(methods.map((name) => ownerOf(store, name)));
  const [owner] = owners;
  return owners.size === 1 && owner !== undefined && owner !== store;
}

/** The object on the prototype chain that a method comes from. */
function ownerOf(store: object, name: string): object | undefined {
  let owner: object | null = store;
  while (owner && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner) as object | null;
  return owner && typeof Reflect.get(owner, name, store) === 'function' ? owner : undefined;
}

/** The store as its own methods see it when some of its members are others; the store itself stays as it is. */
export function viewOf<S extends object>(store: S, members: object): S {
  return Object.create(store, Object.getOwnPropertyDescriptors(members)) as S;
}

/** Whether all of these members are functions. */
export function hasFunctions(value: unknown, names: readonly string[]): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}
