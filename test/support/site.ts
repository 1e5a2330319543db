import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import type { Request } from 'express';
import request, { type Response } from 'supertest';
import type session from '../../src';
import { createServer, listen, type Handler, type LateErrors, type SessionServer } from './server';

export { gate, type Gate, isPending, turn } from './gate';

/** A running server and the requests a test makes to it. Requests start at once, so that they can overlap. */
export interface Site {
  port: number;
  lateErrors: LateErrors;
  get(path: string, cookie?: string): Promise<Response>;
  /** As `get`, for an answer that has to be 200: an assertion that failed in a handler shows up here. */
  visit(path: string, cookie?: string): Promise<Response>;
}

const running = new Set<SessionServer>();

/** Starts a server on the loopback; `closeSites` ends it. */
export async function open(server: SessionServer): Promise<Site> {
  const port = await listen(server);
  running.add(server);
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
  return { port, lateErrors: server.lateErrors, get, visit };
}

/** A running server with the package's middleware of these options. */
export function openSite(options: session.SessionOptions, handlers: Record<string, Handler>): Promise<Site> {
  return open(createServer(options, routes(handlers)));
}

/** For `afterEach`. */
export async function closeSites(): Promise<void> {
  const servers: Server[] = [...running];
  running.clear();
  await Promise.all(
    servers.map((server) => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    }),
  );
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

/** Any object as the `store` option, whose type asks for more than the middleware does (B176). */
export function asStore(store: object): session.Store {
  return store as session.Store;
}

/** The arguments with which a callback is called. */
export function answer(start: (callback: (...args: unknown[]) => void) => unknown): Promise<unknown[]> {
  return new Promise((resolve) => {
    start((...args) => resolve(args));
  });
}

export function elapse(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
