/** Closes the headers of a response as if they were sent, while none have left. */
import type { ServerResponse } from 'node:http';
import { isHttp2Response } from './response-kind';

type Verb = 'set' | 'append' | 'remove' | 'write';

/** What Node itself throws when headers come too late. */
export function headersSentError(res: ServerResponse, verb: Verb): Error {
  const [code, message] = isHttp2Response(res)
    ? ['ERR_HTTP2_HEADERS_SENT', 'Response has already been initiated.']
    : ['ERR_HTTP_HEADERS_SENT', `Cannot ${verb} headers after they are sent to the client`];
  return Object.assign(new Error(message), { code });
}

/**
 * From here on `headersSent` reads true, and what changes headers throws what Node throws.
 *
 * @returns what undoes it; a status that was assigned meanwhile does not count
 */
export function closeHeaders(res: ServerResponse): () => void {
  const { statusCode } = res;
  // HTTP/2 has no status message, and warns who asks for it.
  const statusMessage = isHttp2Response(res) ? '' : res.statusMessage;
  const reopen = closeNodeHeaders(res) ?? replaceMembers(res);
  return () => {
    reopen();
    if (res.statusCode !== statusCode) res.statusCode = statusCode;
    if (!isHttp2Response(res) && res.statusMessage !== statusMessage) {
      res.statusMessage = statusMessage;
    }
  };
}

/** Node's HTTP/1 response asks its rendered headers whether they are sent. So do older middleware (compression 1.7). */
function closeNodeHeaders(res: ServerResponse & { _header?: string | null }): (() => void) | undefined {
  if (isHttp2Response(res) || res._header !== null) return undefined;
  res._header = 'held';
  const reopenOwn = res.headersSent ? undefined : replaceMembers(res);
  return () => {
    reopenOwn?.();
    res._header = null;
  };
}

/** Of HTTP/2, and of responses that are not Node's, the members themselves are replaced where they exist. */
function replaceMembers(res: ServerResponse): () => void {
  const refuse = (verb: Verb) => () => {
    throw headersSentError(res, verb);
  };
  const replaced: Record<string, unknown> = {
    headersSent: true,
    setHeader: refuse('set'),
    setHeaders: refuse('set'),
    appendHeader: refuse('append'),
    removeHeader: refuse('remove'),
  };
  const undo: (() => void)[] = [];
  for (const [name, value] of Object.entries(replaced)) {
    if (!(name in res)) continue;
    const own = Object.getOwnPropertyDescriptor(res, name);
    Reflect.defineProperty(res, name, { configurable: true, enumerable: true, writable: true, value });
    undo.push(() => {
      if (own) Reflect.defineProperty(res, name, own);
      else Reflect.deleteProperty(res, name);
    });
  }
  return () => {
    for (const step of undo) step();
  };
}
