import type { ServerResponse } from 'node:http';
import onHeaders = require('on-headers');
import { abandonBody } from '../http/abandoned-body';
import { debug } from '../diagnostics';
import { observe, settleHeaders, settleStore, withdrawToken } from './finish';
import { deferHead, holdHeaders, isHttp2 } from '../http/held-headers';
import { IssueError } from '../keys/key-ring';
import type { RequestState } from './request-state';
import { callStoreSafely } from '../store/store-call';

type End = ServerResponse['end'];
type EndArguments = [chunk?: unknown, encoding?: unknown, callback?: unknown];

/** Ties the session to its response: Set-Cookie goes out with the headers, the last byte after the session is stored. */
export function patchResponse(state: RequestState): void {
  const { req, res } = state;
  const canRespond = state.config.saveErrors === 'respond';
  const recallHead = isHttp2(req) || canRespond ? deferHead(res) : undefined;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the response below
  const originalEnd = res.end as (this: unknown, ...args: EndArguments) => unknown;
  const end = (args: EndArguments): unknown => originalEnd.apply(res, args);
  let phase: 'open' | 'failing' | 'detached' | 'ended' = 'open';

  onHeaders(res, () => {
    if (phase !== 'open') return;
    try {
      settleHeaders(state, observe(state));
    } catch (error) {
      phase = 'detached';
      if (!(error instanceof IssueError)) throw error;
      state.reportLate(error);
    }
  });

  (res as ServerResponse).end = ((...args: EndArguments): unknown => {
    if (phase === 'ended' || phase === 'failing') return false;
    // What Node refuses it shall refuse itself, here and now (B056).
    if (phase === 'detached' || !isAcceptable(args)) return end(args);
    requireEncoding(args);
    try {
      return endWithSession(args);
    } catch (error) {
      // The session goes no further, but the application's error page can (B045).
      phase = 'detached';
      withdrawToken(state);
      if (!(error instanceof IssueError)) throw error;
      return failWith(error);
    }
  }) as End;

  function isFailing(): boolean {
    return phase === 'failing';
  }

  /** Nothing has left yet: the application's error handler answers, once this turn is over. */
  function failWith(error: unknown): unknown {
    phase = 'failing';
    setImmediate(() => {
      if (!res.headersSent) abandonBody(res);
      phase = 'detached';
      state.next(error);
    });
    return res;
  }

  function endWithSession(args: EndArguments): unknown {
    const now = observe(state);
    settleHeaders(state, now);
    const work = settleStore(state, now);
    if (!work) {
      phase = 'ended';
      return end(args);
    }
    const held: { isAnswered: boolean; release?: () => void } = { isAnswered: false };
    const answered = (error?: unknown, stored?: boolean): void => {
      held.isAnswered = true;
      held.release?.();
      recallHead?.();
      const isLost = stored === false || (Boolean(error) && stored !== true);
      const isAbandoned = isLost && Boolean(error) && canRespond && !res.headersSent;
      if (isLost && (isAbandoned || state.replacesCookie)) withdrawToken(state);
      if (isAbandoned) {
        failWith(error);
        return;
      }
      if (error) state.reportLate(error);
      if (held.release) endLater(args);
    };
    phase = 'ended';
    if (canRespond) callStoreSafely(work, answered);
    else work(answered);
    if (held.isAnswered) return isFailing() ? res : end(args);
    debug('split response: holding it until the store has answered');
    held.release = commitHeaders(state, args);
    return res;
  }

  function endLater(args: EndArguments): void {
    try {
      end(args);
    } catch (error) {
      failWith(error);
    }
  }
}

function isAcceptable([chunk]: EndArguments): boolean {
  return !chunk || typeof chunk === 'function' || typeof chunk === 'string' || chunk instanceof Uint8Array;
}

/** Node finds an unknown encoding too late to answer otherwise. @throws TypeError with Node's own code */
function requireEncoding([chunk, encoding]: EndArguments): void {
  if (typeof chunk === 'string' && typeof encoding === 'string') Buffer.from('', encoding as BufferEncoding);
}

/**
 * Fixes status and headers as an `end` would, while not a byte leaves (B037, B048).
 *
 * @returns what undoes it, so that the response can go
 */
function commitHeaders(state: RequestState, args: EndArguments): () => void {
  const { req, res, config } = state;
  if (res.headersSent) return () => undefined;
  // On HTTP/2 writeHead sends. And a cookie that takes the place of a working one, or the whole response, can be withdrawn as
  // long as nothing is fixed.
  if (isHttp2(req) || state.replacesCookie || config.saveErrors === 'respond') return holdHeaders(res);
  setContentLength(req.method, res, args);
  res.writeHead(res.statusCode);
  return () => undefined;
}

/** As Node itself does for a body that is known whole when the headers are written (B053). */
function setContentLength(method: string, res: ServerResponse, [chunk, encoding]: EndArguments): void {
  const { statusCode } = res;
  const hasNoBody = method === 'HEAD' || statusCode < 200 || statusCode === 204 || statusCode === 304;
  if (hasNoBody) return;
  if (res.hasHeader('Content-Length') || res.hasHeader('Transfer-Encoding') || res.hasHeader('Trailer'))
    return;
  const length =
    typeof chunk === 'string'
      ? Buffer.byteLength(chunk, encoding as BufferEncoding | undefined)
      : chunk instanceof Uint8Array
        ? chunk.byteLength
        : 0;
  res.setHeader('Content-Length', length);
}
