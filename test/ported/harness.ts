/** Runs the body of a ported test with the settings of each suite that its title names. */
import assert from 'node:assert/strict';
import type { RequestHandler } from 'express';
import request, { type Response } from 'supertest';
import session from '../../src';
import { attributes, setCookie, setCookies } from '../support/cookies';
import { keys, secp256k1Keys, type KeyPair } from '../support/keys';
import { loose } from '../support/loose';
import { serverOf, type Handler } from '../support/server';
import { answer, gate, open, type Site } from '../support/site';
import { isOriginal, numbersIn } from './titles';

/** What both suites hand to every server, unless a test says otherwise. */
const minute = { cookie: { maxAge: 60_000 }, saveUninitialized: true };

/** The original's harness gives no `resave` or `saveUninitialized`: both are true by default there. */
const settings = {
  original: { ...minute, keys, resave: true, secret: 'keyboard cat' },
  fork: { ...minute, keys: secp256k1Keys },
};

type Options = Record<string, unknown>;

interface Ask {
  method?: 'get' | 'put';
  cookie?: string;
  headers?: Record<string, string>;
}

/** A running server. */
export interface PortedSite {
  site: Site;
  /** One request; `visit` is for an answer that has to be 200. */
  ask: (path?: string, ask?: Ask) => Promise<Response>;
  visit: (path?: string, ask?: Ask) => Promise<Response>;
}

/** One of the two suites, by its settings. */
export interface Suite {
  /** With what the suite's tokens are verified. */
  publicKey: string;
  /** The middleware of these options beside the suite's own. */
  middleware: (options?: Options) => RequestHandler;
  /** A server of it. `before` is code that runs ahead of the middleware. */
  serve: (options?: Options, handler?: Handler, before?: Handler) => Promise<PortedSite>;
}

function suiteOf(defaults: Options & { keys: KeyPair }): Suite {
  const middleware = (options: Options = {}) => session(loose({ ...defaults, ...options }));
  const serve: Suite['serve'] = (options, handler, before) => {
    const own = middleware(options);
    return serveWith((req, res, next) => {
      before?.(req, res);
      void own(req, res, next);
    }, handler);
  };
  return { publicKey: defaults.keys.public, middleware, serve };
}

/** A running server of any middleware, or of nothing but a handler. */
export async function serveWith(middleware: RequestHandler, handler?: Handler): Promise<PortedSite> {
  const site = await open(serverOf(middleware, handler));
  const ask: PortedSite['ask'] = async (path = '/', { method = 'get', cookie, headers = {} } = {}) => {
    const client = request(`http://127.0.0.1:${String(site.port)}`);
    const pending = client[method](path).set(headers);
    if (cookie !== undefined) pending.set('Cookie', cookie);
    return await pending;
  };
  const visit: PortedSite['ask'] = async (path, how) => {
    const response = await ask(path, how);
    assert.equal(response.status, 200, response.text);
    return response;
  };
  return { site, ask, visit };
}

const suites = { original: suiteOf(settings.original), fork: suiteOf(settings.fork) };

/** secp256k1, the kind of key of the fork's suite, draws a warning: these tests are not about it. */
const ignore = (): void => undefined;

/** The function of a test whose body runs once with the settings of each suite whose number is in the title. */
export function ported(body: (suite: Suite) => unknown): Mocha.AsyncFunc {
  return async function () {
    const numbers = numbersIn(this.test?.title ?? '');
    assert.notEqual(numbers.length, 0, 'a ported test has a number in its title');
    const names = new Set(numbers.map((number) => (isOriginal(number) ? 'original' : 'fork')));
    process.on('deprecation', ignore);
    try {
      for (const name of names) {
        await Promise.resolve(body(suites[name])).catch((error: unknown) => {
          if (error instanceof Error) error.message += ` (with the settings of the ${name}'s suite)`;
          throw error;
        });
      }
    } finally {
      process.off('deprecation', ignore);
    }
  };
}

export function assertCookie(response: Response, name?: string): void {
  assert.ok(setCookie(response, name), 'a session cookie is set');
}

export function assertNoCookie(response: Response): void {
  assert.deepEqual(setCookies(response), []);
}

/** The attributes with which the session cookie was sent, by lower-case name. */
export function sent(response: Response, name?: string): Record<string, string | true> {
  return attributes(setCookie(response, name) ?? assert.fail('a session cookie is set'));
}

/** How often `set` was called since it was last asked. Methods replaced on the store are those that run. */
export function countSets(store: session.Store): () => number {
  let calls = 0;
  const set = store.set.bind(store);
  store.set = (...args) => {
    calls++;
    set(...args);
  };
  return () => {
    const since = calls;
    calls = 0;
    return since;
  };
}

/** Makes `set` wait until it is let go on. */
export function holdSet(store: session.Store): { reached: Promise<void>; open: () => void } {
  const held = gate();
  const set = store.set.bind(store);
  store.set = (...args) => {
    void held.pass().then(() => {
      set(...args);
    });
  };
  return held;
}

/** How many sessions a MemoryStore holds. */
export async function lengthOf(store: session.MemoryStore): Promise<number> {
  return (await answer((done) => store.length(done)))[1] as number;
}
