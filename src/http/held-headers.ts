import type { IncomingMessage, ServerResponse } from 'node:http';

export function isHttp2(message: Pick<IncomingMessage, 'httpVersionMajor'>): boolean {
  return message.httpVersionMajor >= 2;
}

/**
 * Makes the response look and behave as if its headers were sent, while none are.
 *
 * @returns what undoes it, so that the response can go
 */
export function holdHeaders(res: ServerResponse): () => void {
  // HTTP/2 has no status message, and warns who asks for it.
  const status = isHttp2(res.req)
    ? { statusCode: res.statusCode }
    : { statusCode: res.statusCode, statusMessage: res.statusMessage };
  const held: Record<string, unknown> = {
    headersSent: true,
    setHeader: refusal(res, 'set'),
    appendHeader: refusal(res, 'append'),
    removeHeader: refusal(res, 'remove'),
    writeHead: refusal(res, 'write'),
    flushHeaders: () => undefined,
  };
  const own = Object.keys(held).map((name) => [name, Object.getOwnPropertyDescriptor(res, name)] as const);
  for (const [name, value] of Object.entries(held)) {
    Object.defineProperty(res, name, { configurable: true, writable: true, value });
  }
  return () => {
    for (const [name, descriptor] of own) {
      if (descriptor) Object.defineProperty(res, name, descriptor);
      else Reflect.deleteProperty(res, name);
    }
    // What was assigned meanwhile would have come too late.
    Object.assign(res, status);
  };
}

/** The errors are Node's own (B048). */
function refusal(res: ServerResponse, verb: string): () => never {
  const [code, message] = isHttp2(res.req)
    ? ['ERR_HTTP2_HEADERS_SENT', 'Response has already been initiated.']
    : ['ERR_HTTP_HEADERS_SENT', `Cannot ${verb} headers after they are sent to the client`];
  return () => {
    throw Object.assign(new Error(message), { code });
  };
}

/**
 * On HTTP/1 `writeHead` fixes the headers, and they leave with the first byte of the body. On HTTP/2 it sends: here it
 * waits for `write`, `end` or `flushHeaders` as well, so that a redirect cannot outrun its session (B037).
 *
 * @returns what makes it undone, if it still waits
 */
export function deferHead(res: ServerResponse): () => void {
  const writeHead: (status: number) => ServerResponse = res.writeHead.bind(res);
  let release: (() => void) | undefined;
  let isSent = false;
  const recall = (): void => {
    release?.();
    release = undefined;
  };
  const send = (): void => {
    isSent = true;
    recall();
  };
  for (const name of ['write', 'end', 'flushHeaders'] as const) {
    const method = res[name].bind(res) as (...args: unknown[]) => never;
    res[name] = (...args: unknown[]) => {
      send();
      return method(...args);
    };
  }
  // on-headers, above this, has set the headers among the arguments.
  res.writeHead = (status: number, message?: unknown) => {
    if (isSent) return writeHead(status);
    res.statusCode = status;
    if (typeof message === 'string' && !isHttp2(res.req)) res.statusMessage = message;
    const flushHeaders = res.flushHeaders.bind(res);
    release = holdHeaders(res);
    res.flushHeaders = flushHeaders;
    return res;
  };
  return recall;
}
