// The two sides that are compared: express-session and this package.
import original from 'express-session';
import type { RequestHandler } from 'express';
import type { Options } from './sequences';
import { idOf } from '../support/session-tokens';
import type { StoreObject } from './stores';

/** One of the two packages under comparison. */
export interface Side {
  name: string;
  middleware: (options: Options, store: StoreObject) => RequestHandler;
  memoryStore: () => StoreObject;
  /** The id of the session that a cookie's value opens, as handlers and stores know it. */
  idInCookie: (value: string) => string;
}

type Factory = (options: Record<string, unknown>) => RequestHandler;

const optionsOf = (options: Options, store: StoreObject) => ({
  resave: options.resave,
  saveUninitialized: options.saveUninitialized,
  rolling: options.rolling,
  unset: options.unset,
  cookie: options.maxAge === null ? {} : { maxAge: options.maxAge },
  store,
});

/** express-session, or a variant of it. */
export function originalSide(factory: typeof original = original, name = 'express-session'): Side {
  return {
    name,
    middleware: (options, store) =>
      (factory as unknown as Factory)({ secret: 'keyboard cat', ...optionsOf(options, store) }),
    memoryStore: () => new factory.MemoryStore() as unknown as StoreObject,
    idInCookie: (value) => decodeURIComponent(value).slice('s:'.length).split('.')[0] ?? '',
  };
}

/** This package, handed in by the test. */
export function packageSide(factory: unknown, keys: unknown): Side {
  const { MemoryStore } = factory as { MemoryStore: new () => StoreObject };
  return {
    name: 'express-session-jwt',
    middleware: (options, store) => (factory as Factory)({ keys, ...optionsOf(options, store) }),
    memoryStore: () => new MemoryStore(),
    idInCookie: (value) => idOf(value),
  };
}
