// Shows what goes over the wire, byte by byte or frame by frame, and what has not gone yet.
import { once } from 'node:events';
import type http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import { listen } from './server';
import type { ForeignStore } from './stores';

/** The answer to `pending`. A held store call goes on only after what leaves too early had the time to arrive. */
export async function answerAfter<T>(
  held: ReturnType<ForeignStore['hold']>,
  pending: Promise<T>,
): Promise<T> {
  await Promise.race([held.reached, pending]);
  await roundTrip();
  held.release();
  return pending;
}

/** Resolves once the response is closed, i.e. after everything that Node reports of it. */
export function closed(res: Response): Promise<void> {
  return new Promise((resolve) => res.once('close', resolve));
}

/** Runs `use` with the port of this server, and closes the server and its connections afterwards. */
export async function withServer<T>(
  server: http.Server | http2.Http2Server,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const sockets = new Set<net.Socket>();
  server.on('connection', (socket: net.Socket) => sockets.add(socket));
  const port = await listen(server);
  try {
    return await use(port);
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

/**
 * Goes once to a loopback TCP server of this process and back. What a server of this process wrote to another
 * loopback connection before the call has been read by its client when the promise resolves.
 */
export async function roundTrip(): Promise<void> {
  const echo = net.createServer((socket) => socket.pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const socket = net.connect((echo.address() as AddressInfo).port, '127.0.0.1');
  socket.write('.');
  await once(socket, 'data');
  socket.end();
  await once(socket, 'close');
  echo.close();
}

/** The text of a request, asking for the connection to be closed afterwards. */
export function requestText(
  method = 'GET',
  path = '/',
  headers: Record<string, string> = {},
  version = '1.1',
) {
  const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`;
}

/** A connection that knows nothing of HTTP and shows each byte as it comes in. */
export class Wire {
  received = '';
  readonly closed: Promise<string>;
  readonly #socket: net.Socket;

  constructor(port: number, text: string) {
    this.#socket = net.connect(port, '127.0.0.1');
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (bytes: string) => (this.received += bytes));
    this.closed = once(this.#socket, 'close').then(() => this.received);
    this.#socket.write(text);
  }

  /** Resolves with all that was received, once this text is in it. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) await once(this.#socket, 'data');
    return this.received;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** Header block and body of a raw response; lines in lower case, as they came. */
export function parseRaw(text: string): { headers: string[]; body: string } {
  const end = text.indexOf('\r\n\r\n');
  return { headers: text.slice(0, end).toLowerCase().split('\r\n').slice(1), body: text.slice(end + 4) };
}

/** One request over HTTP/2, its parts as they come in. */
export class Http2Exchange {
  headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
  /** HEADERS frames seen so far, informational ones included. */
  headerFrames = 0;
  body = '';
  readonly done: Promise<this>;
  readonly #stream: http2.ClientHttp2Stream;

  constructor(
    client: http2.ClientHttp2Session,
    headers: http2.OutgoingHttpHeaders = {},
    onHeaders: () => void = () => undefined,
  ) {
    const stream = client.request({ ':path': '/', ...headers });
    this.#stream = stream;
    stream.setEncoding('utf8');
    stream.on('headers', () => this.headerFrames++);
    stream.on('response', (received) => {
      this.headerFrames++;
      this.headers = received;
      onHeaders();
    });
    stream.on('data', (text: string) => (this.body += text));
    this.done = once(stream, 'close').then(() => this);
  }

  get setCookie(): string | undefined {
    return this.headers['set-cookie']?.[0];
  }

  /** Resolves once this text is in the body. */
  async received(text: string): Promise<void> {
    while (!this.body.includes(text)) await once(this.#stream, 'data');
  }
}

/** Runs `use` with an HTTP/2 client of this server, then closes both. */
export function withHttp2Client<T>(
  server: http2.Http2Server,
  use: (client: http2.ClientHttp2Session) => Promise<T>,
): Promise<T> {
  return withServer(server, async (port) => {
    const client = http2.connect(`http://127.0.0.1:${String(port)}`);
    try {
      return await use(client);
    } finally {
      client.destroy();
    }
  });
}

/** A PING and its answer: frames that the server had sent on this connection before are in by then. */
export function ping(client: http2.ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    client.ping((error) => {
      if (error) reject(error);
      else setImmediate(resolve);
    });
  });
}
