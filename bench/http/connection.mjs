import { Buffer } from 'node:buffer';
import net from 'node:net';

/** One keep-alive connection, with one request at a time on it. It knows just enough HTTP to be no bottleneck. */
export class Connection {
  #socket;
  #received = '';
  /** @type {((response: string) => void) | undefined} */
  #resolve;
  /** @type {((error: Error) => void) | undefined} */
  #reject;

  /**
   * @param {number} port
   * @param {string} [from] its own address
   */
  constructor(port, from = '127.0.0.1') {
    this.#socket = net.connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (/** @type {string} */ text) => {
      this.#received += text;
      if (!isWhole(this.#received)) return;
      const response = this.#received;
      this.#received = '';
      this.#resolve?.(response);
    });
    this.#socket.on('error', (error) => this.#reject?.(error));
    this.#socket.on('close', () => this.#reject?.(new Error('the server closed a connection')));
  }

  /**
   * @param {string | null} cookie
   * @param {string} [path]
   * @returns {Promise<string>} the response as it came
   */
  get(cookie, path = '/') {
    const line = cookie === null ? '' : `Cookie: ${cookie}\r\n`;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(
        Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n${line}\r\n`, 'latin1'),
      );
    });
  }
}

/** @param {string} text */
function isWhole(text) {
  const endOfHead = text.indexOf('\r\n\r\n');
  if (endOfHead < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  if (length !== undefined) return text.length - endOfHead - 4 >= Number(length);
  return text.endsWith('0\r\n\r\n', text.length) && text.length > endOfHead + 4;
}

/**
 * The Cookie header of a client that keeps what it got.
 *
 * @param {string} response
 * @returns {string | null} null where it got none
 */
export function cookieIn(response) {
  const pairs = [...response.matchAll(/\r\nset-cookie: ([^;\r]*)/gi)].map(([, pair]) => pair);
  return pairs.length === 0 ? null : pairs.join('; ');
}
