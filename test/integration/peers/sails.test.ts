/** Sails with the session middleware in the place of its session hook: its virtual requests, and HTTP, on both packages. */
import type { RequestHandler } from 'express';
import { freePort } from '../../support/loopback-port';
import { Browser } from './browser';
import { compare, type Findings } from './expected';
import { load, middlewareOf, releaseOf, type Side } from './sides';

interface VirtualResponse {
  readonly body: unknown;
  readonly statusCode: number;
  readonly headers: Record<string, string[] | string | undefined>;
}

interface App {
  _privateSessionMiddleware?: RequestHandler;
  lift(config: object, done: (error?: Error) => void): void;
  lower(done: (error?: unknown) => void): void;
  request(options: object, done: (error: Error | null, response: VirtualResponse) => void): void;
}

interface Sails {
  Sails: new () => App;
}

interface Page {
  session: { count?: number; user?: string; destroy(done: (error?: unknown) => void): void };
}

type Action = (req: Page, res: { send(body: unknown): void; redirect(path: string): void }) => void;

const routes: Readonly<Record<string, Action>> = {
  'GET /look': ({ session }, res) => {
    res.send({ count: session.count ?? null, user: session.user ?? null });
  },
  'GET /count': ({ session }, res) => {
    session.count = (session.count ?? 0) + 1;
    res.send({ count: session.count });
  },
  'GET /login': ({ session }, res) => {
    session.user = 'ann';
    res.redirect('/look');
  },
  'GET /logout': ({ session }, res) => {
    session.destroy(() => {
      res.send('bye');
    });
  },
};

/** A browser whose requests are virtual ones. */
class VirtualBrowser {
  readonly app: App;
  cookie: string | undefined;

  constructor(app: App, cookie?: string) {
    this.app = app;
    this.cookie = cookie;
  }

  async visit(path: string): Promise<Findings> {
    const headers = this.cookie === undefined ? {} : { cookie: this.cookie };
    const response = await new Promise<VirtualResponse>((resolve, reject) => {
      this.app.request({ url: path, method: 'GET', headers }, (error, answer) => {
        if (error) reject(error);
        else resolve(answer);
      });
    });
    const [line] = [response.headers['set-cookie'] ?? []].flat();
    if (line !== undefined) this.cookie = line.split(';')[0];
    return response.body as Findings;
  }
}

async function withSails(
  side: Side,
  use: (site: { virtual: (cookie?: string) => VirtualBrowser; browser: Browser }) => Promise<Findings>,
): Promise<Findings> {
  const app = new (load<Sails>('sails').Sails)();
  const session = middlewareOf(side, { store: new side.library.MemoryStore() });
  // In the place of the session hook of Sails, which is where both ways of requests get their middleware from.
  const hook = () => ({
    initialize: (done: () => void) => {
      app._privateSessionMiddleware = session;
      done();
    },
  });
  const port = await freePort();
  await new Promise<void>((resolve, reject) => {
    const config = {
      port,
      explicitHost: '127.0.0.1',
      globals: false,
      log: { level: 'silent' },
      loadHooks: ['moduleloader', 'userconfig', 'session', 'http', 'request', 'responses'],
      hooks: { session: hook },
      session: {},
      routes,
    };
    app.lift(config, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  try {
    return await use({
      virtual: (cookie) => new VirtualBrowser(app, cookie),
      browser: new Browser(`http://127.0.0.1:${String(port)}`),
    });
  } finally {
    await new Promise((resolve) => {
      app.lower(resolve);
    });
  }
}

describe(`Sails ${releaseOf('sails')}, side by side with express-session`, () => {
  it('counts visits in virtual requests, and goes on by HTTP (B262)', () =>
    compare({ both: { counts: [1, 2, 3] } }, (side) =>
      withSails(side, async ({ virtual, browser }) => {
        const visitor = virtual();
        const counts = [(await visitor.visit('/count')).count, (await visitor.visit('/count')).count];
        browser.cookie = visitor.cookie;
        return { counts: [...counts, (await browser.look('/count')).count] };
      }),
    ));

  it('signs in and out by virtual requests (B208, B209, B252, B262)', () =>
    // The cookie of express-session goes on as it was, so that whoever has planted it is signed in.
    compare(
      {
        both: { user: 'ann', count: 1, after: null },
        theirs: { newCookie: false, planted: 'ann' },
        ours: { newCookie: true, planted: null },
      },
      (side) =>
        withSails(side, async ({ virtual }) => {
          const ann = virtual();
          await ann.visit('/count');
          const planted = virtual(ann.cookie);
          await ann.visit('/login');
          const { user, count } = await ann.visit('/look');
          const newCookie = ann.cookie !== planted.cookie;
          const { user: plantedUser } = await virtual(planted.cookie).visit('/look');
          const copy = virtual(ann.cookie);
          await ann.visit('/logout');
          const { user: after } = await copy.visit('/look');
          return { user, count, newCookie, planted: plantedUser, after };
        }),
    ));

  it('takes over a session of HTTP in virtual requests (B262)', () =>
    compare({ both: { user: 'ann', count: 1 } }, (side) =>
      withSails(side, async ({ virtual, browser }) => {
        await browser.visit('/count');
        await browser.visit('/login');
        return await virtual(browser.cookie).visit('/look');
      }),
    ));
});
