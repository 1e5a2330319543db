import { createHash } from 'node:crypto';
import { isTokenShaped } from './token';

/** Lower-case hex SHA-256 (B220). */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * The id under which stores know a session: a token becomes its digest; digests, legacy ids and plain ids stay as they
 * are (B179). The only way of a token towards a store.
 */
export function toStoredId(id: unknown): string {
  const text = String(id);
  return isTokenShaped(text) ? digestOf(text) : text;
}

/** What stands in for a stored id in debug output (B189): never a legacy id, which would open its session. */
export function abbreviate(storedId: string): string {
  return (/^[0-9a-f]{64}$/.test(storedId) ? storedId : digestOf(storedId)).slice(0, 8);
}
