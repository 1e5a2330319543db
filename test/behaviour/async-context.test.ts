// The values of AsyncLocalStorage are there wherever an application's code runs, whatever a store's client loses.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from 'express';
import express from 'express';
import request from 'supertest';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf } from '../support/cookies';
import { keys } from '../support/keys';
import { serverOf, type Handler } from '../support/server';
import { asStore, data } from '../support/site';
import { ForeignStore } from '../support/stores';

type Callback = (error?: unknown, value?: unknown) => void;

/** Answers for all clients of the store, in a context that belongs to none of them. */
class Connection {
  readonly #queue: (() => void)[] = [];
  readonly #timer = setInterval(() => {
    for (const answer of this.#queue.splice(0)) answer();
  }, 1);

  answer(callback: () => void): void {
    this.#queue.push(callback);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** The same store, whose answers come from the connection. */
function losing<T extends ForeignStore>(store: T, connection: Connection): T {
  for (const name of ['get', 'set', 'touch', 'destroy', 'compareAndSet']) {
    const method = Reflect.get(store, name) as ((...args: unknown[]) => void) | undefined;
    if (!method) continue;
    Reflect.set(store, name, (...args: unknown[]) => {
      const callback = args.pop() as Callback;
      method.call(store, ...args, (...answer: Parameters<Callback>) => {
        connection.answer(() => {
          callback(...answer);
        });
      });
    });
  }
  return store;
}

const local = new AsyncLocalStorage<{ url: string }>();

/** Puts the URL into the context of the request, in front of the middleware. */
const running =
  (middleware: RequestHandler): RequestHandler =>
  (req, res, next) => {
    local.run({ url: req.url }, () => {
      middleware(req, res, next);
    });
  };

/** A method of the session with a callback, and with a promise. */
const methods = ['save', 'reload', 'regenerate', 'destroy', 'renewToken', 'touch'] as const;

describe('the context of a request', () => {
  let connection: Connection;
  beforeEach(() => {
    connection = new Connection();
  });
  afterEach(() => {
    connection.close();
  });

  const stores = [
    ['a store', () => new ForeignStore()],
    ['a store with compareAndSet', () => new ComparingStore()],
  ] as const;

  /** What each place of the request sees. */
  const walk =
    (method: (typeof methods)[number], places: Record<string, string | undefined>): Handler =>
    async (req, res) => {
      const note = (place: string): void => {
        places[place] = local.getStore()?.url;
      };
      note('handler');
      data(req).count = Number(data(req).count ?? 0) + 1;
      if (method === 'touch') req.session.touch();
      else {
        if (method === 'reload' || method === 'renewToken') await req.session.save();
        note('after await of save');
        await new Promise<void>((resolve, reject) => {
          void req.session[method]((error: unknown) => {
            note('callback');
            if (error instanceof Error) reject(error);
            else resolve();
          });
        });
        note('after its promise');
        const again = (req as { session?: typeof req.session }).session;
        if (again) {
          data(req).count = Number(data(req).count ?? 0) + 1;
          if (method === 'reload') await again.save();
          await again[method]();
          note('after await');
        }
      }
      res.once('finish', () => {
        note('finish');
      });
      res.end('done', () => {
        note('callback of end');
      });
    };

  for (const [kind, create] of stores) {
    for (const method of methods) {
      it(`is there in the handler, in callbacks and after await of ${method}, on ${kind} that loses it (B255)`, async () => {
        const store = losing(create(), connection);
        const places: Record<string, string | undefined> = {};
        const middleware = session({ keys, store: asStore(store), unset: 'destroy' });
        const start: Handler = (req, res) => {
          data(req).count = 0;
          res.end();
        };
        const server = serverOf(running(middleware), (req, res) =>
          req.url === '/start' ? start(req, res) : walk(method, places)(req, res),
        );
        const cookie = cookieOf(await request(server).get('/start'));
        await request(server).get(`/${method}`).set('Cookie', cookie).expect(200, 'done');
        for (const [place, seen] of Object.entries(places)) assert.equal(seen, `/${method}`, place);
        assert.ok('handler' in places && 'finish' in places);
        if (method !== 'touch') assert.ok('callback' in places);
        if (method !== 'touch' && method !== 'destroy') assert.ok('after await' in places);
        assert.deepEqual(server.lateErrors, []);
      });
    }

    it(`is lost by ${kind} itself, so that these tests mean something (B255)`, async () => {
      const store = losing(create(), connection);
      const seen = await new Promise((resolve) => {
        local.run({ url: '/' }, () => {
          store.get('id', () => {
            resolve(local.getStore());
          });
        });
      });
      assert.equal(seen, undefined);
    });

    it(`is that of each request, where several write the same session on ${kind} (B255)`, async () => {
      const store = losing(create(), connection);
      const seen: [string, string | undefined][] = [];
      const middleware = session({ keys, store: asStore(store), merge: true });
      const server = serverOf(running(middleware), async (req, res) => {
        data(req)[req.url.slice(1)] = true;
        await req.session.save();
        seen.push([req.url, local.getStore()?.url]);
        res.end();
      });
      const cookie = cookieOf(await request(server).get('/start'));
      seen.length = 0;
      await Promise.all(
        ['/a', '/b', '/c', '/d'].map((url) => request(server).get(url).set('Cookie', cookie)),
      );
      assert.equal(seen.length, 4);
      for (const [url, local] of seen) assert.equal(local, url);
    });
  }

  it('is there in error handlers, for errors before the handler and late ones (B255, B129)', async () => {
    const seen: [string, string | undefined][] = [];
    for (const failing of ['get', 'set'] as const) {
      const store = losing(new ForeignStore(), connection);
      const app = express();
      app.use(running(session({ keys, store: asStore(store) })));
      app.get('/{*path}', (req, res) => {
        data(req).user = 'bob';
        res.end();
      });
      const told = new Promise<void>((resolve) => {
        // eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express knows error handlers by their four parameters
        app.use((error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
          seen.push([error.message, local.getStore()?.url]);
          if (!res.headersSent) res.end();
          resolve();
        });
      });
      const cookie = cookieOf(await request(app).get('/start'));
      store.failures[failing] = new Error(failing);
      await request(app)
        .get(`/${failing}`)
        .set('Cookie', failing === 'get' ? cookie : '');
      await told;
    }
    assert.deepEqual(seen, [
      ['get', '/get'],
      ['set', '/set'],
    ]);
  });

  it('is there in what the middleware asks of the application (B255)', async () => {
    const store = losing(new ForeignStore(), connection);
    const seen: [string, string | undefined][] = [];
    const note = (place: string): void => {
      seen.push([place, local.getStore()?.url]);
    };
    const middleware = session({
      store: asStore(store),
      keysProvider: (_req, _token, done) => {
        note('keysProvider');
        connection.answer(() => {
          done(null, keys);
        });
      },
      genid: () => {
        note('genid');
        return Math.random().toString(36);
      },
      jwtFromReq: () => {
        note('jwtFromReq');
        return { role: 'guest' };
      },
      cookie: () => {
        note('cookie');
        return {};
      },
    });
    const server = serverOf(running(middleware), async (req, res) => {
      note('handler');
      data(req).user = 'bob';
      await req.session.regenerate();
      data(req).user = 'alice';
      res.end();
    });
    await request(server).get('/asked').expect(200);
    assert.deepEqual([...new Set(seen.map(([place]) => place))].sort(), [
      'cookie',
      'genid',
      'handler',
      'jwtFromReq',
      'keysProvider',
    ]);
    for (const [place, url] of seen) assert.equal(url, '/asked', place);
  });
});
