/** Makes the id of a session in the store from the session's handle. */
import { createHash, hash } from 'node:crypto';

/** 192 bits, as many characters as ids of express-session have. So they fit into database columns made for those. */
const ID_LENGTH = 32;

/** Node has it since 20.12. It takes a third of the time of a Hash object. */
const hashAtOnce = hash as typeof hash | undefined;

const digestOf: (text: string) => string = hashAtOnce
  ? (text) => hashAtOnce('sha256', text, 'base64url')
  : (text) => createHash('sha256').update(text).digest('base64url');

/**
 * The id of a session: the first 192 bits of SHA-256 in base64url, of the handle, or of tenant, zero byte and handle. Nobody
 * can compute the handle from it.
 *
 * @param tenant the name that a function as `keys` gives, without a zero byte
 */
export function recordId(handle: string, tenant: string | undefined): string {
  const text = tenant === undefined ? handle : `${tenant}\0${handle}`;
  return digestOf(text).slice(0, ID_LENGTH);
}
