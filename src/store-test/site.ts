import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import session = require('../index');
import type { Request, Response } from '../types';
import type { Bench } from './bench';

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = 'a secret of express-session';

type Data = Record<string, unknown> & { count?: number };

/** A site of one page each for what sessions go through, and a browser that visits it. */
export interface Site {
  /** The page's text; the cookie is kept for the next visit. */
  visit(path: string): Promise<string>;
  /** Resolves once the page `/slow` has loaded its session. */
  readonly slowPageIsReached: Promise<void>;
  readonly releaseSlowPage: () => void;
  /** Assignable, as `connect.sid` has it. */
  cookie: string | undefined;
  /** The id under which the store knows the session of the cookie. */
  readonly storedId: string;
}

/** Runs `use` on a site with this store. */
export async function onSite<Result>(
  { store, storeKey }: Bench,
  guard: 'check' | 'process',
  use: (site: Site) => Promise<Result>,
): Promise<Result> {
  const middleware = session({
    store: store as unknown as session.Store,
    keys: { private: keys.privateKey },
    secret,
    guard,
    storeKey,
    cookie: { maxAge: 60_000 },
    jwtFromReq: (req) => claimsOf(req.session as unknown as Data),
  });
  let [release, reach] = [(): void => undefined, (): void => undefined];
  const released = new Promise<void>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const pages: Record<string, (data: Data, req: Request) => unknown> = {
    '/count': (data) => (data.count = (data.count ?? 0) + 1),
    '/look': (data) => data.count ?? 0,
    '/login': (data) => (data.user = 'ann'),
    '/logout': (_, req) => req.session.destroy(),
    '/slow': async (data) => {
      reach();
      await released;
      return (data.count = 100);
    },
  };
  const server = createServer((request, response) => {
    const [req, res] = [request as Request, response as Response];
    middleware(req, res, (error: unknown) => {
      const page = async (): Promise<string> => {
        if (error) throw error as Error;
        return String(await pages[req.url]?.(req.session as unknown as Data, req));
      };
      page().then(
        (text) => res.end(text),
        (failure: unknown) => {
          res.statusCode = 500;
          res.end(String(failure));
        },
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const site: Site = {
    cookie: undefined,
    slowPageIsReached: reached,
    releaseSlowPage: release,
    get storedId() {
      return storeKey(String(this.cookie));
    },
    async visit(path) {
      const headers: Record<string, string> =
        this.cookie === undefined ? {} : { cookie: `connect.sid=${this.cookie}` };
      const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, { headers });
      const text = await response.text();
      if (!response.ok) throw new Error(text);
      const [line] = response.headers.getSetCookie();
      if (line) this.cookie = line.split(';')[0]?.slice('connect.sid='.length);
      return text;
    },
  };
  try {
    return await use(site);
  } finally {
    release();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** There is no session any more after a logout. */
function claimsOf(data: Data | undefined): object | null {
  return data?.user ? { user: data.user } : null;
}

/** The cookie that express-session makes of an id. */
export function legacyCookie(id: string): string {
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  return encodeURIComponent(`s:${id}.${signature}`);
}
