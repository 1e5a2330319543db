/** A small site with the middleware on the tested store, in one process or as if in two. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import session = require('../index');
import type { AnyStore, Request, Response } from '../types';
import type { Bench } from './bench';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = 'a secret of express-session';

type Data = Record<string, unknown> & { count?: number; user?: string };

export interface Answer {
  readonly text: string;
  /** The value of the cookie that was sent. If none was sent, the value that the request had. */
  readonly cookie: string | undefined;
}

/** One process of the site. */
export interface Process {
  /** @throws Error with the page's text if it is an error page */
  visit(path: string, cookie?: string): Promise<Answer>;
  /** Resolves when the page has its session. The function that it gives lets the page end. */
  begin(path: string, cookie?: string): Promise<() => Promise<Answer>>;
}

/** The pages of the site. Each answers with a text. */
const pages: Record<string, (data: Data, req: Request) => unknown> = {
  '/count': (data) => (data.count = (data.count ?? 0) + 1),
  '/look': (data) => data.count ?? 0,
  '/ann': (data) => (data.user = 'ann'),
  '/bob': (data) => (data.user = 'bob'),
  '/who': (data) => data.user ?? 'nobody',
  '/id': (_, req) => req.sessionID,
  '/logout': (_, req) => req.session.destroy(),
};

/**
 * Runs `use` with the processes of the site. If there is only one, it gets that one twice.
 *
 * @param isTouchOfNothing whether a request may touch a record that is gone, which is an error for some stores
 */
export async function onSite(
  { store, elsewhere }: Bench,
  processes: 1 | 2,
  use: (here: Process, there: Process) => Promise<void>,
  isTouchOfNothing = false,
): Promise<void> {
  const here = await open(store);
  const there = processes === 2 ? await open(elsewhere) : here;
  try {
    await use(here, there);
  } finally {
    await here.close();
    if (there !== here) await there.close();
  }
  const [late] = [...here.lateErrors, ...there.lateErrors];
  if (late !== undefined && !isTouchOfNothing) throw late as Error;
}

interface OpenProcess extends Process {
  /** The errors that came after a response had left. */
  readonly lateErrors: readonly unknown[];
  close(): Promise<void>;
}

/** Requests that wait in their page, by name. */
type Holds = Map<string, { readonly reach: () => void; readonly released: Promise<void> }>;

function middlewareOf(store: AnyStore): ReturnType<typeof session> {
  return session({
    store: store as unknown as session.Store,
    keys: { private: keys.privateKey },
    secret,
    cookie: { maxAge: 60_000 },
    saveErrors: 'respond',
    jwtFromReq: (req) => claimsOf(req.session as unknown as Data | undefined),
  });
}

async function open(store: AnyStore): Promise<OpenProcess> {
  const middleware = middlewareOf(store);
  const lateErrors: unknown[] = [];
  const holds: Holds = new Map();
  const server = createServer((request, response) => {
    const [req, res] = [request as Request, response as Response];
    middleware(req, res, (error: unknown) => {
      if (error !== undefined && res.headersSent) lateErrors.push(error);
      else if (error !== undefined) fail(res, error);
      else respond(req, res, holds);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const visit = async (path: string, cookie?: string, hold = ''): Promise<Answer> => {
    const headers: Record<string, string> = { 'x-hold': hold };
    if (cookie !== undefined) headers.cookie = `connect.sid=${cookie}`;
    const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, { headers });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    const [line] = response.headers.getSetCookie();
    return { text, cookie: line?.split(';')[0]?.slice('connect.sid='.length) ?? cookie };
  };
  return {
    lateErrors,
    visit: (path, cookie) => visit(path, cookie),
    begin: async (path, cookie) => {
      const hold = String(holds.size);
      let [reach, release] = [(): void => undefined, (): void => undefined];
      const reached = new Promise<void>((resolve) => (reach = resolve));
      const released = new Promise<void>((resolve) => (release = resolve));
      holds.set(hold, { reach, released });
      const answer = visit(path, cookie, hold);
      // If the page fails it never gets its session. Then this rejects.
      await Promise.race([reached, answer]);
      return () => {
        release();
        return answer;
      };
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers a page, and waits before that for the hold which the request names. */
function respond(req: Request, res: Response, holds: Holds): void {
  const answer = async (): Promise<string> => {
    const hold = holds.get(String(req.headers['x-hold']));
    hold?.reach();
    await hold?.released;
    return String(await pages[req.url]?.(req.session as unknown as Data, req));
  };
  answer().then(
    (text) => res.end(text),
    (failure: unknown) => {
      fail(res, failure);
    },
  );
}

function fail(res: Response, error: unknown): void {
  res.statusCode = 500;
  res.end(String(error));
}

/** The claims of a session. After a logout there is none. */
function claimsOf(data: Data | undefined): object | null {
  return data?.user === undefined ? null : { user: data.user };
}

/** The cookie value that express-session would send for this id. */
export function legacyCookie(id: string): string {
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${id}.${signature}`);
}
