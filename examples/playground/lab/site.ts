/** A small site that a demonstration opens on this machine, and closes when it is done. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express, { type Express, type RequestHandler } from 'express';
import type { Store } from 'express-session';
import { Browser } from './browser';
import { newStore, sessionsOf, type Setup, type Side } from './sides';

export type Routes = (app: Express) => void;

/** A record as the store keeps it. */
export type StoredRecord = Record<string, unknown>;

export interface Site {
  /** A visitor, who may come with a cookie. */
  browser(cookie?: string): Browser;
  /** All that the store holds, by id. */
  records(): Record<string, StoredRecord>;
}

/** The sites of one run of a demonstration. */
export class Lab {
  readonly #closing: (() => void)[] = [];

  open(side: Side, routes: Routes, setup: Setup = {}): Promise<Site> {
    const { store = newStore(side) } = setup;
    return this.serve(sessionsOf(side, { ...setup, store }), store, routes);
  }

  /** The same with a middleware that the demonstration has set up by itself. */
  async serve(sessions: RequestHandler, store: Store, routes: Routes): Promise<Site> {
    const app = express();
    app.use(sessions);
    routes(app);
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#closing.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const address = `http://127.0.0.1:${String(port)}`;
    return {
      browser: (cookie) => new Browser(address, cookie),
      records: () => recordsOf(store),
    };
  }

  close(): void {
    for (const close of this.#closing.splice(0)) close();
  }
}

/** Both MemoryStores keep texts under this name. */
function recordsOf(store: Store): Record<string, StoredRecord> {
  const { sessions } = store as unknown as { sessions: Record<string, string> };
  return Object.fromEntries(
    Object.entries(sessions).map(([id, text]) => [id, JSON.parse(text) as StoredRecord]),
  );
}
