// Starts a server with the middleware, and makes requests to it; hooks.ts closes it after the test.
import assert from 'node:assert/strict';
import type { Request } from 'express';
import request, { type Response } from 'supertest';
import { runningServers } from './running-servers';
import {
  createServer,
  listen,
  type Handler,
  type LateErrors,
  type Options,
  type SessionServer,
} from './server';

export { gate, type Gate, isPending, turn } from './gate';
export { asStore } from './stores';

/** A running server and the requests a test makes to it. Requests start at once, so that they can overlap. */
export interface Site<Store = unknown> {
  server: SessionServer;
  port: number;
  /** The `store` option, as it was given. */
  store: Store;
  lateErrors: LateErrors;
  get: (path: string, cookie?: string) => Promise<Response>;
  /** As `get`, for an answer that has to be 200: an assertion that failed in a handler shows up here. */
  visit: (path: string, cookie?: string) => Promise<Response>;
}

/** Starts a server with the package's middleware of these options, and one handler for all paths or one for each. */
export async function serve<Store extends object>(
  options: Options<Store>,
  handlers: Handler | Record<string, Handler>,
): Promise<Site<Store>> {
  const handler = typeof handlers === 'function' ? handlers : routes(handlers);
  return { ...(await open(createServer(options, handler))), store: options.store } as Site<Store>;
}

/** Starts a server that exists already, of whatever middleware. */
export async function open(server: SessionServer): Promise<Site> {
  const port = await listen(server);
  runningServers.add(server);
  const get = async (path: string, cookie?: string): Promise<Response> => {
    const pending = request(`http://127.0.0.1:${String(port)}`).get(path);
    if (cookie !== undefined) pending.set('Cookie', cookie);
    return await pending;
  };
  const visit = async (path: string, cookie?: string): Promise<Response> => {
    const response = await get(path, cookie);
    assert.equal(response.status, 200, response.text);
    return response;
  };
  return { server, port, store: undefined, lateErrors: server.lateErrors, get, visit };
}

/** One handler for several paths; any other path is answered with an empty 200. */
export function routes(handlers: Record<string, Handler>): Handler {
  return (req, res) => {
    const handler = handlers[(req.url || '/').split('?')[0] ?? '/'];
    return handler ? handler(req, res) : res.end();
  };
}

/** The session's data, of whatever type. */
export function data(req: Pick<Request, 'session'>): Record<string, unknown> {
  return req.session as unknown as Record<string, unknown>;
}

/** The claims of a session, for `jwtFromReq`; there may be no session any more when it is called. */
export function claimsOfSession(req: object): Record<string, unknown> | null {
  const { session } = req as { session?: Record<string, unknown> };
  return session ? { user: session.user, role: session.role } : null;
}

/** Adds one to the session's `hits` and answers with the sum. */
export const countHits: Handler = (req, res) => {
  const hits = Number(data(req).hits ?? 0) + 1;
  data(req).hits = hits;
  res.end(String(hits));
};

/** Answers with the session's `hits`, unchanged. */
export const showHits: Handler = (req, res) => {
  res.end(String(data(req).hits));
};

/** The arguments with which a callback is called. */
export function answer(start: (callback: (...args: unknown[]) => void) => unknown): Promise<unknown[]> {
  return new Promise((resolve) => {
    start((...args) => resolve(args));
  });
}

export function elapse(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
