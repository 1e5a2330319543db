/** Stores in memory and in one file, which keep what they are given, by a clock of their own. */
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type expressSession from 'express-session';
import type { Library } from '../peers/sides';
import type { StorePeer } from '../peers/store-peer';
import { load } from './packages';

interface Cache {
  get(id: string): object | undefined;
  getTtl(id: string): number;
  ttl(id: string, seconds: number): void;
  close(): void;
}

const sessionMemoryStore: StorePeer = {
  module: 'session-memory-store',
  on: 'memory',
  touch: 'the whole session',
  guarantee: 'in this process',
  // Its `length` is 0 whatever it has.
  lists: [],
  isShared: false,
  hasOwnLifetime: true,
  open: (library) => {
    type Store = expressSession.Store & { store: Cache };
    const Store = load<(library: Library) => new (options: object) => Store>('session-memory-store')(library);
    const store = new Store({ expires: 60 });
    return Promise.resolve({
      store,
      raw: (id) => Promise.resolve(jsonOf(store.store.get(id))),
      remaining: () => Promise.resolve(Number.NaN),
      shorten: () => Promise.resolve(),
      close: () => Promise.resolve(store.store.close()),
    });
  },
};

interface Loki {
  readonly collection?: { findOne(query: object): { content: object } | null };
  readonly client: { close(done: () => void): void };
}

const connectLoki: StorePeer = {
  module: 'connect-loki',
  on: 'memory and one file',
  touch: 'the expiry',
  guarantee: 'in this process',
  lists: ['length', 'clear'],
  // Another process loads the file when it starts, and never again.
  isShared: false,
  hasOwnLifetime: true,
  open: async (library, place) => {
    type Store = expressSession.Store & Loki;
    const file = path.join(tmpdir(), `${place}.json`);
    const Store = load<(library: Library) => new (options: object) => Store>('connect-loki')(library);
    const store = new Store({ path: file });
    await new Promise((resolve) => {
      store.once('connect', resolve);
    });
    return {
      store,
      raw: (id) => Promise.resolve(jsonOf(store.collection?.findOne({ sid: id })?.content)),
      remaining: () => Promise.resolve(Number.NaN),
      shorten: () => Promise.resolve(),
      close: async () => {
        await new Promise<void>((resolve) => store.client.close(resolve));
        await rm(file, { force: true });
      },
    };
  },
};

function jsonOf(record: object | undefined): string | undefined {
  return record && JSON.stringify(record);
}

export const embeddedStores: readonly StorePeer[] = [sessionMemoryStore, connectLoki];
