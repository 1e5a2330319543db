// A server with the middleware and one handler, as Express would run them, without Express.
import http from 'node:http';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Request, RequestHandler, Response } from 'express';
import session from '../../src';
import { keys } from './keys';

export type Handler = (req: Request, res: Response) => unknown;

/** The middleware's options. Any object goes as a store: the middleware asks for less than the type does (B176). */
export type Options<Store extends object = object> = Omit<session.SessionOptions, 'store'> & {
  store?: Store;
};

/** What the middleware passed to `next` after the handler had run (B129). */
export type LateErrors = Error[];

export interface SessionServer extends http.Server {
  lateErrors: LateErrors;
}

/**
 * A request listener that runs one middleware and one handler, as Express would, without Express. An error that
 * comes before the handler is answered with 500 and its message; a later one is collected.
 */
export function listener(middleware: RequestHandler, handler: Handler, lateErrors: LateErrors = []) {
  return (request: unknown, response: unknown): void => {
    const req = request as Request;
    const res = response as Response;
    const fail = (error: unknown) => {
      if (res.headersSent) {
        lateErrors.push(error as Error);
        return;
      }
      res.statusCode = 500;
      res.end((error as Error).message);
    };
    middleware(req, res, (error?: unknown) => {
      if (error) {
        fail(error);
        return;
      }
      try {
        const result = handler(req, res);
        if (result instanceof Promise) result.catch(fail);
      } catch (thrown) {
        fail(thrown);
      }
    });
  };
}

/** An HTTP server (not listening yet: supertest does that) with the middleware of these options; `keys` are given. */
export function createServer(options: Options = {}, handler?: Handler) {
  return serverOf(session({ keys, ...options } as session.SessionOptions), handler);
}

/** As `createServer`, for a middleware that exists already (ours or express-session's). */
export function serverOf(
  middleware: RequestHandler,
  handler: Handler = (_, res) => res.end(),
): SessionServer {
  const lateErrors: LateErrors = [];
  const server = http.createServer(listener(middleware, handler, lateErrors));
  return Object.assign(server, { lateErrors });
}

/** The same over cleartext HTTP/2, through Node's compatibility API. */
export function createHttp2Server(options: Options = {}, handler: Handler = (_, res) => res.end()) {
  const lateErrors: LateErrors = [];
  const middleware = session({ keys, ...options } as session.SessionOptions);
  const server = http2.createServer(listener(middleware, handler, lateErrors));
  return Object.assign(server, { lateErrors });
}

/** Listens on a free loopback port and returns it. */
export function listen(server: http.Server | http2.Http2Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
