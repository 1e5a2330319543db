/** What an adapter is: how a store from npm, which has no `compareAndSet` of its own, does it all the same. */
import type { SessionRecord } from '../../types';

export interface CompareOptions {
  /** Whether the stored expiry stays as it is, whatever the record says. Default: false. */
  readonly keepsExpiry?: boolean;
}

/**
 * Stores the record only if there is one under `id` that contains the text `tag`, or, for null, one without the member
 * `__session`; in one step of the store's engine. A record that has expired counts as absent. Fulfils with whether it was
 * stored.
 */
export type AtomicCompareAndSet = (
  id: string,
  record: SessionRecord,
  tag: string | null,
  options?: CompareOptions,
) => Promise<boolean>;

/**
 * Undefined for a store of another shape. Neither here nor later is anything written onto the store. An adapter is for
 * stores whose own `touch` moves nothing but the expiry of a record that is there.
 */
export type Adapter = (store: object) => AtomicCompareAndSet | undefined;

/** How a record without `__session` is told from one with it: within a text the quotes would be escaped. */
const MEMBER = '"__session":';

/** The text that decides, and whether the stored record has to contain it or must not. */
export function conditionOf(tag: string | null): { readonly text: string; readonly isWanted: boolean } {
  return tag === null ? { text: MEMBER, isWanted: false } : { text: tag, isWanted: true };
}

/** The code of an error that says: this store cannot do it, and never will. The caller goes on without. */
export const UNSUPPORTED = 'ERR_COMPARE_AND_SET_UNSUPPORTED';

export function unsupported(reason: string, cause?: unknown): Error {
  return Object.assign(new Error(`compareAndSet: ${reason}`, { cause }), { code: UNSUPPORTED });
}

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
