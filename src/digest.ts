import { createHash } from 'node:crypto';

/** Lower-case hex SHA-256: what stores know of a token (B220). */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
