/** Reads tokens of express-session-jwt 0.2.2. They have a `nonce` and no `ses`, and the digest of the text is the record's id. */
import { createHash } from 'node:crypto';
import type { Token } from '../token/token';

/** The id of the record. Undefined if this is no such token. */
export function idOfToken02(token: Token): string | undefined {
  if (token.payload.ses !== undefined || typeof token.payload.nonce !== 'string') return undefined;
  return createHash('sha256').update(token.text).digest('hex');
}
