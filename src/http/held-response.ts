/** Holds what a response writes until the work it depends on is done, then lets it leave in order. */
import type { ServerResponse } from 'node:http';
import onHeaders = require('on-headers');
import type { Method, Name } from './playback';
import { Seal } from './seal';

/** What may be done with a held response. A hold ends with exactly one of these, in its turn or later. */
export interface HeldResponse {
  /**
   * Headers can be changed again; `settle` sets what is missing while they have not left; then all that was held leaves, in
   * order.
   *
   * @throws what `settle` throws, and what Node refuses only now; the response is Node's own then, as after `discard`
   */
  send(settle?: () => void): void;
  /**
   * Drops all that was held: the response is Node's own, as if nothing had been written, and an error page can take its
   * place. Once something has left it is `destroy`.
   *
   * @returns whether nothing had left
   */
  discard(): boolean;
  /** Ends the connection (of HTTP/2: the stream). */
  destroy(error?: Error): void;
}

/** Work without which nothing more may leave. */
export type Hold = (held: HeldResponse) => void;

export interface ResponseHooks {
  /**
   * Headers are due because of `write`, `flushHeaders`, `writeHead` or `pipe`, and no `end` came in the same tick. Called
   * once at the most, while headers can be changed. Without a hold, all leaves at once.
   */
  headersDue(): Hold | undefined;
  /**
   * `end` was called, the first time. What this throws comes out of `end`, what is held is dropped, and the response is
   * Node's own. Without a hold, all leaves at once.
   *
   * @param isWhole nothing has left, and headers can be changed
   */
  ended(isWhole: boolean): Hold | undefined;
}

/** Replaces `writeHead`, `write`, `end` and `flushHeaders`, those of them that there are. */
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
  // It has the headers among the arguments of `writeHead` set, so that there is one place for all.
  onHeaders(res, nothing);
}

const nothing = (): void => undefined;
