/** Says what kind of response this is, and whether anybody still waits for it. */
import { ServerResponse } from 'node:http';

/** What may be missing of a response that is not Node's own. */
export type AnyResponse = Partial<ServerResponse> & {
  stream?: {
    respond?: unknown;
    destroyed?: boolean;
    closed?: boolean;
    headersSent?: boolean;
    aborted?: boolean;
  };
};

/** Whether this is a response of Node's compatibility API for HTTP/2. */
export function isHttp2Response(res: AnyResponse): boolean {
  return typeof res.stream?.respond === 'function';
}

/** Whether this response is Node's own, and not one that a framework has made up. */
export function isNodeResponse(res: AnyResponse): boolean {
  return res instanceof ServerResponse || isHttp2Response(res);
}

/** Whether headers have been sent: Node itself is asked where it can be, since layers above may redefine `headersSent`. */
export function haveHeadersLeft(res: AnyResponse & { _header?: unknown }): boolean {
  const { _header: head } = res;
  // In Node it is a text, or null; responses of frameworks may have something else of that name.
  const isNode = (typeof head === 'string' || head === null) && !isHttp2Response(res);
  return isNode ? Boolean(head) : res.headersSent === true;
}

/** Whether the client has left, or the response was destroyed. */
export function isGone(res: AnyResponse): boolean {
  const { stream } = res;
  if (typeof stream?.respond === 'function') {
    const { destroyed, closed, headersSent, aborted } = stream;
    // A response without a body is complete, and its stream closed, when its head has left.
    const isComplete = headersSent === true && aborted === false;
    return (destroyed === true || closed === true) && !isComplete;
  }
  // While a pipelined response waits for its turn its socket is null.
  return res.destroyed === true || res.socket?.destroyed === true;
}

/** Emits an event, where the response can. */
export function emit(res: AnyResponse, event: string, ...args: unknown[]): void {
  if (typeof res.emit === 'function') res.emit(event, ...args);
}
