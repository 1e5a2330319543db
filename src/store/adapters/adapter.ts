/** What an adapter is: it gives a `compareAndSet` to a store from npm that has none. */
import type { SessionRecord } from '../../types';

export interface CompareOptions {
  /** Whether the stored expiry stays, whatever the record says. Default: false. */
  readonly keepsExpiry?: boolean;
}

/**
 * Stores the record only if the store has a record under `id` that contains the text `tag`, or, if `tag` is null, one without
 * the member `__session`. Comparing and storing have to be one step of the store's engine. A record that has expired counts as
 * absent. Fulfils with whether the record was stored.
 */
export type AtomicCompareAndSet = (
  id: string,
  record: SessionRecord,
  tag: string | null,
  options?: CompareOptions,
) => Promise<boolean>;

/**
 * Gives the `compareAndSet` for a store, or undefined if the store is none of those that the adapter knows. It never writes
 * onto the store object. Adapters are only for stores whose own `touch` moves nothing but the expiry of a record that is there.
 */
export type Adapter = (store: object) => AtomicCompareAndSet | undefined;

/** A record as JSON text contains this only if it has the member: inside a value the quotes would be escaped. */
const MEMBER = '"__session":';

/** The text to look for in the stored record, and whether the record has to contain it or must not. */
export function conditionOf(tag: string | null): { readonly text: string; readonly isWanted: boolean } {
  return tag === null ? { text: MEMBER, isWanted: false } : { text: tag, isWanted: true };
}

/** The code of an error that says that this store can never do it. The caller then goes on without `compareAndSet`. */
export const UNSUPPORTED = 'ERR_COMPARE_AND_SET_UNSUPPORTED';

export function unsupported(reason: string, cause?: unknown): Error {
  return Object.assign(new Error(`compareAndSet: ${reason}`, { cause }), { code: UNSUPPORTED });
}

/**
 * Whether all these methods come from one class. If a subclass or the application has replaced one of them, the adapter must
 * not bypass the new method.
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

/** An object that inherits from the store and has other members in place of some. The store itself does not change. */
export function viewOf<S extends object>(store: S, members: object): S {
  return Object.create(store, Object.getOwnPropertyDescriptors(members)) as S;
}

/** Whether all these members are functions. */
export function hasFunctions(value: unknown, names: readonly string[]): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
  );
}
