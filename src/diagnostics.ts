import createDebug = require('debug');
import depd = require('depd');
import { digestOf } from './digest';

/** Debug output under express-session's namespace. Never given a token, a legacy id or a session's data (B189). */
export const debug = createDebug('express-session');

/** Debug output about a stored session: the digest's first characters stand for it, of a legacy id a digest is made. */
export function trace(message: string, storedId: string): void {
  if (!debug.enabled) return;
  debug(message, (/^[0-9a-f]{64}$/.test(storedId) ? storedId : digestOf(storedId)).slice(0, 8));
}

/** Deprecation warnings under express-session's namespace (B193). */
export const deprecate = depd('express-session');

/** A warning to the process, once however often it is called for; a debug line each time. */
export function createWarning(message: string): () => void {
  let hasWarned = false;
  return () => {
    debug('%s', message);
    if (!hasWarned) process.emitWarning(message);
    hasWarned = true;
  };
}
