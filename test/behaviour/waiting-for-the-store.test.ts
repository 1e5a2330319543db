/** A response waits until its session is stored; what comes after its end changes nothing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { readExpires, record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { idOf } from '../support/session-tokens';
import { data, serve } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { answerAfter, closed, requestText, roundTrip, Wire } from '../support/wire';

const MINUTE = 60_000;

describe('a store that takes its time', () => {
  it('sees the events of a response in this order, ending with the first byte (B037)', async () => {
    const events: string[] = [];
    const store = new ForeignStore();
    const set = store.set.bind(store);
    let whole = Promise.resolve();
    const { get, visit } = await serve({ store, cookie: { maxAge: MINUTE } }, (req, res) => {
      if (req.url === '/start') {
        data(req).views = 1;
        res.end();
        return;
      }
      whole = closed(res);
      const bytesBefore = req.socket.bytesWritten;
      const sent = () => (req.socket.bytesWritten > bytesBefore ? 'bytes out' : 'no byte out');
      const headers = () => (res.headersSent ? 'headers closed' : 'headers open');
      const expires = readExpires(req.session.cookie);
      store.set = (id, record, callback) => {
        const { cookie } = record as session.SessionData;
        const isReset = Number(readExpires(cookie)) > Number(expires);
        events.push(`set called, expiry ${isReset ? 'reset' : 'old'}, ${headers()}`);
        set(id, record, () => {
          events.push(`store calls back, ${sent()}`);
          callback?.();
        });
      };
      res.on('finish', () => events.push(`finish, ${sent()}`));
      data(req).views = 2;
      res.end('body');
      const isSet = () => (res.getHeader('Set-Cookie') ? 'Set-Cookie decided' : 'no Set-Cookie yet');
      events.push(`end returns, ${headers()}, ${isSet()}, ${sent()}`);
      const refused = { code: 'ERR_HTTP_HEADERS_SENT' };
      assert.throws(() => res.setHeader('X-Late', '1'), refused);
      assert.throws(() => res.appendHeader('X-Late', '1'), refused);
      assert.throws(() => res.removeHeader('X-Late'), refused);
      assert.throws(() => res.writeHead(500), refused);
      res.on('finish', () => events.push(isSet()));
    });
    const cookie = cookieOf(await visit('/start'));
    const answer = await withFrozenClock((clock) => {
      clock.tick(5000);
      return get('/', cookie);
    });
    await whole;
    assert.equal(answer.text, 'body');
    assert.deepEqual(events, [
      'set called, expiry reset, headers open',
      'end returns, headers closed, no Set-Cookie yet, no byte out',
      'store calls back, no byte out',
      'finish, bytes out',
      'Set-Cookie decided',
    ]);
  });

  for (const [title, status, body] of [
    ['a redirect', 302, 'Found. Redirecting to /home'],
    ['a 204', 204, undefined],
    ['a JSON reply', 200, '{"ok":true}'],
  ] as const) {
    it(`keeps ${title} back until the session is stored (B037)`, async () => {
      const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
        data(req).user = 'bob';
        res.writeHead(status, { Location: '/home' });
        res.end(body);
      });
      const held = store.hold('set');
      const wire = new Wire(port, requestText());
      await held.reached;
      await roundTrip();
      assert.equal(wire.received, '');
      held.release();
      assert.match(await wire.closed, new RegExp(`^HTTP/1.1 ${String(status)} `));
    });
  }
});

describe('a response that never ends', () => {
  for (const [title, handler] of [
    ['the server destroys it', (_: unknown, res: Response) => res.destroy()],
    [
      'the server destroys it halfway',
      (_: unknown, res: Response) => void (res.write('half'), res.destroy()),
    ],
  ] as const) {
    it(`causes no set, touch or destroy where ${title} (B043)`, async () => {
      const { server, store, visit } = await serve(
        { store: new ForeignStore(), unset: 'destroy' },
        (req, res) => {
          if (req.url === '/start') {
            data(req).user = 'bob';
            res.end();
            return;
          }
          if (req.url === '/change') data(req).user = 'alice';
          if (req.url === '/unset') Reflect.deleteProperty(req, 'session');
          handler(req, res);
        },
      );
      const cookie = cookieOf(await visit('/start'));
      for (const path of ['/change', '/unset', '/nothing']) {
        const from = store.calls.length;
        await assert.rejects(request(server).get(path).set('Cookie', cookie).buffer(true));
        await roundTrip();
        assert.deepEqual(methods(store, from), ['get']);
      }
    });
  }

  it('causes no store call where the client has gone (B043)', async () => {
    let whole = Promise.resolve();
    let started = (): void => undefined;
    const running = new Promise<void>((resolve) => (started = resolve));
    const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      whole = closed(res);
      started();
    });
    const wire = new Wire(port, requestText());
    await running;
    wire.destroy();
    await whole;
    await roundTrip();
    assert.deepEqual(methods(store), []);
  });
});

describe('changes made after res.end has returned', () => {
  it('are not stored (B043)', async () => {
    const { store, get } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'bob';
      res.end();
      data(req).user = 'late';
      data(req).added = true;
    });
    const answer = await answerAfter(store.hold('set'), get('/'));
    const stored = record(store, idOf(answer));
    assert.deepEqual([stored?.user, stored?.added], ['bob', undefined]);
    assert.deepEqual(methods(store), ['set']);
  });

  it('are not stored where nothing was to be stored when it returned (B043)', async () => {
    const { store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
      res.end();
      data(req).user = 'late';
      await once(res, 'finish');
      data(req).user = 'later';
    });
    await get('/');
    await roundTrip();
    assert.deepEqual(methods(store), []);
  });

  it('are not stored by a save that is still under way when the response ends (B043)', async () => {
    const { store, get } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'early';
      void req.session.save();
      data(req).user = 'bob';
      res.end();
      data(req).user = 'late';
    });
    const answer = await answerAfter(store.hold('set'), get('/'));
    assert.equal(record(store, idOf(answer))?.user, 'bob');
    assert.deepEqual(methods(store), ['set', 'set']);
  });
});

describe('a new session that is modified after the headers have gone out', () => {
  for (const [title, begin] of [
    ['by flushHeaders', (res: Response) => res.flushHeaders()],
    ['by write', (res: Response) => res.write('body')],
  ] as const) {
    it(`${title} is saved by one set, and no cookie follows (B044)`, async () => {
      const { store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
        begin(res);
        await roundTrip();
        data(req).user = 'bob';
        res.end();
      });
      const answer = await get('/');
      assert.equal(answer.status, 200);
      assert.equal(setCookie(answer), undefined);
      assert.deepEqual(methods(store), ['set']);
      assert.equal(store.records.size, 1);
    });

    it(`${title} in the tick of the end gets its cookie, since nothing has gone out then (B044 B259)`, async () => {
      const { store, get } = await serve({ store: new ForeignStore() }, (req, res) => {
        begin(res);
        data(req).user = 'bob';
        res.end();
      });
      const answer = await get('/');
      assert.deepEqual([...store.records.keys()], [idOf(answer)]);
    });
  }
});
