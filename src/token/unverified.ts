/** Reads the id of a record from a token that is not verified. Only our MemoryStore uses it, to take tokens for ids. */
import { recordId } from './record-id';
import { readSessionClaim } from './session-claim';
import { isTokenShaped, parseSegment } from './token-text';

/** Undefined if the text is no token. Also if the token has `lid`, because a client could have written any id there. */
export function unverifiedRecordId(text: string): string | undefined {
  if (!isTokenShaped(text)) return undefined;
  const handle = readSessionClaim(parseSegment(text, 1) ?? {})?.handle;
  return handle === undefined ? undefined : recordId(handle, undefined);
}
