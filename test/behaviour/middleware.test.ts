/** How the middleware takes a request: which obstacles it meets first, whether the path is its own, and the new session. */
import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import express, { type Request, type RequestHandler, type Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie, setCookies } from '../support/cookies';
import { debugLines } from '../support/debug-lines';
import { byHand } from '../support/by-hand';
import { keys } from '../support/keys';
import { recordNext } from '../support/next-calls';
import { serverOf, type Handler } from '../support/server';
import { countVisit, visits } from '../support/visits';
import { asStore, serve } from '../support/site';
import { ForeignStore } from '../support/stores';
import { requestText, Wire, withServer } from '../support/wire';

const express4 = createRequire(__filename)('express4') as typeof express;

/** The middleware after `prepare` has had its way with the request. */
const prepared =
  (middleware: RequestHandler, prepare: (req: Request, res: Response) => void): RequestHandler =>
  (req, res, next) => {
    prepare(req, res);
    middleware(req, res, next);
  };

/** Tells whether the request came with a session. */
const hasSession: Handler = (req, res) => {
  const present = (req as Partial<Request>).session !== undefined;
  if (present) countVisit(req);
  res.end(present ? 'session' : 'no session');
};

/** Visits `url` and tells whether there was a session; a session means a cookie, none means none. */
async function getsSession(server: Parameters<typeof request>[0], url: string): Promise<boolean> {
  const res = await request(server).get(url).expect(200);
  assert.match(res.text, /^(no )?session$/);
  assert.equal(setCookie(res) !== undefined, res.text === 'session');
  return res.text === 'session';
}

describe('the middleware, before it reads a cookie', () => {
  it('calls next at once and leaves the response alone where req.session exists (B011)', async () => {
    const middleware = session({ keys, saveUninitialized: true });
    const own = { visits: 1 };
    let nextArguments: unknown[] | undefined;
    const server = http.createServer((request_, response) => {
      const req = Object.assign(request_ as Request, { session: own });
      const res = response as Response;
      const methods = () =>
        ['end', 'write', 'writeHead', 'setHeader'].map((name): unknown => Reflect.get(res, name));
      const before = [...Reflect.ownKeys(res), ...methods()];
      middleware(req, res, (...args: unknown[]) => {
        nextArguments = args;
      });
      assert.deepEqual(nextArguments, [], 'called in the same tick, without an argument');
      assert.deepEqual([...Reflect.ownKeys(res), ...methods()], before);
      assert.equal(req.session, own);
      res.end();
    });
    const res = await request(server).get('/').expect(200);
    assert.deepEqual(setCookies(res), []);
  });

  it('does its work once where it is mounted twice (B011)', async () => {
    const store = new ForeignStore();
    const outer = session({ keys, store: asStore(store) });
    const inner = session({ keys, store: asStore(store), name: 'inner' });
    const server = serverOf((req, res, next) => {
      outer(req, res, () => {
        inner(req, res, next);
      });
    }, visits);
    const first = await request(server).get('/').expect('1');
    assert.equal(setCookies(first).length, 1);
    await request(server).get('/').set('Cookie', cookieOf(first)).expect('2');
    assert.equal(store.count('set'), 2);
  });

  describe('meets obstacles in a fixed order', () => {
    /** A middleware in front of which all obstacles but those removed are set up. */
    async function obstructed(without: ('session' | 'store' | 'path' | 'keys')[]) {
      const store = new ForeignStore();
      const removed = (name: (typeof without)[number]) => without.includes(name);
      let pathTests = 0;
      const cookie = () => {
        pathTests++;
        return { path: removed('path') ? '/' : '/elsewhere' };
      };
      const middleware = recordNext(
        session({ store: asStore(store), cookie, ...(removed('keys') ? { keys } : {}) }),
      );
      if (!removed('store')) store.emit('disconnect');
      const own = { visits: 1 };
      let seen: Record<string, unknown> = {};
      const server = serverOf(
        prepared(middleware, (req) => {
          if (!removed('session')) Object.assign(req, { session: own });
        }),
        (req, res) => {
          seen = {
            ...Object.fromEntries(Object.entries(req).filter(([name]) => name.startsWith('session'))),
          };
          res.end();
        },
      );
      let res: request.Response | undefined;
      const lines = await debugLines(async () => {
        res = await request(server).get('/');
      });
      assert(res);
      return { res, seen, own, pathTests, lines: lines.join('\n'), nextArguments: middleware.calls[0] };
    }

    it('first a session that is there already (B012, B257)', async () => {
      const { res, seen, own, pathTests, lines, nextArguments } = await obstructed([]);
      assert.equal(res.status, 200);
      assert.deepEqual(nextArguments, []);
      assert.deepEqual(seen, { session: own });
      assert.equal(pathTests, 0);
      assert.match(lines, /^two session middlewares run on one request[^\n]*$/);
    });

    it('second a store that is disconnected (B012)', async () => {
      const { res, seen, pathTests, lines, nextArguments } = await obstructed(['session']);
      assert.equal(res.status, 200);
      assert.deepEqual(nextArguments, []);
      assert.deepEqual(seen, {});
      assert.equal(pathTests, 0);
      assert.match(lines, /disconnected/);
    });

    it('third a path that does not match (B012)', async () => {
      const { res, seen, pathTests, lines, nextArguments } = await obstructed(['session', 'store']);
      assert.equal(res.status, 200);
      assert.deepEqual(nextArguments, []);
      assert.deepEqual(seen, {});
      assert.equal(pathTests, 1);
      assert.match(lines, /mismatch/);
    });

    it('fourth missing keys, which are an error (B012)', async () => {
      const { res, nextArguments } = await obstructed(['session', 'store', 'path']);
      assert.equal(res.status, 500);
      assert.equal(nextArguments?.length, 1);
      assert.match((nextArguments[0] as Error).message, /keys.*required/);
    });

    it('and with none of them makes a session (B012)', async () => {
      const { res, seen, nextArguments } = await obstructed(['session', 'store', 'path', 'keys']);
      assert.equal(res.status, 200);
      assert.deepEqual(nextArguments, []);
      assert(seen.session instanceof session.Session);
    });
  });
});

describe('the path of the cookie', () => {
  const under = (path: string) => session({ keys, cookie: { path } });

  const frameworks: [label: string, framework: typeof express][] = [
    ['Express 5', express],
    ['Express 4', express4],
  ];
  for (const [label, framework] of frameworks) {
    it(`is compared with the full URL where ${label} mounts the middleware (B014)`, async () => {
      const app = framework();
      app.use('/foo', under('/foo/bar'));
      app.use('/foo', hasSession);
      assert.equal(await getsSession(app, '/foo/bar'), true);
      assert.equal(await getsSession(app, '/foo/foo/bar'), false);
    });
  }

  const admin = serverOf(under('/admin'), hasSession);
  for (const url of ['/admin', '/admin/', '/admin/x', '/admin?x']) {
    it(`lets ${url} in where it is /admin (B015)`, async () => {
      assert.equal(await getsSession(admin, url), true);
    });
  }
  for (const url of ['/administrator', '/Admin', '/x?/admin', '/x/admin', '/']) {
    it(`keeps ${url} out where it is /admin (B015)`, async () => {
      assert.equal(await getsSession(admin, url), false);
    });
  }

  it('ends at a slash of its own (B015)', async () => {
    const server = serverOf(under('/admin/'), hasSession);
    assert.equal(await getsSession(server, '/admin/'), true);
    assert.equal(await getsSession(server, '/admin/x'), true);
    assert.equal(await getsSession(server, '/admin'), false);
  });

  for (const [form, url, expected] of [
    ['the absolute form, as proxies get it', 'http://localhost/x', true],
    ['the asterisk form, for the whole server', '*', false],
  ] as const) {
    it(`is compared with the path of a request target in ${form} (B016)`, async () => {
      const targeted = prepared(session({ keys }), (req) => {
        req.url = url;
      });
      assert.equal(await getsSession(serverOf(targeted, hasSession), '/'), expected);
    });
  }

  for (const target of ['http://[::1', 'http://%zz/x', 'http://[', '//[::1', '//', '/%', '*']) {
    it(`is not an error for the target ${target}, as a server without Express gets it (B015, B016)`, async () => {
      for (const path of ['/', '/admin']) {
        const server = serverOf(session({ keys, cookie: { path } }), hasSession);
        await withServer(server, async (port) => {
          const answered = await new Wire(port, requestText('GET', target)).closed;
          assert.match(answered, /^HTTP\/1\.1 200 [^]*session/);
          if (path === '/admin') assert.match(answered, /no session/);
        });
        assert.deepEqual(server.lateErrors, []);
      }
    });
  }

  it('does not match an empty req.url unless it is / (B016)', async () => {
    const emptied = prepared(under('/admin'), (req) => {
      req.url = '';
    });
    assert.equal(await getsSession(serverOf(emptied, hasSession), '/'), false);
  });

  describe('from a function', () => {
    async function errorOf(cookie: () => unknown) {
      const options = { keys, cookie } as session.SessionOptions;
      const middleware = recordNext(session(options));
      let handled = false;
      const server = serverOf(middleware, (_, res) => {
        handled = true;
        res.end();
      });
      const res = await request(server).get('/').expect(500);
      assert.equal(setCookie(res), undefined);
      assert.equal(handled, false);
      assert.equal(middleware.calls.length, 1);
      return middleware.calls[0]?.[0];
    }

    it('that throws reaches next (B017)', async () => {
      const error = new Error('boom!');
      const thrown = await errorOf(() => {
        throw error;
      });
      assert.equal(thrown, error);
    });

    for (const value of [undefined, null, 42, '/foo', true]) {
      it(`that returns ${String(value)} reaches next as an error (B017)`, async () => {
        const error = await errorOf(() => value);
        assert(error instanceof Error);
        assert.match(error.message, /cookie/);
      });
    }
  });
});

describe('a new session', () => {
  it('is a Session with a Cookie for its only own key (B030)', async () => {
    const { visit } = await serve({}, (req, res) => {
      assert(req.session instanceof session.Session);
      assert.deepEqual(Object.keys(req.session), ['cookie']);
      assert(req.session.cookie instanceof session.Cookie);
      res.end();
    });
    await visit('/');
  });

  it('has a cookie of its own, made from a copy of the options (B030)', async () => {
    const cookie = { path: '/', maxAge: 60_000, sameSite: 'lax' as const };
    const seen: unknown[] = [];
    const { visit } = await serve({ cookie }, (req, res) => {
      const { path, originalMaxAge, sameSite, domain } = req.session.cookie;
      seen.push({ path, originalMaxAge, sameSite, domain });
      Object.assign(req.session.cookie, {
        path: '/x',
        maxAge: 1000,
        sameSite: 'none',
        domain: 'example.test',
      });
      res.end();
    });
    await visit('/');
    await visit('/');
    const fresh = { path: '/', originalMaxAge: 60_000, sameSite: 'lax', domain: undefined };
    assert.deepEqual(seen, [fresh, fresh]);
    assert.deepEqual(cookie, { path: '/', maxAge: 60_000, sameSite: 'lax' });
  });

  describe('that cannot be generated once the store has answered', () => {
    let isAsked = false;
    const boom = () => {
      throw new Error('boom!');
    };
    const failing: [label: string, options: object, message: RegExp][] = [
      [
        'for a bad cookie option',
        { cookie: () => ({ maxAge: isAsked ? 'soon' : 5000 }) },
        /^cookie\.maxAge option must be a number/,
      ],
      ['because genid throws', { genid: boom }, /boom!/],
      ['because jwtFromReq throws', { jwtFromReq: boom }, /boom!/],
    ];
    for (const [label, options, message] of failing) {
      it(`is an error for next, ${label} (B031)`, async () => {
        const store = new ForeignStore();
        const middleware = recordNext(session({ keys, store: asStore(store), ...options }));
        const server = serverOf(middleware, () => assert.fail('the handler must not run'));
        isAsked = false;
        const get = store.get.bind(store);
        store.get = (...args) => {
          isAsked = true;
          get(...args);
        };
        const res = await request(server).get('/').set('Cookie', `connect.sid=${byHand()}`).expect(500);
        assert.match(res.text, message);
        assert.equal(store.count('get'), 1);
        assert.equal(middleware.calls.length, 1);
        assert(middleware.calls[0]?.[0] instanceof Error);
      });
    }
  });
});
