/** Makes session handles, the texts by which tokens name their session (`ses.id`). */
import uid = require('uid-safe');

/** In bytes. With 192 bits nobody can guess a handle, and no two sessions get the same one. */
const HANDLE_LENGTH = 24;

/** A new random handle, in base64url. */
export function newHandle(): string {
  return uid.sync(HANDLE_LENGTH);
}

/**
 * Whether a value can be a handle. Ids are made of tenant, zero byte and handle, so a handle with a zero byte could look like
 * the handle of another tenant.
 */
export function isHandle(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}
