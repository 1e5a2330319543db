/** A store whose methods throw instead of answering: whoever has called hears it, once, and nobody waits for ever. */
import assert from 'node:assert/strict';
import type { Request } from 'express';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, setCookie } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import type { Handler } from '../support/server';
import { claimsOfSession, countHits, data, gate, serve, showHits, turn } from '../support/site';
import { ForeignStore, type StoreCall } from '../support/stores';
import { roundTrip } from '../support/wire';

type Method = StoreCall['method'];
type Callback = (error?: unknown) => void;

const boom = new Error('boom!');

/** From now on the method throws; `skip` calls go well before. */
function spoil(store: ForeignStore, method: Method, skip = 0): { calls: number } {
  const state = { calls: 0 };
  const methods = store as unknown as Record<Method, (...args: unknown[]) => void>;
  const original = methods[method].bind(store);
  methods[method] = (...args) => {
    state.calls += 1;
    if (state.calls <= skip) original(...args);
    else throw boom;
  };
  return state;
}

/** What a session's method tells by callback, and by promise. */
async function heard(start: (callback?: Callback) => unknown): Promise<unknown[]> {
  const told: unknown[] = [];
  start((error) => told.push(error));
  await turn();
  await turn();
  const promise = start() as Promise<unknown>;
  told.push(
    await promise.then(
      () => 'fulfilled',
      (error: unknown) => error,
    ),
  );
  await turn();
  return told;
}

const stores: readonly (readonly [kind: string, create: () => ForeignStore, write: Method])[] = [
  ['a store', () => new ForeignStore(), 'set'],
  ['a store with compareAndSet', () => new ComparingStore(), 'compareAndSet'],
];

for (const [kind, create, write] of stores) {
  describe(`A method that throws, of ${kind}`, () => {
    const open = (store: ForeignStore, more: Record<string, Handler> = {}, options = {}) =>
      serve(
        { store, jwtFromReq: claimsOfSession, ...options },
        { '/': countHits, '/look': showHits, ...more },
      );

    for (const [name, method, run] of [
      [
        'save',
        write,
        (req: Request, done?: Callback) => Object.assign(req.session, { hits: 9 }).save(done as never),
      ],
      ['reload', 'get', (req: Request, done?: Callback) => req.session.reload(done as never)],
    ] as const) {
      it(`is heard by the callback and by the promise of ${name}, once each (B248)`, async () => {
        const store = create();
        const told: unknown[] = [];
        const site = await open(store, {
          '/call': async (req, res) => {
            const spoiled = spoil(store, method);
            told.push(...(await heard((done) => run(req, done))), spoiled.calls);
            Reflect.deleteProperty(store, method);
            res.end('answered');
          },
        });
        const cookie = cookieOf(await site.visit('/'));
        assert.equal((await site.visit('/call', cookie)).text, 'answered');
        assert.deepEqual(told, [boom, boom, 2]);
        assert.deepEqual(await lateErrors(site), []);
      });
    }

    for (const name of ['destroy', 'regenerate'] as const) {
      for (const way of ['callback', 'promise'] as const) {
        it(`is heard by the ${way} of ${name}, once (B248)`, async () => {
          const store = create();
          const told: unknown[] = [];
          const site = await open(store, {
            '/call': async (req, res) => {
              spoil(store, 'destroy');
              const { session } = req;
              if (way === 'callback') session[name]((error?: unknown) => told.push(error));
              else told.push(await session[name]().catch((error: unknown) => error));
              await turn();
              res.end('answered');
            },
          });
          const cookie = cookieOf(await site.visit('/'));
          assert.equal((await site.visit('/call', cookie)).text, 'answered');
          assert.deepEqual(told, [boom]);
          assert.deepEqual(await lateErrors(site), []);
          Reflect.deleteProperty(store, 'destroy');
          assert.equal((await site.visit('/look', cookie)).text, '1', 'the session is still there');
        });
      }
    }

    it(`comes out of end where it is ${write} (B045 B248)`, async () => {
      const store = create();
      const site = await open(store);
      const cookie = cookieOf(await site.visit('/'));
      spoil(store, write);
      const answered = await site.get('/', cookie);
      assert.deepEqual([answered.status, answered.text, setCookie(answered)], [500, 'boom!', undefined]);
      assert.deepEqual(await lateErrors(site), []);
      Reflect.deleteProperty(store, write);
      assert.equal((await site.visit('/', cookie)).text, '2', 'nothing waits');
    });

    for (const [what, method, later] of [
      ['write', write, '/'],
      ['touch', 'touch', '/look'],
      ['destroy', 'destroy', '/logout'],
    ] as const) {
      it(`is told late where the ${what} had to wait for another one (B248)`, async () => {
        const store = create();
        const slow = gate();
        const site = await open(store, {
          '/slow': async (req, res) => {
            data(req).hits = 9;
            await slow.pass();
            res.end('slow');
          },
          '/logout': (req, res) => {
            void req.session.destroy();
            res.end('bye');
          },
        });
        const cookie = cookieOf(await site.visit('/'));
        const writing = site.visit('/slow', cookie);
        await slow.reached;
        const held = store.hold(write);
        slow.open();
        await held.reached;
        spoil(store, method);
        const pending = site.visit(later, cookie);
        await site.visit('/elsewhere');
        held.release();
        assert.equal((await writing).text, 'slow');
        await pending;
        assert.deepEqual(await lateErrors(site), ['boom!']);
      });
    }

    it('ends the connection where the headers of a stream wait for it, and is told late (B248 B259)', async () => {
      const store = create();
      const site = await open(store, {
        '/stream': async (req, res) => {
          data(req).hits = 9;
          res.write('begun');
          await roundTrip();
          res.end();
        },
      });
      spoil(store, 'set');
      await assert.rejects(site.get('/stream'), /socket hang up|ECONNRESET/);
      assert.deepEqual(await lateErrors(site), ['boom!']);
    });

    it('is told late where it is the last write of a stream (B248)', async () => {
      const store = create();
      const told: unknown[] = [];
      const site = await open(store, {
        '/stream': async (req, res) => {
          res.write('begun, ');
          await roundTrip();
          data(req).hits = 9;
          try {
            res.end('not seen');
          } catch (error) {
            told.push(error);
            res.end('ended');
          }
        },
      });
      const cookie = cookieOf(await site.visit('/'));
      spoil(store, write);
      assert.equal((await site.visit('/stream', cookie)).text, 'begun, ended');
      assert.deepEqual(told, [boom]);
    });
  });
}

describe('A store with compareAndSet that throws', () => {
  const open = (store: ForeignStore, options = {}) =>
    serve({ store, ...options }, { '/': countHits, '/look': showHits });

  it('when a refused write looks again: told late (B244 B248)', async () => {
    const store = new ComparingStore();
    const site = await open(store);
    const cookie = cookieOf(await site.visit('/'));
    store.outcomes.push('refused');
    spoil(store, 'get', 1);
    assert.equal((await site.visit('/', cookie)).text, '2');
    assert.deepEqual(await lateErrors(site), ['boom!']);
  });

  for (const [method, told] of [
    ['set', ['boom!']],
    ['destroy', []],
  ] as const) {
    it(`when a probe needs ${method}: told where it matters (B244 B248)`, async () => {
      const store = new ComparingStore();
      const site = await open(store);
      const cookie = cookieOf(await site.visit('/'));
      store.outcomes.push('refused');
      spoil(store, method);
      assert.equal((await site.visit('/', cookie)).text, '2');
      assert.deepEqual(await lateErrors(site), told);
    });
  }

  it('when a cookie needs a second look: no cookie, and told late (B248 B260 B265)', async () => {
    const store = new ComparingStore();
    const site = await open(store, { rolling: true });
    const cookie = cookieOf(await site.visit('/'));
    spoil(store, 'get', 1);
    const answered = await site.visit('/look', cookie);
    assert.deepEqual([answered.text, setCookie(answered)], ['1', undefined]);
    assert.deepEqual(await lateErrors(site), ['boom!']);
  });

  it('when a session has reached its absolute timeout: an error for next (B248)', () =>
    withFrozenClock(async (clock) => {
      const store = new ComparingStore();
      const site = await open(store, { absoluteTimeout: 1000 });
      const cookie = cookieOf(await site.visit('/'));
      clock.tick(1000);
      spoil(store, 'destroy');
      const answered = await site.get('/', cookie);
      assert.deepEqual([answered.status, answered.text], [500, 'boom!']);
    }));
});
