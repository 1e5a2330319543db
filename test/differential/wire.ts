// Sends requests to a server over one socket, and reads the raw answers.
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RawResponse {
  status: number;
  reason: string;
  /** Names and values in the order of the wire. */
  headers: [name: string, value: string][];
  body: Buffer;
}

/** One HTTP server and one kept-alive socket to it, for as many exchanges as are wanted, one after the other. */
export class Wire {
  #listener: http.RequestListener = () => undefined;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  readonly #server = http.createServer((req, res) => {
    this.#listener(req, res);
  });

  async open(): Promise<void> {
    this.#server.keepAliveTimeout = 0;
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Rejects where no whole response comes within some seconds. */
  exchange(
    method: string,
    headers: Record<string, string>,
    listener: http.RequestListener,
  ): Promise<RawResponse> {
    this.#listener = listener;
    const { port } = this.#server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const request = http.request(
        { agent: this.#agent, host: '127.0.0.1', port, method, headers },
        (res) => {
          const chunks: Buffer[] = [];
          res.on('data', (chunk: Buffer) => chunks.push(chunk));
          res.on('error', reject);
          res.on('end', () => {
            const raw = res.rawHeaders;
            resolve({
              status: res.statusCode ?? 0,
              reason: res.statusMessage ?? '',
              headers: raw.flatMap((name, i) => (i % 2 ? [] : [[name, raw[i + 1] ?? '']])),
              body: Buffer.concat(chunks),
            });
          });
        },
      );
      request.setTimeout(5_000, () => request.destroy(new Error('no response within 5 s')));
      request.on('error', reject);
      request.end();
    });
  }
}
