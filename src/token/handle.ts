/** Makes session handles: what a token names its session by (`ses.id`). */
import uid = require('uid-safe');

/** 192 bits: nobody can guess a handle, and no two sessions get the same one. */
const HANDLE_LENGTH = 24;

/** A new random handle, in base64url. */
export function newHandle(): string {
  return uid.sync(HANDLE_LENGTH);
}

/**
 * Whether a text can be a handle. A zero byte separates the tenant from the handle where ids are made, so that a handle
 * with one could be read as that of another tenant.
 */
export function isHandle(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0');
}
