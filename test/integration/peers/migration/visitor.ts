/** A browser that meets one process of an application after the other, and remembers every cookie that it ever had. */
import { Browser } from '../browser';
import { load } from '../sides';
import type { Process } from './application';

interface Socket {
  once(event: 'connect' | 'connect_error', listener: (error?: Error) => void): void;
  emitWithAck(event: 'who'): Promise<string | null>;
  disconnect(): void;
}

interface SocketIoClient {
  io(url: string, options: object): Socket;
}

/** Where an application has its pages, and what its cookie is called. */
export interface Pages {
  readonly cookie: string;
  readonly prefix: string;
}

export class Visitor {
  readonly #pages: Pages;
  readonly #cookies: (string | undefined)[] = [undefined];

  constructor(pages: Pages) {
    this.#pages = pages;
  }

  get cookie(): string | undefined {
    return this.#cookies.at(-1);
  }

  /** One visitor for each cookie that this one has ever had. */
  copies(): Visitor[] {
    return this.#cookies.slice(1).map((cookie) => {
      const copy = new Visitor(this.#pages);
      copy.#cookies.push(cookie);
      return copy;
    });
  }

  async signIn(at: Process, username: string): Promise<unknown> {
    return (await this.#visit(at, '/login', new URLSearchParams({ username, password: 'open' }))).user;
  }

  async signOut(at: Process): Promise<void> {
    await this.#visit(at, '/logout', new URLSearchParams());
  }

  /** Ends the sessions of all other devices. */
  async signOutOthers(at: Process): Promise<unknown> {
    return (await this.#visit(at, '/devices/logout', new URLSearchParams())).ended;
  }

  /** The name that a page shows, or null. */
  async user(at: Process): Promise<unknown> {
    return (await this.#visit(at, '/me')).user;
  }

  /** The name that a socket gets to know, null, or why it is refused. */
  async userOfSocket(at: Process): Promise<unknown> {
    const socket = load<SocketIoClient>('socket.io-client').io(at.url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      extraHeaders: this.cookie === undefined ? {} : { cookie: this.cookie },
    });
    try {
      const error = await new Promise<Error | undefined>((resolve) => {
        socket.once('connect', () => resolve(undefined));
        socket.once('connect_error', resolve);
      });
      return error ? error.message : await socket.emitWithAck('who');
    } finally {
      socket.disconnect();
    }
  }

  async #visit(at: Process, page: string, form?: URLSearchParams): Promise<Record<string, unknown>> {
    const browser = new Browser(at.url, this.cookie, this.#pages.cookie);
    const { status, body } = await browser.visit(
      this.#pages.prefix + page,
      form && { method: 'POST', body: form },
    );
    if (status !== 200) throw new Error(`${page} answered ${String(status)}: ${String(body)}`);
    if (browser.cookie !== this.cookie) this.#cookies.push(browser.cookie);
    return body as Record<string, unknown>;
  }
}
