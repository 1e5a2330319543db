import { digestOf } from './digest';
import { isTokenShaped } from './token';

/**
 * The id under which stores know a session: a token becomes its digest; digests, legacy ids and plain ids stay as they
 * are (B179).
 */
export function toStoredId(id: unknown): string {
  const text = String(id);
  return isTokenShaped(text) ? digestOf(text) : text;
}
