/** Tells developers what happens: debug lines, warnings, deprecations. */
import { AsyncLocalStorage } from 'node:async_hooks';
import createDebug = require('debug');
import depd = require('depd');

const NAMESPACE = 'express-session';

/** `plain` prints lines as express-session does. `detailed` adds method and path, to follow one request among many. */
const plain = createDebug(NAMESPACE);
const detailed = createDebug('express-session-jwt');

/** The request that runs now. Only used while the detailed lines are on. */
const requests = new AsyncLocalStorage<TracedRequest>();

interface TracedRequest {
  readonly method?: string;
  readonly originalUrl?: string;
  readonly url?: string;
}

/** Prints a step of a request. Callers never pass a token, a legacy id or a session's data. */
export function debug(format: string, ...values: unknown[]): void {
  if (plain.enabled) plain(format, ...values);
  if (detailed.enabled) detailed(`%s${format}`, placeOf(requests.getStore()), ...values);
}

/** Prints a step of a session. Of the id only the first 8 characters are printed. */
export function trace(message: string, id: unknown): void {
  if (plain.enabled || detailed.enabled) debug(message, String(id).slice(0, 8));
}

/** Whether the detailed lines are on, which say to which request they belong. */
export function wantsDetails(): boolean {
  return detailed.enabled;
}

/** Runs `run`. All debug lines that come of it, now or later, name this request. */
export function traceRequest(req: TracedRequest, run: () => void): void {
  requests.run(req, run);
}

/** Method and path. The query and the end of long segments are left out, because they may hold a secret. */
function placeOf(req: TracedRequest | undefined): string {
  if (!req) return '';
  const [path = ''] = (req.originalUrl ?? req.url ?? '').split('?');
  return `${req.method ?? ''} ${path.replace(/([^/]{8})[^/]{16,}/g, '$1…')} `;
}

/** Deprecation warnings under express-session's namespace. */
export const deprecate = depd(NAMESPACE);

/** The name of a warning. It never changes, and docs/errors.md has a heading for it. */
export type WarningCode = `WARN_SESSION_${string}`;

/** Whether warnings are muted. It is read once, when the process starts, as the library depd does it. */
const isMuted =
  (process as { noDeprecation?: boolean }).noDeprecation === true ||
  (process.env.NO_DEPRECATION ?? '')
    .toLowerCase()
    .split(/[ ,]+/)
    .some((name) => name === '*' || name === NAMESPACE);

/**
 * Makes a function that warns the process at its first call, and prints a debug line at each call. The warning goes where
 * deprecations go: to listeners of the process's event `deprecation`, or else to stderr, unless it is muted.
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
