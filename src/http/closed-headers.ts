/** Makes the headers of a response look as if they had been sent, while they have not. */
import type { ServerResponse } from 'node:http';
import { isHttp2Response } from './response-kind';

type Verb = 'set' | 'append' | 'remove' | 'write';

/** The error that Node throws when headers come too late. */
export function headersSentError(res: ServerResponse, verb: Verb): Error {
  const [code, message] = isHttp2Response(res)
    ? ['ERR_HTTP2_HEADERS_SENT', 'Response has already been initiated.']
    : ['ERR_HTTP_HEADERS_SENT', `Cannot ${verb} headers after they are sent to the client`];
  return Object.assign(new Error(message), { code });
}

/** Closes the headers when it is made: `headersSent` reads true, and all methods that change headers throw Node's error. */
export class ClosedHeaders {
  readonly #res: ServerResponse & { _header?: string | null };
  readonly #statusCode: number;
  readonly #statusMessage: string;
  /** Whether it is Node's HTTP/1 response. Its methods look at `_header`, and so do older middlewares (compression 1.7). */
  readonly #isNode: boolean;
  readonly #restoreMembers: (() => void) | undefined;

  constructor(res: ServerResponse & { _header?: string | null }) {
    const isHttp2 = isHttp2Response(res);
    this.#res = res;
    this.#statusCode = res.statusCode;
    // HTTP/2 has no status message. Reading it makes Node warn.
    this.#statusMessage = isHttp2 ? '' : res.statusMessage;
    this.#isNode = !isHttp2 && res._header === null;
    if (this.#isNode) res._header = 'held';
    this.#restoreMembers = this.#isNode && res.headersSent ? undefined : replaceMembers(res);
  }

  /** Opens the headers again. A status that was assigned meanwhile does not count. */
  reopen(): void {
    const res = this.#res;
    this.#restoreMembers?.();
    if (this.#isNode) res._header = null;
    if (res.statusCode !== this.#statusCode) res.statusCode = this.#statusCode;
    if (!isHttp2Response(res) && res.statusMessage !== this.#statusMessage) {
      res.statusMessage = this.#statusMessage;
    }
  }
}

/** Replaces the members of an HTTP/2 response, or of one that is not Node's, as far as they exist. Returns the way back. */
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
