/** No byte leaves before the session is stored, seen from a raw socket and from HTTP/2 frames. */
import assert from 'node:assert/strict';
import http from 'node:http';
import express, { type Express, type RequestHandler } from 'express';
import expressSession from 'express-session';
import session from '../../src';
import { cookieOf } from '../support/cookies';
import { keys } from '../support/keys';
import { createHttp2Server, type Handler } from '../support/server';
import { asStore, data, serve, turn } from '../support/site';
import { ComparingStore } from '../support/comparing-store';
import { ForeignStore, forExpressSession } from '../support/stores';
import {
  Http2Exchange,
  parseRaw,
  ping,
  requestText,
  roundTrip,
  Wire,
  withHttp2Client,
  withServer,
} from '../support/wire';

/** The replies that a browser acts on at once, by path, and what they must look like in the end. */
const replies: [path: string, title: string, status: number, body: string][] = [
  ['/redirect', 'a redirect', 302, 'Found. Redirecting to /home'],
  ['/empty', 'a 204', 204, ''],
  ['/json', 'a JSON reply', 200, '{"ok":true}'],
];

/** An Express application with these replies, each of which logs somebody in first. */
function application(middleware: RequestHandler): Express {
  const app = express();
  app.use(middleware);
  app.use((req, _, next) => {
    data(req).user = 'bob';
    next();
  });
  app.get('/redirect', (_, res) => res.redirect('/home'));
  app.get('/empty', (_, res) => void res.status(204).end());
  app.get('/json', (_, res) => void res.json({ ok: true }));
  return app;
}

/** The same replies without Express, which does not speak HTTP/2. */
const plainReplies: Handler = (req, res) => {
  data(req).user = 'bob';
  if (req.url === '/redirect') {
    res.statusCode = 302;
    res.setHeader('location', '/home');
    res.end('Found. Redirecting to /home');
  } else if (req.url === '/empty') {
    res.statusCode = 204;
    res.end();
  } else {
    res.setHeader('content-type', 'application/json');
    res.end(JSON.stringify({ ok: true }));
  }
};

/**
 * What a raw socket has received while the store holds the session back, and in the end. Early bytes are not looked for
 * before they had the time to arrive.
 */
async function watch(
  app: Express,
  store: ForeignStore,
  path: string,
): Promise<{ early: string; whole: string }> {
  const held = store.hold('set');
  return withServer(http.createServer(app), async (port) => {
    const wire = new Wire(port, requestText('GET', path));
    await held.reached;
    await roundTrip();
    const early = wire.received;
    assert.equal(store.records.size, 0, 'the session is not stored yet');
    held.release();
    return { early, whole: await wire.closed };
  });
}

/** A store that needs 300 ms to store a session, and tells when it has. */
function slowStore(stored: () => void): ForeignStore {
  const store = new ForeignStore();
  const set = store.set.bind(store);
  store.set = (id, record, callback) => {
    setTimeout(() => {
      set(id, record, (...args) => {
        stored();
        callback?.(...args);
      });
    }, 300);
  };
  return store;
}

describe('a raw socket', () => {
  for (const [path, title, status, body] of replies) {
    it(`sees no byte of ${title} before the session is stored (B037, B052)`, async () => {
      const store = new ForeignStore();
      const app = application(session({ keys, store: asStore(store) }));
      const { early, whole } = await watch(app, store, path);
      assert.equal(early, '');
      assert.match(whole, new RegExp(`^HTTP/1\\.1 ${String(status)} `));
      assert.match(whole, /\r\nSet-Cookie: connect\.sid=ey/);
      assert.equal(parseRaw(whole).body, body);
      assert.equal(store.records.size, 1);
    });

    it(`sees no byte of ${title} before a store that takes 300 ms has answered (B037, B052)`, async () => {
      const events: string[] = [];
      const store = slowStore(() => events.push('stored'));
      const server = http.createServer(application(session({ keys, store: asStore(store) })));
      await withServer(server, async (port) => {
        const wire = new Wire(port, requestText('GET', path));
        const start = performance.now();
        const first = wire.until('H').then(() => events.push('first byte'));
        assert.equal(parseRaw(await wire.closed).body, body);
        await first;
        assert.deepEqual(events, ['stored', 'first byte']);
        // Timers may fire a millisecond early.
        assert.ok(performance.now() - start >= 298);
      });
    });
  }

  it('sees no byte of a 304, of the answer to a HEAD, nor of a body of some size before that (B037, B052)', async () => {
    for (const [method, status, body] of [
      ['GET', 304, ''],
      ['HEAD', 200, ''],
      ['GET', 200, 'x'.repeat(200_000)],
    ] as const) {
      const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
        data(req).user = 'bob';
        res.statusCode = status;
        res.end(body);
      });
      const held = store.hold('set');
      const wire = new Wire(port, requestText(method));
      await held.reached;
      await roundTrip();
      assert.equal(wire.received, '');
      held.release();
      assert.equal(parseRaw(await wire.closed).body, body);
    }
  });

  for (const [title, create, options] of [
    ['where it may write the whole record', () => new ForeignStore(), {}],
    ['with awaitTouch', () => new ComparingStore(), { awaitTouch: true }],
    ['of a response with a cookie', () => new ComparingStore(), { rolling: true }],
  ] as const) {
    it(`sees no byte before a touch is through, ${title} (B037, B052)`, async () => {
      const { port, store, visit } = await serve({ store: create(), ...options }, (req, res) => {
        if (req.url === '/start') data(req).user = 'bob';
        res.end('body');
      });
      const cookie = cookieOf(await visit('/start'));
      const held = store.hold('touch');
      const wire = new Wire(port, requestText('GET', '/', { Cookie: cookie }));
      await held.reached;
      await roundTrip();
      assert.equal(wire.received, '');
      held.release();
      assert.equal(parseRaw(await wire.closed).body, 'body');
    });
  }

  it('sees a whole response without a cookie while a touch that moves the expiry only is under way (B052)', async () => {
    const { port, store, visit } = await serve({ store: new ComparingStore() }, (req, res) => {
      if (req.url === '/start') data(req).user = 'bob';
      res.end('body');
    });
    const cookie = cookieOf(await visit('/start'));
    const held = store.hold('touch');
    const wire = new Wire(port, requestText('GET', '/', { Cookie: cookie }));
    assert.equal(parseRaw(await wire.closed).body, 'body');
    await held.reached;
    held.release();
  });

  it('sees no byte to a client of HTTP/1.0 before that either (B037, B052)', async () => {
    const { port, store } = await serve({ store: new ForeignStore() }, plainReplies);
    const held = store.hold('set');
    const wire = new Wire(port, requestText('GET', '/json', {}, '1.0'));
    await held.reached;
    await roundTrip();
    assert.equal(wire.received, '');
    held.release();
    assert.equal(parseRaw(await wire.closed).body, '{"ok":true}');
  });

  it('sees the answer even where the store fails, and not before (B037, B128)', async () => {
    const { port, server, store } = await serve({ store: new ForeignStore() }, plainReplies);
    const held = store.hold('set');
    store.failures.set = new Error('boom!');
    const wire = new Wire(port, requestText('GET', '/json'));
    await held.reached;
    await roundTrip();
    assert.equal(wire.received, '');
    held.release();
    assert.equal(parseRaw(await wire.closed).body, '{"ok":true}');
    assert.deepEqual(
      server.lateErrors.map((error) => error.message),
      ['boom!'],
    );
  });

  it('sees early bytes of express-session by the same check, so that the check can fail', async () => {
    for (const [path, early] of [
      [
        '/redirect',
        /^HTTP\/1\.1 302 Found\r\n[^]*\r\nLocation: \/home\r\n[^]*\r\n\r\nFound\. Redirecting to \/hom$/,
      ],
      ['/json', /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n\{"ok":true$/],
    ] as const) {
      const store = new ForeignStore();
      const app = application(
        expressSession({
          secret: 'keyboard cat',
          resave: false,
          saveUninitialized: false,
          store: forExpressSession(store),
        }),
      );
      assert.match((await watch(app, store, path)).early, early);
    }
  });
});

describe('an HTTP/2 client', () => {
  for (const [path, title, status, body] of replies) {
    it(`gets no HEADERS frame of ${title} before the session is stored (B037, B052)`, async () => {
      const store = new ForeignStore();
      const held = store.hold('set');
      await withHttp2Client(createHttp2Server({ store: asStore(store) }, plainReplies), async (client) => {
        const exchange = new Http2Exchange(client, { ':path': path });
        await held.reached;
        await ping(client);
        assert.equal(exchange.headerFrames, 0);
        assert.equal(exchange.body, '');
        held.release();
        await exchange.done;
        assert.equal(exchange.headerFrames, 1);
        assert.equal(exchange.headers[':status'], status);
        assert.match(String(exchange.setCookie), /^connect\.sid=ey/);
        assert.equal(exchange.body, body);
        assert.equal(store.records.size, 1);
      });
    });

    it(`gets no HEADERS frame of ${title} before a store that takes 300 ms has answered (B037, B052)`, async () => {
      const events: string[] = [];
      const store = slowStore(() => events.push('stored'));
      await withHttp2Client(createHttp2Server({ store: asStore(store) }, plainReplies), async (client) => {
        const start = performance.now();
        const exchange = new Http2Exchange(client, { ':path': path }, () => events.push('headers'));
        await exchange.done;
        assert.deepEqual(events, ['stored', 'headers']);
        assert.equal(exchange.body, body);
        assert.ok(performance.now() - start >= 298);
      });
    });
  }

  it('gets no HEADERS frame of a redirect by writeHead and end before the session is stored (B037)', async () => {
    const store = new ForeignStore();
    const held = store.hold('set');
    const server = createHttp2Server({ store: asStore(store) }, (req, res) => {
      data(req).user = 'bob';
      res.writeHead(302, { location: '/home' });
      res.end('Found. Redirecting to /home');
    });
    await withHttp2Client(server, async (client) => {
      const exchange = new Http2Exchange(client);
      await held.reached;
      await ping(client);
      assert.equal(exchange.headerFrames, 0);
      held.release();
      await exchange.done;
      assert.equal(exchange.headers[':status'], 302);
      assert.equal(exchange.headers.location, '/home');
      assert.match(String(exchange.setCookie), /^connect\.sid=ey/);
      assert.equal(exchange.body, 'Found. Redirecting to /home');
    });
  });

  it('gets the HEADERS frame early where the session changes only after a first part, so that the check can fail', async () => {
    const store = new ForeignStore();
    const held = store.hold('set');
    const server = createHttp2Server({ store: asStore(store) }, async (req, res) => {
      res.write('streamed, ');
      await turn();
      data(req).user = 'bob';
      res.end('held');
    });
    await withHttp2Client(server, async (client) => {
      const exchange = new Http2Exchange(client);
      await held.reached;
      await ping(client);
      assert.equal(exchange.headerFrames, 1);
      assert.equal(exchange.body, 'streamed, ');
      held.release();
      await exchange.done;
      assert.equal(exchange.body, 'streamed, held');
    });
  });
});
