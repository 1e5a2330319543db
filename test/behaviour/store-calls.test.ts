/** Calls of the store are traced, and their errors told. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import diagnostics from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf } from '../support/cookies';
import { heardOf, traceOf } from '../support/events';
import { keys } from '../support/keys';
import { type Options, serverOf } from '../support/server';
import { logOut } from '../support/pages';
import { nameOf } from '../support/event-pages';
import { idOf } from '../support/session-tokens';
import { countHits, open, serve, showHits, type Site } from '../support/site';
import { ForeignStore, SyncStore, type StoreCall } from '../support/stores';

/** The steps of one method. Those of the next one begin before the answer of the first is through. */
const of = (method: string, steps: readonly string[]) =>
  steps.filter((step) => step.startsWith(`${method} `));

const whole = (method: string) =>
  ['start', 'end', 'asyncStart', 'asyncEnd'].map((part) => `${method} ${part}`);

describe('Calls of the store (B274)', () => {
  let store: ForeignStore;
  beforeEach(() => {
    store = new ForeignStore();
  });

  const start = (options: Options = {}): Promise<Site> =>
    serve(
      { store, cookie: { maxAge: 60_000 }, ...options },
      { '/': countHits, '/look': showHits, '/logout': logOut },
    );

  for (const [kind, make] of [
    ['a store of the application', () => new ForeignStore()],
    ['the own MemoryStore', () => new session.MemoryStore()],
  ] as const) {
    it(`are traced from start to answer, each as one message: ${kind}`, async () => {
      const made = make();
      const site = await start({ store: made });
      let cookie = '';
      let id = '';
      const first = await traceOf(async () => {
        const response = await site.visit('/');
        cookie = cookieOf(response);
        id = idOf(response);
      });
      assert.deepEqual(first.steps, whole('set'));
      assert.equal(new Set(first.calls).size, 1);
      const [call] = first.calls;
      const name = made.constructor.name;
      assert.deepEqual({ ...call }, { method: 'set', store: name, session: nameOf(id), code: undefined });
      assert.equal(call?.error, undefined);
      const look = await traceOf(() => site.visit('/look', cookie));
      assert.deepEqual(of('get', look.steps), whole('get'));
      assert.deepEqual(of('touch', look.steps), whole('touch'));
      assert.equal(look.steps.length, 8);
      const end = await traceOf(() => site.visit('/logout', cookie));
      assert.deepEqual(of('destroy', end.steps), whole('destroy'));
      assert.equal(end.steps.length, 8);
    });
  }

  it('are traced with compareAndSet', async () => {
    const site = await start({ store: new ComparingStore() });
    const cookie = cookieOf(await site.visit('/'));
    const { steps } = await traceOf(() => site.visit('/', cookie));
    assert.deepEqual(of('compareAndSet', steps), whole('compareAndSet'));
  });

  for (const part of ['start', 'end', 'asyncStart', 'asyncEnd'] as const) {
    it(`are traced for who subscribes to ${part} alone`, async () => {
      const site = await start();
      const { steps } = await traceOf(() => site.visit('/'), [part]);
      assert.deepEqual(steps, [`set ${part}`]);
    });
  }

  it('are told as errors, once, with the code, and the error itself not in logs of whole messages', async () => {
    const site = await start();
    for (const [code, told] of [
      ['ECONNRESET', 'ECONNRESET'],
      [1205, '1205'],
      [undefined, undefined],
    ]) {
      const error = Object.assign(new Error('boom!'), { code, args: ['a secret'] });
      store.failures.set = error;
      const messages: session.StoreCallEvent[] = [];
      const listener = (message: unknown) => messages.push(message as session.StoreCallEvent);
      diagnostics.subscribe('express-session-jwt:store-error', listener);
      const { steps } = await traceOf(() => site.visit('/'), ['error']);
      diagnostics.unsubscribe('express-session-jwt:store-error', listener);
      assert.deepEqual(steps, ['set error']);
      assert.equal(messages.length, 1);
      assert.equal(messages[0]?.error, error);
      assert.deepEqual(
        [messages[0].method, messages[0].store, messages[0].code],
        ['set', 'ForeignStore', told],
      );
      assert.doesNotMatch(JSON.stringify(messages) + inspect(messages), /secret|boom/);
    }
  });

  it('are told as errors for who subscribes to the errors of one method alone', async () => {
    const site = await start();
    store.failures.set = new Error('boom!');
    assert.deepEqual((await traceOf(() => site.visit('/'), ['error'])).steps, ['set error']);
  });

  const errorsOf = async (use: () => unknown) =>
    (await heardOf(use, ['store-error'])).map(({ method, code }) => [method, code]);

  it('are told as errors where the store throws, and where it does not answer in time', async () => {
    const throwing = Object.assign(new ForeignStore(), {
      set() {
        throw Object.assign(new Error('thrown'), { code: 'ETHROWN' });
      },
    });
    const site = await start({ store: throwing });
    assert.deepEqual(await errorsOf(() => site.get('/')), [['set', 'ETHROWN']]);
    const slow = await start({ storeTimeout: 20 });
    store.hold('set');
    assert.deepEqual(await errorsOf(() => slow.visit('/')), [['set', 'ETIMEDOUT']]);
  });

  it('are no errors where a store of files only says that there is no record', async () => {
    const site = await start();
    const cookie = cookieOf(await site.visit('/'));
    const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    const failWith = (method: StoreCall['method']) => {
      store.failures[method] = missing;
    };
    failWith('get');
    assert.deepEqual(await errorsOf(() => site.visit('/look', cookie)), []);
    failWith('set');
    assert.deepEqual(await errorsOf(() => site.visit('/')), [['set', 'ENOENT']]);
  });

  it('are no errors of the store where a handler throws inside of its answer', async () => {
    const sync = new SyncStore();
    const sessions = session({ keys, store: sync });
    const cookie = cookieOf(await (await open(serverOf(sessions, countHits))).visit('/'));
    let thrown: unknown;
    const site = await open(
      serverOf((req, res) => {
        try {
          sessions(req, res, () => {
            throw new Error('of the handler');
          });
        } catch (error) {
          thrown = error;
          res.end();
        }
      }),
    );
    const { steps } = await traceOf(async () => {
      assert.deepEqual(await errorsOf(() => site.visit('/', cookie)), []);
    });
    assert.equal((thrown as Error).message, 'of the handler');
    // The answer comes inside of the call, and the error goes through both.
    assert.deepEqual(of('get', steps), ['get start', 'get asyncStart', 'get asyncEnd', 'get end']);
  });

  it('run in the context that a tracer binds to their start, and the handler in that of its request', async () => {
    const spans = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const watched = Object.assign(new ForeignStore(), {
      get(...args: Parameters<ForeignStore['get']>) {
        seen.push(spans.getStore());
        ForeignStore.prototype.get.apply(this, args);
      },
    });
    const site = await serve(
      { store: watched, cookie: { maxAge: 60_000 } },
      {
        '/': countHits,
        '/span': (_, res) => {
          seen.push(spans.getStore());
          res.end();
        },
      },
    );
    const cookie = cookieOf(await site.visit('/'));
    const { start } = diagnostics.tracingChannel('express-session-jwt:store.get');
    start.bindStore(spans, (call) => `span of ${(call as session.StoreCallEvent).method}`);
    await site.visit('/span', cookie);
    start.unbindStore(spans);
    assert.deepEqual(seen, ['span of get', undefined]);
  });
});
