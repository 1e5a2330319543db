/** What the library tells developers: debug lines, warnings, deprecations. */
import { AsyncLocalStorage } from 'node:async_hooks';
import createDebug = require('debug');
import depd = require('depd');

const NAMESPACE = 'express-session';

/** As express-session's lines are, and as people want them who look at one request among many. */
const plain = createDebug(NAMESPACE);
const detailed = createDebug('express-session-jwt');

/** Whose steps are being told; only used while somebody wants to know. */
const requests = new AsyncLocalStorage<TracedRequest>();

interface TracedRequest {
  readonly method?: string;
  readonly originalUrl?: string;
  readonly url?: string;
}

/** A step of a request. Never given a token, a legacy id or a session's data. */
export function debug(format: string, ...values: unknown[]): void {
  if (plain.enabled) plain(format, ...values);
  if (detailed.enabled) detailed(`%s${format}`, placeOf(requests.getStore()), ...values);
}

/** A step of a session: the first characters of its id stand for it. */
export function trace(message: string, id: unknown): void {
  if (plain.enabled || detailed.enabled) debug(message, String(id).slice(0, 8));
}

/** Whether lines are to say which request they belong to. */
export function wantsDetails(): boolean {
  return detailed.enabled;
}

/** What `run` does, now and later, is told as of this request. */
export function traceRequest(req: TracedRequest, run: () => void): void {
  requests.run(req, run);
}

/** Method and path. The query is left out, and of a long segment all but its beginning: either may hold a secret. */
function placeOf(req: TracedRequest | undefined): string {
  if (!req) return '';
  const [path = ''] = (req.originalUrl ?? req.url ?? '').split('?');
  return `${req.method ?? ''} ${path.replace(/([^/]{8})[^/]{16,}/g, '$1…')} `;
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
