/** The middleware in Express 4 and 5. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { createGzip, gzipSync, type Gzip } from 'node:zlib';
import express5, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import onHeaders from 'on-headers';
import request from 'supertest';
import session from '../../src';
import { attributes, cookieOf, setCookie } from '../support/cookies';
import { record } from '../support/contents';
import { keys } from '../support/keys';
import { idOf } from '../support/session-tokens';
import { countVisit } from '../support/visits';
import { asStore, data } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { answerAfter } from '../support/wire';

const express4 = createRequire(__filename)('express4') as typeof express5;

/** The middleware over this store. */
function sessions(store: ForeignStore, options: session.SessionOptions = {}): RequestHandler {
  return session({ keys, store: asStore(store), ...options });
}

/** What an application does with errors at its end: 500 and the message. */
// eslint-disable-next-line @typescript-eslint/no-unused-vars -- Express knows error handlers by their four parameters
function answerErrors(error: Error, _req: Request, res: Response, _next: NextFunction): void {
  res.status(500).send(error.message);
}

/**
 * Compresses what is written, in the way of the well-known middleware: replaces `write` and `end`, and decides when the
 * headers are due.
 */
const compress: RequestHandler = (_req, res, next) => {
  const { write, end } = Object.fromEntries(
    (['write', 'end'] as const).map((name) => [
      name,
      (Reflect.get(res, name) as (...args: unknown[]) => unknown).bind(res),
    ]),
  ) as Record<'write' | 'end', (...args: unknown[]) => unknown>;
  let gzip: Gzip | undefined;
  const commit = () => {
    if (!res.headersSent) res.writeHead(res.statusCode);
  };
  onHeaders(res, () => {
    res.setHeader('Content-Encoding', 'gzip');
    res.removeHeader('Content-Length');
    gzip = createGzip();
    gzip.on('data', (bytes: Buffer) => write(bytes));
    gzip.on('end', () => end());
  });
  Object.assign(res, {
    write: (chunk: string | Buffer) => {
      commit();
      return gzip?.write(chunk);
    },
    end: (chunk?: string | Buffer | null) => {
      commit();
      if (chunk) gzip?.end(chunk);
      else gzip?.end();
      return res;
    },
  });
  next();
};

for (const [version, express] of [
  ['Express 5', express5],
  ['Express 4', express4],
] as const) {
  describe(version, () => {
    it('counts the visits of each visitor apart', async () => {
      const app = express();
      app.use(sessions(new ForeignStore()));
      app.get('/', (req, res) => void res.send(`visit ${String(countVisit(req))}`));
      const bob = await request(app).get('/');
      assert.equal(bob.text, 'visit 1');
      const alice = await request(app).get('/');
      assert.equal(alice.text, 'visit 1');
      for (const [cookie, text] of [
        [cookieOf(bob), 'visit 2'],
        [cookieOf(bob), 'visit 3'],
        [cookieOf(alice), 'visit 2'],
      ] as const) {
        assert.equal((await request(app).get('/').set('Cookie', cookie)).text, text);
      }
    });

    it('logs in under a new token and redirects to a page that knows the user', async () => {
      const store = new ForeignStore();
      const app = express();
      app.use(sessions(store), express.urlencoded({ extended: false }));
      app.get('/', (req, res) => void res.send(`hello ${data(req).user === 'bob' ? 'bob' : 'stranger'}`));
      app.get('/visit', (req, res) => void res.send(String(countVisit(req))));
      app.post('/login', (req, res, next) => {
        const { user } = req.body as { user: string };
        req.session.regenerate((error: unknown) => {
          if (error) {
            next(error);
            return;
          }
          data(req).user = user;
          req.session.save((failure: unknown) => {
            if (failure) next(failure);
            else res.redirect('/');
          });
        });
      });
      app.post('/logout', (req, res, next) => {
        req.session.destroy((error: unknown) => {
          if (error) next(error);
          else res.redirect('/');
        });
      });

      const anonymous = cookieOf(await request(app).get('/visit'));
      const login = await request(app)
        .post('/login')
        .set('Cookie', anonymous)
        .type('form')
        .send({ user: 'bob' });
      assert.equal(login.status, 302);
      assert.equal(login.headers.location, '/');
      const known = cookieOf(login);
      assert.notEqual(known, anonymous);
      assert.deepEqual([...store.records.keys()], [idOf(login)]);

      const hello = async (cookie: string) => (await request(app).get('/').set('Cookie', cookie)).text;
      assert.equal(await hello(known), 'hello bob');
      assert.equal(await hello(anonymous), 'hello stranger');

      const logout = await request(app).post('/logout').set('Cookie', known);
      assert.equal(logout.status, 302);
      assert.equal(await hello(known), 'hello stranger');
      assert.equal(store.records.size, 0);
    });

    for (const [title, answer, status, body] of [
      ['a redirect', (res: Response) => res.redirect(303, '/home'), 303, 'See Other. Redirecting to /home'],
      ['res.json', (res: Response) => void res.json({ ok: true }), 200, '{"ok":true}'],
      ['res.send', (res: Response) => void res.send('Grüße'), 200, 'Grüße'],
      ['res.sendStatus', (res: Response) => void res.sendStatus(404), 404, 'Not Found'],
      ['res.status().end', (res: Response) => void res.status(204).end(), 204, ''],
    ] as const) {
      it(`delivers ${title} with its headers, and the cookie, while the save is pending`, async () => {
        const store = new ForeignStore();
        const app = express();
        app.use((req, res, next) => {
          if (req.headers['x-plain']) next();
          else sessions(store)(req, res, next);
        });
        app.get('/', (req, res) => {
          if (!req.headers['x-plain']) data(req).user = 'bob';
          answer(res);
        });
        const pending = request(app).get('/').redirects(0).then(received);
        const ours = await answerAfter(store.hold('set'), pending);
        const plain = await request(app).get('/').redirects(0).set('X-Plain', '1');
        assert.equal(ours.status, status);
        assert.equal(ours.text, body);
        assert.ok(setCookie(ours));
        assert.equal(ours.headers['cache-control'], 'no-cache="Set-Cookie"');
        assert.match(String(ours.headers.vary), /\bCookie$/);
        assert.deepEqual(withoutOurs(ours), withoutOurs(plain));
        assert.deepEqual(methods(store), ['set']);
      });
    }

    it('answers a conditional request with 304, saves, and sends the cookie', async () => {
      const store = new ForeignStore();
      const app = express();
      app.use(sessions(store));
      app.get('/', (req, res) => {
        data(req).user = 'bob';
        res.json({ ok: true });
      });
      const { etag } = (await request(app).get('/')).headers as { etag: string };
      const answer = await request(app).get('/').set('If-None-Match', etag);
      assert.equal(answer.status, 304);
      assert.equal(answer.text, '');
      assert.equal(record(store, idOf(answer))?.user, 'bob');
    });

    for (const [title, fail] of [
      [
        'thrown in a handler',
        () => {
          throw new Error('out of order');
        },
      ],
      [
        'passed to next',
        (_req: Request, _res: Response, next: NextFunction) => {
          next(new Error('out of order'));
        },
      ],
    ] as const) {
      it(`answers an error ${title} with 500, and stores what was set before it`, async () => {
        const store = new ForeignStore();
        const app = express();
        app.use(sessions(store));
        app.get('/', (req, res, next) => {
          data(req).user = 'bob';
          fail(req, res, next);
        });
        app.use(answerErrors);
        const answer = await request(app).get('/');
        assert.equal(answer.status, 500);
        assert.equal(answer.text, 'out of order');
        assert.equal(record(store, idOf(answer))?.user, 'bob');
      });
    }

    it('answers data that no session can hold with 500, by way of the error handler (B045)', async () => {
      const store = new ForeignStore();
      const app = express();
      app.use(sessions(store));
      app.get('/', (req, res) => {
        data(req).big = 1n;
        res.send('should not be seen');
      });
      app.use(answerErrors);
      const answer = await request(app).get('/');
      assert.equal(answer.status, 500);
      assert.match(answer.text, /BigInt/);
      assert.deepEqual(methods(store), []);
    });

    it('answers a store that cannot be read with 500, and does not run the handler (B126)', async () => {
      const store = new ForeignStore();
      const app = express();
      app.use(sessions(store));
      app.get('/', (req, res) => void res.send(String(countVisit(req))));
      app.use(answerErrors);
      const cookie = cookieOf(await request(app).get('/'));
      store.failures.get = new Error('boom!');
      const answer = await request(app).get('/').set('Cookie', cookie);
      assert.equal(answer.status, 500);
      assert.equal(answer.text, 'boom!');
    });

    it('waits for asynchronous handlers that use the promises of the session (B144)', async () => {
      const store = new ForeignStore();
      const app = express();
      app.use(sessions(store));
      const login = async (req: Request, res: Response) => {
        await req.session.regenerate();
        data(req).user = 'bob';
        await req.session.save();
        res.json({ stored: store.records.has(req.sessionID) });
      };
      app.get('/', (req, res, next) => {
        login(req, res).catch(next);
      });
      const answer = await request(app).get('/');
      assert.deepEqual(answer.body, { stored: true });
      assert.equal(record(store, idOf(answer))?.user, 'bob');
      assert.equal(store.count('set'), 1);
    });

    it('gives a sub-application sessions of its own path, and none elsewhere', async () => {
      const store = new ForeignStore();
      const admin = express();
      admin.use(sessions(store, { cookie: { path: '/admin' } }));
      admin.get('/', (req, res) => void res.send(`admin ${String(countVisit(req))}`));
      const app = express();
      app.use('/admin', admin);
      app.use((req, res) => void res.send(`session: ${typeof req.session}`));

      const first = await request(app).get('/admin');
      assert.equal(first.text, 'admin 1');
      assert.equal(attributes(setCookie(first) ?? '').path, '/admin');
      const second = await request(app).get('/admin/').set('Cookie', cookieOf(first));
      assert.equal(second.text, 'admin 2');
      const outside = await request(app).get('/').set('Cookie', cookieOf(first));
      assert.equal(outside.text, 'session: undefined');
      assert.equal(setCookie(outside), undefined);
    });

    it('goes by the path the client asked for where the mounted middleware wants another (B014)', async () => {
      const app = express();
      app.use('/shop', sessions(new ForeignStore(), { cookie: { path: '/admin' } }));
      app.use((req, res) => void res.send(`session: ${typeof req.session}`));
      assert.equal((await request(app).get('/shop/admin')).text, 'session: undefined');
    });

    it('shares one session between nested routers that both use the middleware (B011)', async () => {
      const store = new ForeignStore();
      const router = express.Router();
      router.use(sessions(store));
      router.get('/', (req, res) => void res.send(String(countVisit(req))));
      const app = express();
      app.use(sessions(store), router);
      const first = await request(app).get('/');
      assert.equal(first.text, '1');
      const second = await request(app).get('/').set('Cookie', cookieOf(first));
      assert.equal(second.text, '2');
      assert.deepEqual(methods(store), ['set', 'get', 'set']);
    });

    it('delivers a piped stream whole; the cookie comes with its first part, the save before its end', async () => {
      const store = new ForeignStore();
      const app = express();
      app.use(sessions(store));
      app.get('/', (req, res) => {
        countVisit(req);
        Readable.from(['one, ', 'two, ', 'three']).pipe(res);
      });
      const answer = await answerAfter(store.hold('set'), request(app).get('/').buffer(true).then(received));
      assert.equal(answer.text, 'one, two, three');
      assert.equal(record(store, idOf(answer))?.visits, 1);
      assert.deepEqual(methods(store), ['set']);
    });

    it('delivers a file whole, and saves the session', async () => {
      const store = new ForeignStore();
      const app = express();
      app.use(sessions(store));
      app.get('/', (req, res) => {
        countVisit(req);
        res.sendFile(__filename);
      });
      const answer = await answerAfter(store.hold('set'), request(app).get('/').buffer(true).then(received));
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, readFileSync(__filename));
      assert.equal(Number(answer.headers['content-length']), (answer.body as Buffer).length);
      assert.ok(setCookie(answer));
      assert.deepEqual(methods(store), ['set']);
    });

    for (const [order, stack] of [
      ['before', (store: ForeignStore) => [compress, sessions(store)]],
      ['after', (store: ForeignStore) => [sessions(store), compress]],
    ] as const) {
      for (const [title, reply, text] of [
        [
          'one part',
          (res: Response) => void res.send('Hello, world! '.repeat(50)),
          'Hello, world! '.repeat(50),
        ],
        [
          'many parts',
          (res: Response) => void Readable.from(['one, ', 'two, ', 'three']).pipe(res),
          'one, two, three',
        ],
      ] as const) {
        it(`delivers ${title} through compression that is used ${order} the middleware`, async () => {
          const store = new ForeignStore();
          const app: Express = express();
          app.use(...stack(store));
          app.get('/', (req, res) => {
            countVisit(req);
            reply(res);
          });
          const pending = request(app).get('/').set('Accept-Encoding', 'gzip').buffer(true).then(received);
          const answer = await answerAfter(store.hold('set'), pending);
          assert.equal(answer.headers['content-encoding'], 'gzip');
          assert.equal(answer.headers['content-length'], undefined);
          assert.equal(answer.text, text);
          assert.equal(record(store, idOf(answer))?.visits, 1);
          assert.deepEqual(methods(store), ['set']);
        });
      }
    }

    it('delivers bytes that were compressed beforehand', async () => {
      const store = new ForeignStore();
      const app = express();
      app.use(sessions(store));
      app.get('/', (req, res) => {
        countVisit(req);
        res.set('Content-Encoding', 'gzip').type('text').send(gzipSync('Hello, world!'));
      });
      const answer = await answerAfter(store.hold('set'), request(app).get('/').then(received));
      assert.equal(answer.text, 'Hello, world!');
    });
  });
}

describe('Express 5 alone', () => {
  it('answers the rejection of an asynchronous handler with 500, and stores what was set before it', async () => {
    const store = new ForeignStore();
    const app = express5();
    app.use(sessions(store));
    app.get('/', async (req) => {
      data(req).user = 'bob';
      await Promise.reject(new Error('out of order'));
    });
    app.use(answerErrors);
    const answer = await request(app).get('/');
    assert.equal(answer.status, 500);
    assert.equal(answer.text, 'out of order');
    assert.equal(record(store, idOf(answer))?.user, 'bob');
  });

  it('answers a save that the store refuses with 500, where the handler awaits it (B141)', async () => {
    const store = new ForeignStore();
    const app = express5();
    // Else Express prints the late error (B129) of the second attempt at the end.
    app.set('env', 'test');
    app.use(sessions(store));
    app.get('/', async (req, res) => {
      data(req).user = 'bob';
      await req.session.save();
      res.send('should not be seen');
    });
    app.use(answerErrors);
    store.failures.set = new Error('boom!');
    const answer = await request(app).get('/');
    assert.equal(answer.status, 500);
    assert.equal(answer.text, 'boom!');
  });
});

function received(answer: request.Response): request.Response {
  return answer;
}

/** The headers of an answer that have to be the same with and without the middleware. */
function withoutOurs(answer: request.Response): Record<string, string> {
  const headers = { ...(answer.headers as Record<string, string>) };
  for (const name of ['set-cookie', 'cache-control', 'date']) Reflect.deleteProperty(headers, name);
  const vary = (headers.vary ?? '').replace(/(, )?Cookie$/, '');
  if (vary) headers.vary = vary;
  else delete headers.vary;
  return headers;
}
