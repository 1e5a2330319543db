/** The middleware over HTTP/2, by Node's compatibility API. */
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { type Request, type Response } from 'express';
import { createHttp2Server, type Handler } from '../support/server';
import { asStore, countHits, data, gate } from '../support/site';
import { ForeignStore } from '../support/stores';
import { Http2Exchange, ping, withHttp2Client } from '../support/wire';

describe('HTTP/2 by the compatibility API', () => {
  it('sets the cookie, reads it back and counts', async () => {
    const store = new ForeignStore();
    await withHttp2Client(createHttp2Server({ store: asStore(store) }, countHits), async (client) => {
      const first = await new Http2Exchange(client).done;
      assert.equal(first.headers[':status'], 200);
      assert.equal(first.body, '1');
      const cookie = String(first.setCookie).split(';')[0];
      assert.match(String(cookie), /^connect\.sid=ey/);
      for (const body of ['2', '3']) {
        assert.equal((await new Http2Exchange(client, { cookie }).done).body, body);
      }
      assert.equal((await new Http2Exchange(client).done).body, '1');
      assert.equal(store.records.size, 2);
    });
  });

  it('streams: the first part waits for the store and goes out with the cookie, so does the end (B052, B259)', async () => {
    const store = new ForeignStore();
    const [first, last] = [gate(), gate()];
    let held = store.hold('set');
    const server = createHttp2Server({ store: asStore(store) }, async (req, res) => {
      data(req).user = 'bob';
      res.write('one, ');
      await first.pass();
      data(req).user = 'alice';
      held = store.hold('set');
      res.end('two');
      last.open();
    });
    await withHttp2Client(server, async (client) => {
      const exchange = new Http2Exchange(client);
      await held.reached;
      await ping(client);
      assert.equal(exchange.headerFrames, 0);
      assert.equal(store.records.size, 0);
      held.release();
      await exchange.received('one, ');
      assert.match(String(exchange.setCookie), /^connect\.sid=ey/);
      first.open();
      await last.pass();
      await held.reached;
      await ping(client);
      assert.equal(exchange.body, 'one, ');
      held.release();
      assert.equal((await exchange.done).body, 'one, two');
    });
  });

  it('delivers each chunk whole, and calls back once after the end', async () => {
    let calls = 0;
    const forms: Record<string, (res: Response) => unknown> = {
      '/text': (res) => res.end('body'),
      '/encoded': (res) => res.end('626f6479', 'hex'),
      '/buffer': (res) => res.end(Buffer.from('body')),
      '/callback': (res) => res.end('body', () => calls++),
      '/encoded-callback': (res) => res.end('626f6479', 'hex', () => calls++),
    };
    const server = createHttp2Server({}, (req, res) => {
      data(req).user = 'bob';
      assert.equal(forms[req.url]?.(res), res);
      assert.equal(res.end('again') as unknown, false);
    });
    await withHttp2Client(server, async (client) => {
      for (const path of Object.keys(forms)) {
        const exchange = await new Http2Exchange(client, { ':path': path }).done;
        assert.equal(exchange.body, 'body', path);
        assert.ok(exchange.setCookie);
      }
      assert.equal(calls, 2);
    });
  });

  /** What a late call does: nothing, or the error's code and message. */
  const outcome = (call: () => unknown): unknown => {
    try {
      call();
      return 'no error';
    } catch (error) {
      return [(error as NodeJS.ErrnoException).code, (error as Error).message];
    }
  };

  /** Ends, then does what is too late, and keeps what came of it. */
  function lateCalls(keep: (outcomes: Record<string, unknown>) => void): Handler {
    return (_, res) => {
      res.setHeader('x-early', '1');
      res.end('body');
      keep({
        headersSent: res.headersSent,
        setHeader: outcome(() => res.setHeader('x-late', '1')),
        appendHeader: outcome(() => res.appendHeader('x-late', '1')),
        removeHeader: outcome(() => {
          res.removeHeader('x-early');
        }),
        writeHead: outcome(() => res.writeHead(201)),
        flushHeaders: outcome(() => {
          res.flushHeaders();
        }),
        headersSentAfterwards: res.headersSent,
      });
      res.statusCode = 418;
    };
  }

  it('has its headers settled by the first end while a save is pending, as without the middleware (B048)', async () => {
    const outcomes: Record<string, unknown>[] = [];
    const handler = lateCalls((found) => outcomes.push(found));

    const store = new ForeignStore();
    const held = store.hold('set');
    const server = createHttp2Server({ store: asStore(store) }, (req, res) => {
      data(req).user = 'bob';
      return handler(req, res);
    });
    const exchanges: Http2Exchange[] = [];
    await withHttp2Client(server, async (client) => {
      const exchange = new Http2Exchange(client);
      await held.reached;
      await ping(client);
      assert.equal(exchange.headerFrames, 0);
      held.release();
      exchanges.push(await exchange.done);
    });

    const plain = http2.createServer((req, res) =>
      handler(req as unknown as Request, res as unknown as Response),
    );
    await withHttp2Client(plain, async (client) => {
      exchanges.push(await new Http2Exchange(client).done);
    });

    const [ours, nodes] = outcomes;
    assert.equal(ours?.headersSent, true);
    assert.match(String(ours.setHeader), /^ERR_HTTP2_HEADERS_SENT,/);
    assert.deepEqual(ours, nodes);
    for (const { headers, body } of exchanges) {
      assert.deepEqual(
        [headers[':status'], headers['x-early'], headers['x-late'], body],
        [200, '1', undefined, 'body'],
      );
    }
  });

  it('never reads or sets statusMessage, about which Node warns on HTTP/2', async () => {
    const touched: string[] = [];
    const server = createHttp2Server({}, (req, res) => {
      Object.defineProperty(res, 'statusMessage', {
        get: () => touched.push('read') && undefined,
        set: () => touched.push('set'),
      });
      data(req).user = 'bob';
      res.end('body');
    });
    await withHttp2Client(server, async (client) => {
      assert.equal((await new Http2Exchange(client).done).body, 'body');
      assert.deepEqual(touched, []);
    });
  });
});
