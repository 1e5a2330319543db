// Instances of the three kinds that share a store while a rolling deploy goes on.
import expressSession from 'express-session';
import type session from '../../src';
import { keys } from './keys';
import { legacySecret } from './legacy';
import { serverOf, type Handler } from './server';
import { asStore, claimsOfSession, countHits, data, open, routes, serve, showHits, type Site } from './site';
import type { ForeignStore } from './stores';

export const pages: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/id': (req, res) => res.end(req.sessionID),
  '/who': (req, res) => res.end(String(data(req).user)),
  '/login': (req, res) => {
    data(req).user = 'ada';
    return countHits(req, res);
  },
  '/promote': (req, res) => {
    data(req).role = 'admin';
    res.end();
  },
  '/edit-cookie': (req, res) => {
    req.session.cookie.sameSite = 'strict';
    res.end();
  },
  '/regenerate': (req, res) => {
    req.session.regenerate(() => {
      data(req).hits = 100;
      res.end(req.sessionID);
    });
  },
  '/logout': (req, res) => {
    req.session.destroy(() => res.end());
  },
};

/** The same store in a form that express-session can use. */
class OriginalStore extends expressSession.Store {
  readonly #store: ForeignStore;

  constructor(store: ForeignStore) {
    super();
    this.#store = store;
  }

  get(...args: Parameters<expressSession.Store['get']>): void {
    this.#store.get(...(args as Parameters<ForeignStore['get']>));
  }

  set(...args: Parameters<expressSession.Store['set']>): void {
    this.#store.set(...args);
  }

  override touch(...args: Parameters<expressSession.Store['set']>): void {
    this.#store.touch(...args);
  }

  destroy(...args: Parameters<expressSession.Store['destroy']>): void {
    this.#store.destroy(...args);
  }
}

/** Express-session itself. */
export function openOriginal(
  store: ForeignStore,
  options: Partial<expressSession.SessionOptions> = {},
): Promise<Site> {
  const given = {
    secret: legacySecret,
    resave: false,
    saveUninitialized: false,
    store: new OriginalStore(store),
  };
  return open(serverOf(expressSession({ ...given, ...options }), routes(pages)));
}

/** This package in step one. */
export function openStepOne(
  store: ForeignStore,
  options: session.SessionOptions = {},
  handlers: Record<string, Handler> = {},
): Promise<Site> {
  return openStepTwo(store, { cookieFormat: 'express-session', ...options }, handlers);
}

/** This package in step two. */
export function openStepTwo(
  store: ForeignStore,
  options: session.SessionOptions = {},
  handlers: Record<string, Handler> = {},
): Promise<Site> {
  const given = { keys, secret: legacySecret, jwtFromReq: claimsOfSession, store: asStore(store) };
  return serve({ ...given, ...options }, { ...pages, ...handlers });
}
