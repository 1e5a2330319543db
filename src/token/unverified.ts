/** Reads the id of a session's record off a token without verifying it: for the own MemoryStore's convenience alone. */
import { recordId } from './record-id';
import { readSessionClaim } from './session-claim';
import { isTokenShaped, parseSegment } from './token-text';

/** Undefined where the text is no token, or one that names a record by its id: a client could have written that. */
export function unverifiedRecordId(text: string): string | undefined {
  if (!isTokenShaped(text)) return undefined;
  const handle = readSessionClaim(parseSegment(text, 1) ?? {})?.handle;
  return handle === undefined ? undefined : recordId(handle, undefined);
}
