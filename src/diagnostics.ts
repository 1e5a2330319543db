/** What the library tells developers: debug lines, warnings, deprecations. */
import createDebug = require('debug');
import depd = require('depd');

/** Debug output under express-session's namespace. Never given a token, a legacy id or a session's data. */
export const debug = createDebug('express-session');

/** Debug output about a session: the first characters of its id stand for it. */
export function trace(message: string, id: unknown): void {
  if (debug.enabled) debug(message, String(id).slice(0, 8));
}

/** Deprecation warnings under express-session's namespace. */
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
