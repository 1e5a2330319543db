/** Reads and signs the cookies of express-session. This folder can be deleted as a whole once nobody has such cookies. */
import type { CipherKey } from 'node:crypto';
import { sign, unsign } from 'cookie-signature';

const PREFIX = 's:';

/** Whether a cookie value has the form that express-session writes. */
export function isLegacyValue(value: string): boolean {
  return value.startsWith(PREFIX);
}

/**
 * The id in a cookie value of express-session, `s:` + id + `.` + HMAC-SHA256.
 *
 * @returns undefined if none of the secrets has signed it
 */
export function readLegacyId(value: string, secrets: readonly CipherKey[]): string | undefined {
  for (const secret of secrets) {
    const id = unsign(value.slice(PREFIX.length), secret);
    if (id !== false) return id;
  }
  return undefined;
}

/**
 * The cookie value that express-session gives a session.
 *
 * @param secrets one or more: the first one signs
 */
export function signLegacyId(id: string, secrets: readonly CipherKey[]): string {
  const [secret] = secrets as readonly [CipherKey];
  return PREFIX + sign(id, secret);
}
