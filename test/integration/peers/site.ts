/** A small Express site with a session: what the scenarios of the stores do with one. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { gate, type Gate } from '../../support/gate';
import { Browser } from './browser';
import { load } from './sides';

export const THIRTY_DAYS = 30 * 24 * 3_600_000;

type Data = Record<string, unknown> & { count?: number; user?: string };

export interface Site {
  readonly url: string;
  /** What was passed to `next`, before or after a response. */
  readonly errors: unknown[];
  browser(cookie?: string): Browser;
  /** The next request for `/slow` or `/reload` waits at this gate, its session loaded. */
  hold(): Gate;
  close(): Promise<void>;
}

/** Serves on a free loopback port. */
export async function listen(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` };
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

export function createApp(): express.Express {
  return load<() => express.Express>('express')();
}

/** @param add more routes, behind the session */
export async function openSite(
  middleware: RequestHandler,
  add: (app: express.Express) => void = () => undefined,
): Promise<Site> {
  const app = createApp();
  const errors: unknown[] = [];
  let held: Gate | undefined;
  // Only the first that comes waits.
  const pass = async () => {
    const first = held;
    held = undefined;
    await first?.pass();
  };
  app.use(middleware);
  add(app);
  app.get('/look', tell);
  app.get('/count', (req, res) => {
    const data = dataOf(req);
    data.count = (data.count ?? 0) + 1;
    tell(req, res);
  });
  app.get('/login/:user', (req, res) => {
    dataOf(req).user = req.params.user;
    tell(req, res);
  });
  app.get('/regenerate/:user', (req, res, next) => {
    req.session.regenerate((error: unknown) => {
      if (error) {
        next(error);
        return;
      }
      dataOf(req).user = req.params.user;
      tell(req, res);
    });
  });
  app.get('/logout', (req, res, next) => {
    req.session.destroy((error: unknown) => {
      if (error) next(error);
      else tell(req, res);
    });
  });
  app.get('/remember', (req, res) => {
    req.session.cookie.maxAge = THIRTY_DAYS;
    tell(req, res);
  });
  app.get('/save', (req, res, next) => {
    dataOf(req).saved = true;
    req.session.save((error: unknown) => {
      if (error) next(error);
      else res.redirect('/look');
    });
  });
  app.get('/slow', async (req, res) => {
    await pass();
    const { set } = req.query;
    if (typeof set === 'string') dataOf(req)[set] = true;
    tell(req, res);
  });
  app.get('/reload', async (req, res, next) => {
    dataOf(req).forgotten = true;
    await pass();
    req.session.reload((error: unknown) => {
      if (error) next(error);
      else tell(req, res);
    });
  });
  app.use(((error, _req, res, next) => {
    errors.push(error);
    if (res.headersSent) next(error);
    else res.status(500).json({ error: String(error) });
  }) satisfies ErrorRequestHandler);
  // A late error would be printed.
  app.set('env', 'test');
  const { server, url } = await listen(app);
  return {
    url,
    errors,
    browser: (cookie) => new Browser(url, cookie),
    hold: () => (held = gate()),
    close: () => close(server),
  };
}

export function dataOf(req: Request): Data {
  return req.session as unknown as Data;
}

/** Answers with the session's id and what is in it. */
export function tell(req: Request, res: Response): void {
  res.json({ ...dataOf(req), cookie: undefined, id: req.sessionID });
}
