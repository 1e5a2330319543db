/** Stores in files and in memory. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type expressSession from 'express-session';
import { type Library, load } from './sides';
import { SHORTENED, type StorePeer } from './store-peer';

interface StoredInFile {
  cookie: { originalMaxAge: number };
  __lastAccess: number;
}

const sessionFileStore: StorePeer = {
  module: 'session-file-store',
  on: 'files',
  touch: 'the cookie',
  guarantee: 'in this process',
  lists: ['length', 'clear'],
  isShared: true,
  open: async (library, place) => {
    const folder = path.join(tmpdir(), place);
    await mkdir(folder, { recursive: true });
    const Store =
      load<(library: Library) => new (options: object) => expressSession.Store>('session-file-store')(
        library,
      );
    const fileOf = (id: string) => path.join(folder, `${id}.json`);
    const read = async (id: string) => JSON.parse(await readFile(fileOf(id), 'utf8')) as StoredInFile;
    return {
      store: new Store({ path: folder, retries: 0, reapInterval: -1, logFn: () => undefined }),
      raw: async (id) => (existsSync(fileOf(id)) ? await readFile(fileOf(id), 'utf8') : undefined),
      // It counts from the last access.
      remaining: async (id) => {
        const { cookie, __lastAccess } = await read(id);
        return __lastAccess + cookie.originalMaxAge - Date.now();
      },
      shorten: async (id) => {
        const stored = await read(id);
        stored.__lastAccess = Date.now() + SHORTENED - stored.cookie.originalMaxAge;
        await writeFile(fileOf(id), JSON.stringify(stored));
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

interface Lru {
  peek(id: string): string | undefined;
  set(id: string, value: string, maxAge: number): void;
  dump(): { k: string; e: number }[];
}

const memorystore: StorePeer = {
  module: 'memorystore',
  on: 'memory',
  touch: 'the cookie',
  guarantee: 'in this process',
  lists: ['all', 'length', 'clear'],
  isShared: false,
  open: (library) => {
    const Store =
      load<(library: Library) => new (options: object) => expressSession.Store & { store: Lru }>(
        'memorystore',
      )(library);
    const store = new Store({ checkPeriod: 86_400_000 });
    const lru = store.store;
    return Promise.resolve({
      store,
      raw: (id) => Promise.resolve(lru.peek(id)),
      remaining: (id) =>
        Promise.resolve((lru.dump().find(({ k }) => k === id)?.e ?? Number.NaN) - Date.now()),
      shorten: (id) => Promise.resolve(lru.set(id, lru.peek(id) ?? '', SHORTENED)),
      close: () => Promise.resolve(),
    });
  },
};

export const embeddedPeers: readonly StorePeer[] = [sessionFileStore, memorystore];
