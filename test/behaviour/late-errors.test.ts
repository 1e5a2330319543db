// An error that comes when the response is decided: told after it, so that nothing of it is cut off.
import assert from 'node:assert/strict';
import express from 'express';
import request from 'supertest';
import session from '../../src';
import { record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { keys } from '../support/keys';
import { recordNext } from '../support/next-calls';
import { serverOf, type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { asStore, data, serve } from '../support/site';
import { ComparingStore } from '../support/comparing-store';
import { ForeignStore } from '../support/stores';
import { parseRaw, requestText, roundTrip, Wire, withServer } from '../support/wire';

describe('a late error', () => {
  const size = 20_000_000;

  for (const method of ['set', 'touch', 'destroy'] as const) {
    it(`of ${method} lets Express cut off nothing of a body of 20 MB (B129)`, async function () {
      this.timeout(60_000);
      const store = new ForeignStore();
      const app = express();
      // Else Express prints the error.
      app.set('env', 'test');
      app.use(session({ keys, store: asStore(store), unset: 'destroy' }));
      app.use((req, res) => {
        if (req.url === '/start' || method === 'set') data(req).user = 'bob';
        if (req.url !== '/start' && method === 'destroy') req.session = null as never;
        res.send(req.url === '/start' ? '' : Buffer.alloc(size, 'x'));
      });
      const cookie = (await request(app).get('/start')).headers['set-cookie'] as unknown as string[];
      store.failures[method] = new Error('boom!');
      const res = await request(app)
        .get('/')
        .set('Cookie', String(cookie[0]).split(';')[0] ?? '')
        .buffer(true);
      assert.equal((res.body as Buffer).length, size);
    });
  }

  for (const saveErrors of ['late', 'respond'] as const) {
    it(`of a touch comes when the response has left already, with saveErrors: '${saveErrors}' (B052 B128)`, async () => {
      const store = new ComparingStore();
      const middleware = recordNext(session({ keys, store: asStore(store), saveErrors }));
      const server = serverOf(middleware, (req, res) => {
        if (req.url === '/start') data(req).user = 'bob';
        res.end('body');
      });
      const cookie = cookieOf(await request(server).get('/start'));
      const held = store.hold('touch');
      store.failures.touch = new Error('boom!');
      await request(server).get('/').set('Cookie', cookie).expect(200, 'body');
      await held.reached;
      assert.deepEqual(middleware.calls, [[], []]);
      held.release();
      await middleware.reached(3);
      assert.match(String(middleware.calls[2]?.[0]), /boom!/);
    });
  }

  it('comes in a turn of its own after the response has finished, the second call of next (B129)', async () => {
    const store = new ForeignStore();
    store.failures.set = new Error('boom!');
    const events: string[] = [];
    const middleware = recordNext(session({ keys, store: asStore(store) }));
    const server = serverOf(
      (req, res, next) => {
        middleware(req, res, (error?: unknown) => {
          events.push(error ? `next(${(error as Error).message})` : 'next()');
          if (error) events.push(`headersSent ${String(res.headersSent)}`);
          next(error);
        });
      },
      (req, res) => {
        data(req).user = 'bob';
        res.on('finish', () => {
          events.push('finish');
          process.nextTick(() => events.push('tick'));
          void Promise.resolve().then(() => events.push('microtask'));
        });
        res.end('answered');
      },
    );
    const res = await request(server).get('/').expect(200, 'answered');
    await middleware.reached(2);
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(events, ['next()', 'finish', 'tick', 'microtask', 'next(boom!)', 'headersSent true']);
    assert.deepEqual(
      middleware.calls.map((args) => args.length),
      [0, 1],
    );
  });

  it('comes after the close of a response whose client has left (B129)', async () => {
    const events: string[] = [];
    const store = new ForeignStore();
    const held = store.hold('set');
    store.failures.set = new Error('boom!');
    const middleware = recordNext(session({ keys, store: asStore(store) }));
    const server = serverOf(middleware, (req, res) => {
      data(req).user = 'bob';
      res.on('close', () => events.push('close'));
      res.end('answered');
    });
    await withServer(server, async (port) => {
      const wire = new Wire(port, requestText());
      await held.reached;
      wire.destroy();
      await wire.closed;
      await roundTrip();
      assert.deepEqual(events, ['close']);
      assert.equal(middleware.calls.length, 1);
      held.release();
      await middleware.reached(2);
    });
    assert.deepEqual(middleware.calls, [[], [store.failures.set]]);
  });

  it('lets a cookie stand that was sent before (B129)', async () => {
    const changed: Handler = async (req, res) => {
      data(req).user = 'bob';
      res.write('first');
      await new Promise((resolve) => setTimeout(resolve, 5));
      store.failures.set = new Error('boom!');
      data(req).user = 'alice';
      res.end(', last');
    };
    const { port, server, store } = await serve({ store: new ForeignStore() }, changed);
    const text = await new Wire(port, requestText()).closed;
    assert.match(parseRaw(text).body, /first[^]*, last/);
    const [, token = ''] = /set-cookie: connect\.sid=([^;\r]*)/i.exec(text) ?? [];
    assert.equal(record(store, idOf(token))?.user, 'bob');
    await roundTrip();
    assert.deepEqual(
      server.lateErrors.map(({ message }) => message),
      ['boom!'],
    );
  });

  it('of a touch lets the response go as it is (B128, B129)', async () => {
    const { server, store, visit } = await serve(
      { store: new ForeignStore(), rolling: true, cookie: { maxAge: 60_000 } },
      (req, res) => {
        if (req.url === '/start') data(req).user = 'bob';
        res.end('answered');
      },
    );
    const cookie = cookieOf(await visit('/start'));
    store.failures.touch = new Error('boom!');
    const res = await request(server).get('/').set('Cookie', cookie).expect(200, 'answered');
    assert.ok(setCookie(res));
    await roundTrip();
    assert.deepEqual(
      server.lateErrors.map(({ message }) => message),
      ['boom!'],
    );
  });
});

describe('a session that cannot be expressed', () => {
  const acts: [title: string, act: Handler, message: RegExp][] = [
    ['a cycle', (req) => (data(req).self = req.session), /circular/],
    ['a BigInt', (req) => (data(req).big = 1n), /BigInt/],
    ['no session', (req) => Object.assign(req, { session: { user: 'bob' } }), /touch is not a function/],
  ];
  for (const [title, act, message] of acts) {
    it(`since it has ${title} is an error of end, also where a part was written before, and late for the headers of a stream (B045)`, async () => {
      for (const path of ['/end', '/parts', '/stream']) {
        const { port, server, store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
          await act(req, res);
          if (path !== '/end') res.write('first');
          if (path === '/stream') await new Promise((resolve) => setTimeout(resolve, 5));
          res.end('last');
        });
        const errors = (): string[] => server.lateErrors.map(({ message: text }) => text);
        if (path !== '/stream') {
          const res = await get('/');
          assert.equal(res.status, 500);
          assert.match(res.text, message);
          assert.deepEqual(errors(), []);
        } else {
          const wire = new Wire(port, requestText());
          await wire.until('first');
          while (errors().length === 0) await roundTrip();
          wire.destroy();
          await wire.closed;
          await roundTrip();
          for (const text of errors()) assert.match(text, message);
        }
        assert.deepEqual(store.calls, []);
      }
    });
  }
});
