/** Says what kind of response this is, and whether the client is still there. */
import { ServerResponse } from 'node:http';

/** A response that may not be Node's, and may lack any member. */
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

/** Whether this response is Node's own, and not made by a framework. */
export function isNodeResponse(res: AnyResponse): boolean {
  return res instanceof ServerResponse || isHttp2Response(res);
}

/** Whether headers have been sent. Node's own member `_header` says so: layers above may redefine `headersSent`. */
export function haveHeadersLeft(res: AnyResponse & { _header?: unknown }): boolean {
  const { _header: head } = res;
  // In Node it is a text or null. A framework's response may have another member of that name.
  const isNode = (typeof head === 'string' || head === null) && !isHttp2Response(res);
  return isNode ? Boolean(head) : res.headersSent === true;
}

/** Whether somebody has taken the headers away, as engine.io does in a handshake. Then there are none to read or to set. */
export function areHeadersTaken(res: AnyResponse): boolean {
  try {
    res.getHeader?.('Set-Cookie');
    return false;
  } catch {
    return true;
  }
}

/** Whether the client has gone, or the response was destroyed. */
export function isGone(res: AnyResponse): boolean {
  const { stream } = res;
  if (typeof stream?.respond === 'function') {
    const { destroyed, closed, headersSent, aborted } = stream;
    // The stream of a response without a body is closed as soon as its head has left. Nobody has gone then.
    const isComplete = headersSent === true && aborted === false;
    return (destroyed === true || closed === true) && !isComplete;
  }
  // The socket is null while a pipelined response waits for its turn.
  return res.destroyed === true || res.socket?.destroyed === true;
}

/** Emits an event, if the response can. */
export function emit(res: AnyResponse, event: string, ...args: unknown[]): void {
  if (typeof res.emit === 'function') res.emit(event, ...args);
}
