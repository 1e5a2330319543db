import { Buffer } from 'node:buffer';
import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import process from 'node:process';

/** Stands in for a connection: takes what is written and says at once that it is gone. */
class NullSocket extends EventEmitter {
  writable = true;
  writableLength = 0;
  /** Node's http module keeps its corking there. */
  _writableState = { corked: 0 };
  /** Last thing that was written; a response of one `end` call is one or two writes. */
  written = '';

  cork() {}

  uncork() {}

  /**
   * @param {string | Uint8Array} data
   * @param {string} _encoding
   * @param {(() => void) | undefined} callback
   */
  write(data, _encoding, callback) {
    if (data.length > 0)
      this.written += typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
    if (callback) process.nextTick(callback);
    return true;
  }
}

/** One request and its response: Node's own objects, without a connection. */
export class Exchange {
  /** @param {import('../types.ts').Client} client */
  constructor(client) {
    this.client = client;
    this.socket = new NullSocket();
    const req = new IncomingMessage(/** @type {any} */ (this.socket));
    req.method = 'GET';
    req.url = '/';
    req.httpVersion = '1.1';
    req.httpVersionMajor = 1;
    req.httpVersionMinor = 1;
    const headers = ['Host', 'localhost', 'Accept', 'text/html'];
    // A string of its own, as from the parser: with the same one each time, hashes and comparisons would cost nothing.
    if (client.cookie !== undefined)
      headers.push('Cookie', Buffer.from(client.cookie, 'latin1').toString('latin1'));
    // As Node's parser does; and a server has read them before it calls its handler.
    /** @type {any} */ (req)._addHeaderLines(headers, headers.length);
    void req.headers;
    this.req = /** @type {import('../types.ts').Request} */ (req);
    this.res = new ServerResponse(req);
    this.res.assignSocket(/** @type {any} */ (this.socket));
  }

  /** The Cookie header of a client that keeps what it got; undefined where it got none, or an empty one to forget. */
  get setCookie() {
    const lines = [this.res.getHeader('Set-Cookie') ?? []].flat();
    const pairs = lines.map((line) => String(line).split(';')[0] ?? '').filter((pair) => !pair.endsWith('='));
    return pairs.length === 0 ? undefined : pairs.join('; ');
  }

  /** What the client got as body. */
  get body() {
    const text = this.socket.written;
    return text.slice(text.indexOf('\r\n\r\n') + 4);
  }
}
