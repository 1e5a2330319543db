/** How a request gets a session that is stored, and what a stored expiry means to it. */
import assert from 'node:assert/strict';
import type { Request } from 'express';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf } from '../support/cookies';
import { createServer } from '../support/server';
import { idOf, recordWith } from '../support/session-tokens';
import { countHits, data, open, serve, showHits, turn } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { requestText, roundTrip, Wire } from '../support/wire';

const MINUTE = 60_000;

describe('A request with the token of a stored session', () => {
  for (const [kind, create] of [
    ['a store', () => new ForeignStore()],
    ['a store with compareAndSet', () => new ComparingStore()],
  ] as const) {
    it(`causes one get, and finds the data as it was stored, on ${kind} (B019)`, async () => {
      const store = create();
      const seen: unknown[] = [];
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/look': (req, res) => {
            seen.push(req.sessionID, req.session.id);
            showHits(req, res);
          },
        },
      );
      const first = await site.visit('/');
      const from = store.calls.length;
      assert.equal((await site.visit('/look', cookieOf(first))).text, '1');
      const [get, touch] = store.calls.slice(from);
      assert.deepEqual([get?.method, get?.id, touch?.method], ['get', idOf(first), 'touch']);
      assert.equal(store.count('get'), 1);
      assert.deepEqual(seen, [idOf(first), idOf(first)]);
    });
  }

  it('has req.sessionID before the store answers (B019)', async () => {
    const store = new ForeignStore();
    const requests: Request[] = [];
    const server = createServer({ store }, showHits);
    const first = await (await serve({ store }, { '/': countHits })).visit('/');
    server.on('request', (req: Request) => requests.push(req));
    const site = await open(server);
    const held = store.hold('get');
    const pending = site.visit('/', cookieOf(first));
    await held.reached;
    const req = requests.at(-1);
    assert.deepEqual([req?.sessionID, req && 'session' in req], [idOf(first), false]);
    held.release();
    await pending;
  });
});

describe("A stored session's expiry", () => {
  /** A session whose record expires in a minute, and what a request sees of it later. */
  async function seenAfter(ms: number, store: ForeignStore): Promise<string> {
    return withFrozenClock(async (clock) => {
      const site = await serve({ store, cookie: { maxAge: MINUTE } }, { '/': countHits, '/look': showHits });
      const cookie = cookieOf(await site.visit('/'));
      clock.tick(ms);
      return (await site.visit('/look', cookie)).text;
    });
  }

  /** A store that renews nothing. */
  const touchless = (): ForeignStore => Object.assign(new ForeignStore(), { touch: undefined });

  it('ends it on a store without touch, from the very millisecond on (B142)', async () => {
    assert.equal(await seenAfter(MINUTE - 1, touchless()), '1');
    assert.equal(await seenAfter(MINUTE, touchless()), 'undefined');
  });

  it('says nothing on a store with touch, which may renew its own key only (B142)', async () => {
    // As connect-redis and connect-pg-simple do.
    const store = Object.assign(new ForeignStore(), {
      touch: (...[, , callback]: Parameters<ForeignStore['touch']>) =>
        setImmediate(callback ?? (() => undefined)),
    });
    assert.equal(await seenAfter(10 * MINUTE, store), '1');
  });

  it('says nothing where there is none (B142)', async () => {
    const store = touchless();
    const site = await serve({ store }, { '/': countHits });
    const cookie = cookieOf(await site.visit('/'));
    await withFrozenClock(async (clock) => {
      clock.tick(100 * 365 * 86_400_000);
      assert.equal((await site.visit('/', cookie)).text, '2');
    });
  });

  it('counts where the store answers a Date (B142)', async () => {
    const store = touchless();
    const get = store.get.bind(store);
    const dated = Object.assign(store, {
      get: (id: string, callback: (error?: unknown, record?: unknown) => void) =>
        get(id, (error, record) => {
          const { cookie } = (record ?? {}) as { cookie?: { expires: unknown } };
          if (cookie) cookie.expires = new Date(String(cookie.expires));
          callback(error, record);
        }),
    });
    assert.equal(await seenAfter(MINUTE - 1, dated), '1');
    assert.equal(await seenAfter(MINUTE, dated), 'undefined');
  });
});

describe('A stream that carries a token', () => {
  it('has its session stored before the client can leave; the end stores nothing then (B043 B259)', async () => {
    const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'ann';
      res.write('begun');
      data(req).user = 'bob';
    });
    const wire = new Wire(port, requestText());
    const received = await wire.until('begun');
    const token = /connect\.sid=([^;]+)/.exec(received)?.[1] ?? '';
    assert.ok(store.records.has(idOf(token)), 'the token names nothing');
    wire.destroy();
    await wire.closed;
    await roundTrip();
    await turn();
    assert.deepEqual(methods(store), ['set']);
    assert.equal((JSON.parse(store.records.get(idOf(token)) ?? '') as { user: string }).user, 'bob');
  });

  it('of which no byte leaves while the store has not answered (B043 B259)', async () => {
    const { port, store } = await serve({ store: new ForeignStore() }, (req, res) => {
      data(req).user = 'ann';
      res.write('begun');
    });
    const held = store.hold('set');
    const wire = new Wire(port, requestText());
    await held.reached;
    await roundTrip();
    assert.equal(wire.received, '');
    held.release();
    assert.match(await wire.until('begun'), /connect\.sid=/);
    wire.destroy();
  });
});

describe('A record that somebody puts there for a token', () => {
  it('is read as any other, whatever the store has added to it (B019)', async () => {
    const { store, get, visit } = await serve({ store: new ForeignStore() }, (req, res) => {
      if (req.url === '/start') return countHits(req, res);
      return res.end(Object.keys(req.session).sort().join());
    });
    const cookie = cookieOf(await visit('/start'));
    const id = idOf(cookie.slice('connect.sid='.length));
    store.records.set(id, recordWith({ hits: 1, _id: 7, __v: 0 }));
    assert.equal((await get('/', cookie)).text, '__v,_id,cookie,hits');
  });
});
