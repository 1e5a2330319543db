// What a response that carries a token waits for, however it begins.
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { RequestHandler } from 'express';
import { record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { debugLines } from '../support/debug-lines';
import { serveAfter } from '../support/earlier-middleware';
import { lateErrors } from '../support/late-errors';
import { runProgram } from '../support/run-program';
import { createHttp2Server, type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { asStore, data, gate, serve, turn } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { Http2Exchange, ping, requestText, roundTrip, Wire, withHttp2Client } from '../support/wire';

/** Begins a response in each of the ways that there are; what follows comes in a later turn. */
const beginnings: [title: string, begin: Handler][] = [
  ['write', (_, res) => res.write('first')],
  [
    'flushHeaders',
    (_, res) => {
      res.flushHeaders();
    },
  ],
  ['writeHead', (_, res) => res.writeHead(200, { 'X-Own': '1' })],
  [
    'writeHead and write',
    (_, res) => {
      res.writeHead(200);
      res.write('first');
    },
  ],
];

/** Ways in which nothing is left to the handler after the response has begun. */
const wholes: [title: string, reply: Handler][] = [
  ['end', (_, res) => res.end('first, last')],
  ['pipe', (_, res) => Readable.from(['first', ', last']).pipe(res)],
  [
    'write and end in one tick',
    (_, res) => {
      res.write('first');
      res.end(', last');
    },
  ],
  [
    'writeHead and end in one tick',
    (_, res) => {
      res.writeHead(200);
      res.end('first, last');
    },
  ],
];

/** Modifies the session, and replies as told; a stream goes on when `more` says so. */
function replying(reply: Handler, more = gate()): Handler {
  return async (req, res) => {
    data(req).user = 'bob';
    await reply(req, res);
    if (res.writableEnded || wholes.some(([, whole]) => whole === reply)) return;
    await more.pass();
    res.end(', last');
  };
}

const all = [...wholes, ...beginnings];

describe('a response that carries a token', () => {
  for (const [title, reply] of all) {
    it(`begun by ${title} lets no byte out before the record is stored (B259)`, async () => {
      const more = gate();
      const { port, store } = await serve({ store: new ForeignStore() }, replying(reply, more));
      const held = store.hold('set');
      const wire = new Wire(port, requestText());
      await held.reached;
      await turn();
      await roundTrip();
      assert.equal(wire.received, '');
      assert.equal(store.records.size, 0);
      held.release();
      // Node sends a head with the first part of the body.
      if (title === 'writeHead') more.open();
      const head = await wire.until('\r\n\r\n');
      const [, token = ''] = /set-cookie: connect\.sid=([^;]*)/i.exec(head) ?? [];
      assert.equal(record(store, idOf(token))?.user, 'bob');
      more.open();
      assert.match(await wire.closed, /, ?[^]*last/);
      assert.deepEqual(methods(store), ['set']);
    });

    it(`begun by ${title} has its record though the client leaves before the store has answered (B259, B043)`, async () => {
      const { port, server, store } = await serve({ store: new ForeignStore() }, replying(reply));
      const held = store.hold('set');
      const wire = new Wire(port, requestText());
      await held.reached;
      wire.destroy();
      await wire.closed;
      await roundTrip();
      held.release();
      await turn();
      assert.equal(store.records.size, 1);
      assert.deepEqual(methods(store), ['set']);
      assert.deepEqual(server.lateErrors, []);
    });
  }

  for (const [title, reply] of beginnings) {
    it(`begun by ${title} is ended with its connection where the store fails (B259)`, async () => {
      const { port, server, store } = await serve({ store: new ForeignStore() }, replying(reply));
      store.failures.set = new Error('no space left');
      assert.equal(await new Wire(port, requestText()).closed, '');
      await turn();
      assert.deepEqual(
        server.lateErrors.map(({ message }) => message),
        ['no space left'],
      );
      assert.equal(store.records.size, 0);
    });

    it(`begun by ${title} is ended with its connection where the store throws (B259, B248)`, async () => {
      const { port, server, store } = await serve({ store: new ForeignStore() }, replying(reply));
      store.set = () => {
        throw new Error('no connection');
      };
      assert.equal(await new Wire(port, requestText()).closed, '');
      await turn();
      assert.deepEqual(
        server.lateErrors.map(({ message }) => message),
        ['no connection'],
      );
    });

    it(`begun by ${title} over HTTP/2 lets no frame out before the record is stored (B259)`, async () => {
      const store = new ForeignStore();
      const more = gate();
      const held = store.hold('set');
      const server = createHttp2Server({ store: asStore(store) }, replying(reply, more));
      await withHttp2Client(server, async (client) => {
        const exchange = new Http2Exchange(client, {}, () => {
          assert.equal(store.records.size, 1);
          more.open();
        });
        await held.reached;
        await turn();
        await ping(client);
        assert.equal(exchange.headerFrames, 0);
        assert.equal(store.records.size, 0);
        held.release();
        await exchange.done;
        assert.match(String(exchange.setCookie), /^connect\.sid=ey/);
        assert.match(exchange.body, /, last$/);
      });
    });

    it(`begun by ${title} over HTTP/2 is ended with its stream where the store fails (B259)`, async () => {
      const store = new ForeignStore();
      store.failures.set = new Error('no space left');
      const server = createHttp2Server({ store: asStore(store) }, replying(reply));
      await withHttp2Client(server, async (client) => {
        const exchange = await new Http2Exchange(client).done;
        assert.equal(exchange.headerFrames, 0);
        assert.equal(exchange.body, '');
      });
      await turn();
      assert.deepEqual(
        server.lateErrors.map(({ message }) => message),
        ['no space left'],
      );
    });
  }

  for (const saveErrors of ['late', 'respond'] as const) {
    for (const [title, reply] of wholes) {
      it(`made by ${title} goes without its cookie where the store fails, saveErrors ${saveErrors} (B259, B128)`, async () => {
        const { store, get } = await serve({ store: new ForeignStore(), saveErrors }, replying(reply));
        store.failures.set = new Error('no space left');
        if (title === 'pipe') {
          // Its first part leaves in another turn than its end: that is a stream.
          await assert.rejects(get('/'), /socket hang up/);
          return;
        }
        const res = await get('/');
        assert.equal(res.headers['set-cookie'], undefined);
        assert.deepEqual(
          [res.status, res.text],
          saveErrors === 'late' ? [200, 'first, last'] : [500, 'no space left'],
        );
      });
    }
  }

  it('stores at its end what has changed after the headers, with an expiry of then (B259, B038)', async () => {
    const { store, get } = await serve(
      { store: new ForeignStore(), cookie: { maxAge: 60_000 } },
      async (req, res) => {
        data(req).user = 'bob';
        res.write('first');
        await turn();
        await turn();
        early = Date.parse(expires(store));
        while (Date.now() <= early - 60_000) await turn();
        data(req).user = 'alice';
        res.end(', last');
      },
    );
    let early = 0;
    const res = await get('/');
    assert.equal(res.text, 'first, last');
    assert.deepEqual(methods(store), ['set', 'set']);
    assert.equal(record(store, idOf(res))?.user, 'alice');
    assert.ok(Date.parse(expires(store)) > early);
  });

  it('is decided on at its end where write and end come in one tick (B259)', async () => {
    for (const begin of ['write', 'writeHead', 'flushHeaders']) {
      const { store, get } = await serve({ store: new ForeignStore() }, (req, res) => {
        if (begin === 'write') res.write('first');
        else if (begin === 'writeHead') res.writeHead(200);
        else res.flushHeaders();
        data(req).user = 'bob';
        res.end(', last');
      });
      const res = await get('/');
      assert.equal(record(store, idOf(res))?.user, 'bob');
      assert.deepEqual(methods(store), ['set']);
    }
  });

  it('is not ended a second time by its handler, once its connection is (B259)', async () => {
    const more = gate();
    let ended: unknown;
    const { server, store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
      data(req).user = 'bob';
      res.write('first');
      res.once('close', () => void more.pass());
      await more.reached;
      res.write('second');
      ended = res.end('last');
      assert.equal(ended, res);
    });
    store.failures.set = new Error('no space left');
    await assert.rejects(get('/'), /socket hang up/);
    await turn();
    assert.ok(ended);
    assert.deepEqual(
      server.lateErrors.map(({ message }) => message),
      ['no space left'],
    );
  });
});

/** When the only record of a store expires. */
function expires(store: ForeignStore): string {
  const [text = '{}'] = store.records.values();
  return (JSON.parse(text) as { cookie: { expires: string } }).cookie.expires;
}

describe('a session that is too late for its cookie', () => {
  const lates: [title: string, act: Handler][] = [
    ['made', (req) => (data(req).user = 'bob')],
    [
      'regenerated',
      async (req) => {
        await req.session.regenerate();
        data(req).user = 'bob';
      },
    ],
  ];
  for (const [title, act] of lates) {
    for (const [begun, begin] of beginnings) {
      it(`since it was ${title} after ${begun} is stored once, and the developer is told (B044)`, async () => {
        const { store, get, visit } = await serve({ store: new ForeignStore() }, async (req, res) => {
          if (req.url === '/start') {
            data(req).user = 'alice';
            res.end();
            return;
          }
          await begin(req, res);
          await turn();
          await act(req, res);
          res.end(', last');
        });
        const cookie = title === 'made' ? '' : cookieOf(await visit('/start'));
        store.calls.length = 0;
        const lines = await debugLines(async () => {
          const res = await get('/', cookie);
          assert.equal(res.headers['set-cookie'], undefined);
        });
        assert.equal(store.count('set'), 1);
        assert.equal([...store.records.values()].filter((text) => text.includes('"bob"')).length, 1);
        assert.equal(
          lines.filter((line) => line.startsWith('a session was made, or regenerated, after the headers'))
            .length,
          1,
        );
      });
    }
  }

  it('is told to the process once, however often it happens (B044)', async function () {
    this.timeout(60_000);
    const { stderr } = await runProgram('two sessions that are too late for their cookies');
    assert.equal(stderr.split('a session was made, or regenerated, after the headers').length - 1, 1, stderr);
  });
});

describe('responses', () => {
  it('written and ended in one tick throw what the session cannot express, and become an error page (B045)', async () => {
    const { store, get } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).self = req.session;
      res.write('first');
      res.end('last');
    });
    const res = await get('/');
    assert.equal(res.status, 500);
    assert.match(res.text, /circular/);
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(store.calls, []);
  });

  it('whose end throws once the session is stored report that late (B129)', async () => {
    const store = new ForeignStore();
    const throwAfterEnd: RequestHandler = (_req, res, next) => {
      const end = res.end.bind(res) as (...args: unknown[]) => unknown;
      res.end = ((...args: unknown[]) => {
        end(...args);
        throw new Error('the monitor broke');
      }) as never;
      next();
    };
    const site = await serveAfter(throwAfterEnd, { store }, (req, res) => {
      data(req).user = 'bob';
      res.end('stored');
    });
    const res = await site.visit('/');
    assert.equal(res.text, 'stored');
    assert.equal(record(store, idOf(res))?.user, 'bob');
    assert.deepEqual(await lateErrors(site), ['the monitor broke']);
  });

  it('over HTTP/2 leave with flushHeaders after writeHead, the cookie among them (B061)', async () => {
    const headersAreIn = gate();
    const server = createHttp2Server({}, async (req, res) => {
      data(req).user = 'bob';
      res.writeHead(201);
      res.flushHeaders();
      await headersAreIn.pass();
      res.end('done');
    });
    await withHttp2Client(server, async (client) => {
      const exchange = await new Http2Exchange(client, {}, headersAreIn.open).done;
      assert.equal(exchange.headers[':status'], 201);
      assert.match(exchange.setCookie ?? '', /^connect\.sid=/);
      assert.equal(exchange.body, 'done');
    });
  });
});
