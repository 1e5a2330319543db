/** Tokens of express-session-jwt 0.2.2: they have a `nonce` and no `ses`, and stores know them by a digest of the whole text. */
import { createHash } from 'node:crypto';
import type { Token } from '../token/token';

/** The id of the record; undefined if it is no such token. */
export function idOfToken02(token: Token): string | undefined {
  if (token.payload.ses !== undefined || typeof token.payload.nonce !== 'string') return undefined;
  return createHash('sha256').update(token.text).digest('hex');
}
