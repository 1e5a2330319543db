/** The option saveErrors: a session that could not be saved leads to the error page. */
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { once } from 'node:events';
import { RedisStore } from 'connect-redis';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import { createClient } from 'redis';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie, setCookies } from '../support/cookies';
import { skipWithout, type DatabaseServer } from '../support/database-server';
import { keys } from '../support/keys';
import { legacySecret, startLegacySession } from '../support/legacy';
import { lateErrors } from '../support/late-errors';
import { redisProgram, startRedis } from '../support/redis';
import { createHttp2Server, listen, type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { countVisit, visits } from '../support/visits';
import { asStore, claimsOfSession, data, routes, serve } from '../support/site';
import { ForeignStore, SyncStore } from '../support/stores';
import { roundTrip } from '../support/wire';

const boom = () => new Error('boom!');

/** Pages that end in every way, with headers of theirs. */
const pages: Record<string, Handler> = {
  '/': visits,
  '/read': visits,
  '/unset': (req, res) => {
    Object.assign(req, { session: null });
    res.end('signed out');
  },
  '/headers': (req, res) => {
    res.setHeader('Content-Type', 'text/csv');
    res.setHeader('Content-Length', '1');
    res.setHeader('ETag', '"a"');
    res.setHeader('Cache-Control', 'public, max-age=60');
    res.setHeader('Location', '/next');
    res.setHeader('X-Frame-Options', 'DENY');
    res.setHeader('Set-Cookie', 'theme=dark');
    res.statusCode = 302;
    res.statusMessage = 'Over There';
    res.end(String(countVisit(req)).slice(0, 1));
  },
  '/head': (req, res) => {
    countVisit(req);
    res.writeHead(302, 'Over There', { Location: '/next' });
    res.end('moved');
  },
  '/head-without-message': (req, res) => {
    countVisit(req);
    res.writeHead(201);
    res.end('made');
  },
  '/write': (req, res) => {
    countVisit(req);
    res.write('one ');
    res.end('two');
  },
  '/flush': (req, res) => {
    countVisit(req);
    res.flushHeaders();
    res.end('flushed');
  },
  '/write-slowly': async (req, res) => {
    countVisit(req);
    res.write('one ');
    await roundTrip();
    res.end('two');
  },
  '/flush-slowly': async (req, res) => {
    countVisit(req);
    res.flushHeaders();
    await roundTrip();
    res.end('flushed');
  },
  '/status': (req, res) => {
    countVisit(req);
    res.statusCode = 99;
    res.end('never');
  },
};

function start(store: object, options: session.SessionOptions = {}) {
  return serve({ store, saveErrors: 'respond', ...options }, pages);
}

describe("saveErrors: 'respond'", () => {
  it('answers with the error page where a session could not be saved, and sets no cookie', async () => {
    const store = new ForeignStore();
    const site = await start(store);
    store.failures.set = boom();
    const res = await site.get('/');
    assert.deepEqual([res.status, res.text], [500, 'boom!']);
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(await lateErrors(site), []);
    assert.equal(store.count('set'), 1, 'the error page saved once more');
  });

  it('answers as ever where all is well', async () => {
    const site = await start(new ForeignStore());
    const first = await site.visit('/');
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    for (const [path, status, text] of [
      ['/head', 302, 'moved'],
      ['/head-without-message', 201, 'made'],
      ['/write', 200, 'one two'],
      ['/flush', 200, 'flushed'],
      ['/headers', 302, '7'],
    ] as const) {
      const res = await site.get(path, cookieOf(first));
      assert.deepEqual([res.status, res.text], [status, text], path);
    }
    assert.equal((await site.visit('/read', cookieOf(first))).text, '7');
  });

  it('says nothing of the body that is not sent, and keeps other headers', async () => {
    const store = new ForeignStore();
    const site = await start(store);
    store.failures.set = boom();
    const res = await site.get('/headers');
    assert.deepEqual([res.status, res.text], [500, 'boom!']);
    const { headers } = res;
    for (const name of ['content-type', 'etag', 'cache-control', 'location']) {
      assert.equal(headers[name], undefined, name);
    }
    assert.notEqual(headers['content-length'], '1');
    assert.equal(headers['x-frame-options'], 'DENY');
    assert.deepEqual(setCookies(res), ['theme=dark']);
  });

  it('withdraws a head that was written, but has not left', async () => {
    const store = new ForeignStore();
    const site = await start(store);
    store.failures.set = boom();
    for (const path of ['/head', '/head-without-message']) {
      const res = await site.get(path);
      assert.deepEqual([res.status, res.text, res.headers.location], [500, 'boom!', undefined]);
      assert.equal(setCookie(res), undefined);
    }
  });

  for (const [path, text] of [
    ['/write', 'one two'],
    ['/flush', 'flushed'],
  ] as const) {
    it(`answers with the error page where the end came in the same tick: ${path} (B259)`, async () => {
      const store = new ForeignStore();
      const site = await start(store);
      store.failures.set = boom();
      const res = await site.get(path);
      assert.deepEqual([res.status, res.text, setCookie(res)], [500, 'boom!', undefined]);
    });

    it(`comes late where a part of the response has left: ${path}-slowly`, async () => {
      const store = new ForeignStore();
      const site = await start(store);
      const cookie = cookieOf(await site.visit('/'));
      store.failures.set = boom();
      const res = await site.get(`${path}-slowly`, cookie);
      assert.deepEqual([res.status, res.text], [200, text]);
      assert.deepEqual(await lateErrors(site), ['boom!']);
    });

    it(`ends the connection where the stream carries the token of what is not stored: ${path}-slowly (B259)`, async () => {
      const store = new ForeignStore();
      const site = await start(store);
      store.failures.set = boom();
      await assert.rejects(site.get(`${path}-slowly`), /socket hang up|ECONNRESET/);
      assert.deepEqual(await lateErrors(site), ['boom!']);
    });
  }

  it('answers with the error page where unset: destroy could not destroy', async () => {
    const store = new ForeignStore();
    const site = await start(store, { unset: 'destroy' });
    const cookie = cookieOf(await site.visit('/'));
    store.failures.destroy = boom();
    const res = await site.get('/unset', cookie);
    assert.deepEqual([res.status, res.text, setCookie(res)], [500, 'boom!', undefined]);
  });

  it('leaves a response alone whose touch failed, or threw', async () => {
    const store = new ForeignStore();
    const site = await start(store);
    const cookie = cookieOf(await site.visit('/'));
    store.failures.touch = boom();
    assert.equal((await site.visit('/read', cookie)).text, '1');
    store.touch = () => {
      throw new Error('thrown');
    };
    assert.equal((await site.visit('/read', cookie)).text, '1');
    assert.deepEqual(await lateErrors(site), ['boom!', 'thrown']);
  });

  it('takes a store that answers at once, or throws', async () => {
    const store = new SyncStore();
    const site = await start(store);
    const cookie = cookieOf(await site.visit('/'));
    assert.equal((await site.visit('/', cookie)).text, '2');
    const save = store.set.bind(store);
    store.set = (_id, _data, callback) => callback?.(boom());
    assert.deepEqual((await site.get('/', cookie)).text, 'boom!');
    store.set = () => {
      throw new Error('thrown');
    };
    const res = await site.get('/head', cookie);
    assert.deepEqual([res.status, res.text, setCookie(res)], [500, 'thrown', undefined]);
    store.set = save;
    assert.equal((await site.visit('/read', cookie)).text, '2');
  });

  it('answers with the error page what Node refuses to send once the session is saved', async () => {
    const site = await start(new ForeignStore());
    const res = await site.get('/status');
    assert.equal(res.status, 500);
    assert.match(res.text, /status code/i);
  });

  it('ends nothing twice: an end during the failure is ignored', async () => {
    const store = new ForeignStore();
    store.failures.set = boom();
    const again: unknown[] = [];
    const site = await serve(
      { store, saveErrors: 'respond' },
      {
        '/': (req, res) => {
          countVisit(req);
          res.end('first');
          again.push(res.end('second'));
        },
      },
    );
    assert.deepEqual((await site.get('/')).text, 'boom!');
    assert.deepEqual(again, [false]);
  });

  it('leaves the client its working cookie: a session with new claims, and one of express-session', async () => {
    const store = new ForeignStore();
    const site = await serve(
      {
        store,
        saveErrors: 'respond',
        secret: legacySecret,
        jwtFromReq: claimsOfSession,
      },
      {
        ...pages,
        '/login': (req, res) => {
          data(req).user = 'ann';
          res.end('hello');
        },
      },
    );
    const first = await site.visit('/');
    const legacy = await startLegacySession(store, { visits: 4 });
    store.failures.set = boom();
    for (const res of [await site.get('/login', cookieOf(first)), await site.get('/', legacy.cookie)]) {
      assert.deepEqual([res.status, setCookie(res)], [500, undefined]);
    }
    Reflect.deleteProperty(store.failures, 'set');
    assert.equal((await site.visit('/read', cookieOf(first))).text, '1');
    assert.equal((await site.visit('/read', legacy.cookie)).text, '4');
    assert.ok(store.records.has(idOf(first)));
    assert.ok(store.records.has(legacy.id));
  });

  it('works over HTTP/2, with a head that was written and without', async () => {
    const store = new ForeignStore();
    const server = createHttp2Server({ store: asStore(store), saveErrors: 'respond' }, routes(pages));
    const client = http2.connect(`http://127.0.0.1:${String(await listen(server))}`);
    const get = async (path: string) => {
      const stream = client.request({ ':path': path });
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      return [headers[':status'], text, headers['set-cookie']];
    };
    try {
      assert.deepEqual((await get('/head')).slice(0, 2), [302, 'moved']);
      store.failures.set = boom();
      for (const path of ['/', '/head']) assert.deepEqual(await get(path), [500, 'boom!', undefined]);
    } finally {
      client.close();
      server.close();
    }
  });

  for (const saveErrors of ['respond ', true, null]) {
    it(`is refused with another value: ${JSON.stringify(saveErrors)}`, () => {
      assert.throws(() => session({ saveErrors: saveErrors as 'late' }), {
        name: 'TypeError',
        message: 'saveErrors option must be "late" or "respond"',
      });
    });
  }
});

describe('storeTimeout and saveErrors on a Redis that does not answer', () => {
  let server: DatabaseServer;

  before(async function () {
    this.timeout(30_000);
    if (!redisProgram) skipWithout(this, 'no redis: apt-get install redis-server');
    server = await startRedis();
  });

  after(async () => {
    // Where there is no Redis nothing was started.
    if (redisProgram) await server.remove();
  });

  it('gives error pages while it is away, and serves the sessions again once it is back', async function () {
    this.timeout(30_000);
    const client = createClient({ url: server.url, socket: { reconnectStrategy: 20 } });
    client.on('error', () => undefined);
    await client.connect();
    const seen: string[] = [];
    const app = express();
    app.use(session({ keys, store: new RedisStore({ client }), storeTimeout: 500, saveErrors: 'respond' }));
    const count: RequestHandler = (req, res) => void res.send(String(countVisit(req)));
    const stopThenCount: RequestHandler = async (req, res) => {
      await server.stop('SIGKILL');
      res.cookie('theme', 'dark').redirect(302, `/${String(countVisit(req))}`);
    };
    const errorPage: ErrorRequestHandler = (error: { code?: string; message: string }, _, res, next) => {
      seen.push(error.code ?? error.message);
      if (res.headersSent) next(error);
      else res.status(503).send('Sorry');
    };
    app.get('/', count);
    app.get('/stop', stopThenCount);
    app.use(errorPage);
    try {
      const first = await request(app).get('/').expect(200, '1');
      const lost = await request(app).get('/stop').set('Cookie', cookieOf(first)).expect(503, 'Sorry');
      assert.equal(lost.headers.location, undefined);
      assert.equal(setCookie(lost), undefined);
      await request(app).get('/').set('Cookie', cookieOf(first)).expect(503, 'Sorry');
      const stranger = await request(app).get('/').expect(503, 'Sorry');
      assert.equal(setCookie(stranger), undefined);
      assert.ok(seen.includes('ETIMEDOUT'), seen.join());
      const ready = new Promise((resolve) => client.once('ready', resolve));
      await server.start();
      await ready;
      const again = await request(app).get('/').set('Cookie', cookieOf(first)).expect(200);
      assert.ok(Number(again.text) >= 2, again.text);
    } finally {
      client.destroy();
    }
  });
});
