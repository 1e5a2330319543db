import { digestOf } from './digest';
import type { StoreKey } from './store-key';
import { isTokenShaped } from './token/token';

/**
 * The id under which stores know a session: a token becomes its digest, or what the `storeKey` option makes of it;
 * digests, legacy ids and plain ids stay as they are (B179).
 */
export function toStoredId(id: unknown, storeKey: StoreKey = digestOf): string {
  const text = String(id);
  return isTokenShaped(text) ? storeKey(text) : text;
}
