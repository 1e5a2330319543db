/** What the library tells developers: debug lines, warnings, deprecations. */
import createDebug = require('debug');
import depd = require('depd');

const NAMESPACE = 'express-session';

/** Debug output under express-session's namespace. Never given a token, a legacy id or a session's data. */
export const debug = createDebug(NAMESPACE);

/** Debug output about a session: the first characters of its id stand for it. */
export function trace(message: string, id: unknown): void {
  if (debug.enabled) debug(message, String(id).slice(0, 8));
}

/** Deprecation warnings under express-session's namespace. */
export const deprecate = depd(NAMESPACE);

/** What a warning is called: it does not change, and docs/errors.md has a heading for it. */
export type WarningCode = `WARN_SESSION_${string}`;

/** As depd reads it, when the process starts. */
const isMuted =
  (process as { noDeprecation?: boolean }).noDeprecation === true ||
  (process.env.NO_DEPRECATION ?? '')
    .toLowerCase()
    .split(/[ ,]+/)
    .some((name) => name === '*' || name === NAMESPACE);

/**
 * A warning to the process, once however often it is called for; a debug line each time. It goes where deprecations go: to
 * listeners of the event `deprecation` of process, else to stderr, unless they are muted.
 */
export function createWarning(code: WarningCode, message: string): () => void {
  let hasWarned = false;
  return () => {
    debug('%s', message);
    if (!hasWarned) warn(code, message);
    hasWarned = true;
  };
}

function warn(code: WarningCode, message: string): void {
  const emitter: NodeJS.EventEmitter = process;
  if (emitter.listenerCount('deprecation') > 0) {
    const told = { name: 'DeprecationError', namespace: NAMESPACE, code };
    emitter.emit('deprecation', Object.assign(new Error(message), told));
  } else if (!isMuted) process.emitWarning(message, { code });
}
