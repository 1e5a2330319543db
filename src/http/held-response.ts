/** Holds what a response writes until the work that it depends on is done, then lets it leave in order. */
import type { ServerResponse } from 'node:http';
import onHeaders = require('on-headers');
import type { Method, Name } from './playback';
import { Seal } from './seal';

/** A held response. A hold ends it with exactly one of these calls, at once or later. */
export interface HeldResponse {
  /**
   * Opens the headers again, calls `settle` to set what is missing, unless the headers have left, and sends all that was held,
   * in order.
   *
   * @throws what `settle` throws, and what Node refuses only now. Then the response is Node's own, as after `discard`
   */
  send(settle?: () => void): void;
  /**
   * Drops all that was held, so that an error page can be sent instead. The response is Node's own then, as if nothing had been
   * written. If something has left already this does what `destroy` does.
   *
   * @returns whether nothing had left
   */
  discard(): boolean;
  /** Ends the connection, or the stream of HTTP/2. */
  destroy(error?: Error): void;
}

/** Work that has to be done before more bytes leave. */
export type Hold = (held: HeldResponse) => void;

export interface ResponseHooks {
  /**
   * Called when headers are due because of `write`, `flushHeaders`, `writeHead` or `pipe`, and no `end` came in the same tick.
   * Called at most once, while headers can be changed. If it returns no hold, everything leaves at once.
   */
  headersDue(): Hold | undefined;
  /**
   * Called at the first `end`. What this throws comes out of `end`; then the held bytes are dropped, and the response is
   * Node's own. If it returns no hold, everything leaves at once.
   *
   * @param isWhole whether nothing has left, so that headers can be changed
   */
  ended(isWhole: boolean): Hold | undefined;
}

/** Replaces `writeHead`, `write`, `end` and `flushHeaders` of a response, as far as they exist. */
export function holdResponse(res: ServerResponse, hooks: ResponseHooks): void {
  const response = res as unknown as Record<Name, Method>;
  const { writeHead, write, end, flushHeaders } = response;
  if (typeof end !== 'function') return;
  const seal = new Seal(res, hooks, { writeHead, write, end, flushHeaders });
  response.end = (...args) => seal.end(args);
  if (typeof write === 'function') response.write = (...args) => seal.write(args);
  if (typeof flushHeaders === 'function') response.flushHeaders = (...args) => seal.flushHeaders(args);
  if (typeof writeHead !== 'function') return;
  response.writeHead = (...args) => seal.writeHead(args);
  // on-headers sets the headers that are arguments of `writeHead`, so that all headers are in one place.
  onHeaders(res, nothing);
}

const nothing = (): void => undefined;
