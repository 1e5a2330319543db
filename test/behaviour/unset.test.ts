/** The option unset: what becomes of a session that the handler takes off the request. */
import assert from 'node:assert/strict';
import type { Request } from 'express';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { keys } from '../support/keys';
import { type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { data, serve } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { requestText, roundTrip, Wire } from '../support/wire';

/** The ways of a handler to say that it wants no session any more. */
const unsettings: [title: string, unset: (req: Request) => unknown][] = [
  ['null', (req) => Object.assign(req, { session: null })],
  ['undefined', (req) => Object.assign(req, { session: undefined })],
  ['delete', (req) => Reflect.deleteProperty(req, 'session')],
];

/** Stores a session at `/start`; elsewhere runs `act` on the session that came. */
function afterStart(act: (req: Request) => unknown): Handler {
  return (req, res) => {
    if (req.url === '/start') data(req).user = 'bob';
    else act(req);
    res.end('done');
  };
}

describe('the option unset', () => {
  it('is refused by the factory unless it is destroy or keep (B119)', () => {
    for (const unset of ['Destroy', 'keep ', 1, true, {}]) {
      assert.throws(() => session({ keys, unset } as unknown as session.SessionOptions), {
        name: 'TypeError',
        message: /unset option must be "destroy" or "keep"/,
      });
    }
    for (const unset of ['destroy', 'keep', undefined] as const) {
      assert.equal(typeof session({ keys, unset }), 'function');
    }
  });
});

describe('a session unset by the handler, with keep', () => {
  for (const [title, unset] of unsettings) {
    for (const [option, options] of [
      ['left out', {}],
      ['keep', { unset: 'keep' }],
      [
        'keep, with every reason to save',
        { unset: 'keep', resave: true, rolling: true, saveUninitialized: true },
      ],
    ] as const) {
      it(`by ${title} stays in the store, neither saved nor touched: option ${option} (B120)`, async () => {
        const { store, get, visit } = await serve(
          { ...options, store: new ForeignStore() },
          afterStart((req) => {
            data(req).user = 'alice';
            unset(req);
          }),
        );
        const cookie = cookieOf(await visit('/start'));
        const [before] = store.records.values();
        const from = store.calls.length;
        const answer = await get('/', cookie);
        assert.equal(answer.status, 200);
        assert.equal(answer.text, 'done');
        assert.equal(setCookie(answer), undefined);
        assert.deepEqual(methods(store, from), ['get']);
        assert.deepEqual([...store.records.values()], [before]);
      });
    }
  }

  it('works on with the same cookie in the next request (B120)', async () => {
    const users: unknown[] = [];
    const { get, visit } = await serve(
      { store: new ForeignStore() },
      afterStart((req) => {
        users.push(data(req).user);
        Object.assign(req, { session: null });
      }),
    );
    const cookie = cookieOf(await visit('/start'));
    for (const path of ['/one', '/two']) await get(path, cookie);
    assert.deepEqual(users, ['bob', 'bob']);
  });
});

describe('a session unset by the handler, with destroy', () => {
  for (const [title, unset] of unsettings) {
    it(`by ${title} is gone from the store (B121)`, async () => {
      const { store, get, visit } = await serve(
        { store: new ForeignStore(), unset: 'destroy' },
        afterStart(unset),
      );
      const cookie = cookieOf(await visit('/start'));
      assert.equal(store.records.size, 1);
      const from = store.calls.length;
      const answer = await get('/', cookie);
      assert.equal(answer.status, 200);
      assert.equal(answer.text, 'done');
      assert.equal(setCookie(answer), undefined);
      assert.deepEqual(methods(store, from), ['get', 'destroy']);
      assert.equal(store.calls.at(-1)?.id, idOf(cookie.slice('connect.sid='.length)));
      assert.equal(store.records.size, 0);
    });

    it(`by ${title}: no byte of the response leaves before the store has answered (B121)`, async () => {
      const { port, store, visit } = await serve(
        { store: new ForeignStore(), unset: 'destroy' },
        afterStart(unset),
      );
      const cookie = cookieOf(await visit('/start'));
      const held = store.hold('destroy');
      const wire = new Wire(port, requestText('GET', '/', { Cookie: cookie }));
      await held.reached;
      await roundTrip();
      assert.equal(wire.received, '');
      assert.equal(store.records.size, 1);
      held.release();
      assert.match(await wire.closed, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\ndone$/);
      assert.equal(store.records.size, 0);
    });

    it(`by ${title} while it is new: no cookie, an empty store, a destroy for its id (B122)`, async () => {
      for (const options of [{}, { saveUninitialized: true }]) {
        let id = '';
        const { store, get } = await serve(
          { store: new ForeignStore(), unset: 'destroy', ...options },
          (req, res) => {
            id = req.sessionID;
            data(req).user = 'bob';
            unset(req);
            res.end('done');
          },
        );
        const answer = await get('/');
        assert.equal(answer.status, 200);
        assert.equal(answer.text, 'done');
        assert.equal(setCookie(answer), undefined);
        assert.deepEqual(store.calls, [{ method: 'destroy', id: id }]);
        assert.equal(store.records.size, 0);
      }
    });
  }

  it('while it is new and nobody has looked at its id: destroy is called for some id all the same (B122)', async () => {
    const { store, get } = await serve({ store: new ForeignStore(), unset: 'destroy' }, (req, res) => {
      Object.assign(req, { session: null });
      res.end('done');
    });
    const answer = await get('/');
    assert.equal(setCookie(answer), undefined);
    assert.deepEqual(methods(store), ['destroy']);
    assert.match(String(store.calls[0]?.id), /^[\w-]{32}$/);
    assert.equal(store.records.size, 0);
  });

  it('is destroyed once more after it was destroyed by name (B123)', async () => {
    const { store, get, visit } = await serve(
      { store: new ForeignStore(), unset: 'destroy' },
      afterStart((req) => req.session.destroy(() => undefined)),
    );
    const cookie = cookieOf(await visit('/start'));
    const id = idOf(cookie.slice('connect.sid='.length));
    const from = store.calls.length;
    const answer = await get('/', cookie);
    assert.equal(answer.status, 200);
    assert.equal(answer.text, 'done');
    assert.deepEqual(store.calls.slice(from), [
      { method: 'get', id },
      { method: 'destroy', id },
      { method: 'destroy', id },
    ]);
    assert.equal(store.records.size, 0);
  });
});

describe('a session that could not be read, with destroy', () => {
  /** A stored session, then a request for which `fail` has made it unreadable. */
  async function readFailing(fail: (store: ForeignStore) => void) {
    const { server, store, get, visit } = await serve(
      { store: new ForeignStore(), unset: 'destroy' },
      afterStart(() => assert.fail('the handler ran')),
    );
    const cookie = cookieOf(await visit('/start'));
    fail(store);
    const records = new Map(store.records);
    const from = store.calls.length;
    const answer = await get('/', cookie);
    assert.equal(answer.status, 500);
    assert.deepEqual(methods(store, from), ['get']);
    assert.deepEqual(store.records, records);
    assert.equal(store.records.size, 1);
    return { answer, server, store, cookie };
  }

  it('because get failed, is not destroyed when the error response ends (B124)', async () => {
    const { answer } = await readFailing((store) => (store.failures.get = new Error('boom!')));
    assert.equal(answer.text, 'boom!');
  });

  it('because get threw, is not destroyed when the error response ends (B124)', async () => {
    const { answer } = await readFailing((store) => {
      store.get = (id) => {
        store.calls.push({ method: 'get', id });
        throw new Error('boom!');
      };
    });
    assert.equal(answer.text, 'boom!');
  });

  it('because its record is broken, is not destroyed when the error response ends (B124)', async () => {
    const { answer } = await readFailing((store) => {
      for (const id of store.records.keys()) store.records.set(id, '{"user":"bob"}');
    });
    assert.match(answer.text, /Cannot read prop/);
  });

  it('is there again as soon as the store can read it (B124)', async () => {
    const seen: unknown[] = [];
    const { store, get, visit } = await serve(
      { store: new ForeignStore(), unset: 'destroy' },
      afterStart((req) => seen.push(data(req).user)),
    );
    const cookie = cookieOf(await visit('/start'));
    store.failures.get = new Error('boom!');
    assert.equal((await get('/', cookie)).status, 500);
    delete store.failures.get;
    assert.equal((await get('/', cookie)).status, 200);
    assert.deepEqual(seen, ['bob']);
  });
});
