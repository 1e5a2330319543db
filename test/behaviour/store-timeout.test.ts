/** The option storeTimeout: how long a request waits for its store. */
import assert from 'node:assert/strict';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { ComparingStore } from '../support/comparing-store';
import { lateErrors } from '../support/late-errors';
import { legacyCookie, legacySecret } from '../support/legacy';
import { recordOf } from '../support/forge';
import type { Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { answer, asStore, data, gate, serve, turn } from '../support/site';
import { ForeignStore } from '../support/stores';
import { visits } from '../support/visits';

const MESSAGE = (method: string) => `the store's ${method} did not answer within 20 ms (storeTimeout option)`;

/** Two sites on one store: one where each call may take 20 ms, and one that waits. */
async function openTimed(
  store: object,
  handlers: Record<string, Handler> = {},
  options: session.SessionOptions = {},
) {
  const pages: Record<string, Handler> = {
    '/': visits,
    '/read': visits,
    '/unset': (req, res) => {
      Object.assign(req, { session: null });
      res.end('signed out');
    },
    ...handlers,
  };
  const common = { store: asStore(store), unset: 'destroy' } as const;
  return {
    site: await serve({ ...common, storeTimeout: 20, ...options }, pages),
    patient: await serve(common, pages),
  };
}

describe('storeTimeout', () => {
  it('makes an error for next of a get that is not answered', async () => {
    const store = new ForeignStore();
    const errors: unknown[] = [];
    const { site, patient } = await openTimed(store);
    const cookie = cookieOf(await patient.visit('/'));
    const middleware = session({
      keys: session.generateKeys(),
      store: asStore(store),
      storeTimeout: 20,
      secret: legacySecret,
    });
    const held = store.hold('get');
    const slow = await site.get('/', cookie);
    assert.deepEqual([slow.status, slow.text], [500, MESSAGE('get')]);
    held.release();
    await turn();
    assert.equal((await patient.visit('/', cookie)).text, '2');

    store.hold('get');
    const req = { headers: { cookie: legacyCookie('an-old-id') }, url: '/' };
    await new Promise<void>((resolve) =>
      middleware(req as never, {} as never, (error: unknown) => {
        errors.push(error);
        resolve();
      }),
    );
    assert.equal((errors[0] as { code?: unknown }).code, 'ETIMEDOUT');
  });

  const cases: [method: 'set' | 'touch' | 'destroy', path: string, body: string][] = [
    ['set', '/', '2'],
    ['touch', '/read', '1'],
    ['destroy', '/unset', 'signed out'],
  ];
  for (const [method, path, body] of cases) {
    it(`holds a response no longer for a ${method} that is not answered, and tells next late`, async () => {
      const store = new ForeignStore();
      const { site, patient } = await openTimed(store);
      const cookie = cookieOf(await patient.visit('/'));
      const held = store.hold(method);
      assert.equal((await site.visit(path, cookie)).text, body);
      assert.deepEqual(await lateErrors(site), [MESSAGE(method)]);
      held.release();
      assert.deepEqual(await lateErrors(site), [MESSAGE(method)], 'a late answer was told');
    });
  }

  it('counts for compareAndSet and for explicit calls', async () => {
    const store = new ComparingStore();
    const told: unknown[] = [];
    const { site, patient } = await openTimed(store, {
      '/save': async (req, res) => {
        data(req).a = 1;
        told.push(await req.session.save().catch((error: unknown) => error));
        res.end();
      },
    });
    const cookie = cookieOf(await patient.visit('/'));
    store.hold('compareAndSet');
    await site.visit('/save', cookie);
    assert.equal((told[0] as Error).message, MESSAGE('compareAndSet'));
    assert.equal((told[0] as { code?: unknown }).code, 'ETIMEDOUT');
  });

  it('leaves answers alone that come in time, errors and exceptions included', async () => {
    const store = new ComparingStore();
    const { site, patient } = await openTimed(store, {}, { storeTimeout: 60_000 });
    const cookie = cookieOf(await patient.visit('/'));
    assert.equal((await site.visit('/', cookie)).text, '2');
    store.failures.get = new Error('boom!');
    assert.equal((await site.get('/', cookie)).text, 'boom!');
    Reflect.deleteProperty(store.failures, 'get');
    Object.assign(store, {
      compareAndSet: () => {
        throw new Error('thrown');
      },
    });
    assert.equal((await site.get('/', cookie)).text, 'thrown');
    assert.deepEqual(await lateErrors(site), []);
  });

  it('undoes a late set of a session that was destroyed meanwhile', async () => {
    const store = new ForeignStore();
    const { site, patient } = await openTimed(store);
    const first = await patient.visit('/');
    const id = idOf(first);
    const held = store.hold('set');
    await site.visit('/', cookieOf(first));
    assert.deepEqual(await lateErrors(site), [MESSAGE('set')]);
    // The session is held by nobody but by the call that is still under way.
    await patient.visit('/unset', cookieOf(first));
    assert.equal(store.records.has(id), false);
    held.release();
    await answer((done) => setImmediate(() => setImmediate(() => setImmediate(done))));
    assert.equal(store.records.has(id), false, 'the session is back');
    assert.deepEqual(
      store.calls.map(({ method }) => method).filter((method) => method !== 'get'),
      ['set', 'set', 'destroy', 'destroy'],
    );
  });

  it('undoes a late set of a new session, too, that was destroyed meanwhile', async () => {
    const store = new ForeignStore();
    const { site } = await openTimed(store, {
      '/save': async (req, res) => {
        data(req).a = 1;
        await assert.rejects(req.session.save(), { code: 'ETIMEDOUT' });
        await req.session.destroy();
        held.release();
        for (let turns = 0; turns < 4; turns++) await turn();
        res.end();
      },
    });
    const held = store.hold('set');
    await site.visit('/save');
    assert.equal(store.records.size, 0);
    assert.deepEqual(store.calls.map(({ method }) => method).slice(0, 3), ['set', 'destroy', 'destroy']);
  });

  it('leaves it to the store itself to refuse a late compareAndSet', async () => {
    const store = new ComparingStore();
    const { site, patient } = await openTimed(store);
    const first = await patient.visit('/');
    const held = store.hold('compareAndSet');
    await site.visit('/', cookieOf(first));
    assert.deepEqual(await lateErrors(site), [MESSAGE('compareAndSet')]);
    await patient.visit('/unset', cookieOf(first));
    held.release();
    for (let turns = 0; turns < 4; turns++) await turn();
    assert.equal(store.records.size, 0);
    assert.equal(store.count('destroy'), 1);
  });

  it('keeps what a late set has stored where nobody destroyed it; one that errs late may have taken effect, and is undone', async () => {
    const store = new ForeignStore();
    const { site, patient } = await openTimed(store);
    const first = await patient.visit('/');
    const held = store.hold('set');
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    held.release();
    await turn();
    assert.equal((await patient.visit('/read', cookieOf(first))).text, '2');

    const id = idOf(first);
    store.failures.set = new Error('boom!');
    const again = store.hold('set');
    await site.visit('/', cookieOf(first));
    await patient.visit('/unset', cookieOf(first));
    again.release();
    await turn();
    assert.equal(store.records.has(id), false);
    assert.equal(store.count('destroy'), 2);
    assert.deepEqual(await lateErrors(site), [MESSAGE('set'), MESSAGE('set')]);
  });

  it('of the set of a new session leaves the response without its cookie (B128 B259)', async () => {
    const store = new ForeignStore();
    const { site } = await openTimed(store);
    store.hold('set');
    const first = await site.visit('/');
    assert.deepEqual([first.text, setCookie(first)], ['1', undefined]);
    assert.deepEqual(await lateErrors(site), [MESSAGE('set')]);
  });

  it('undoes a late touch that made a record of a destroyed session', async () => {
    const store = new ForeignStore();
    const { site, patient } = await openTimed(store);
    const first = await patient.visit('/');
    const id = idOf(first);
    const { reached, open, pass } = gate();
    const original = store.touch.bind(store);
    store.touch = (...[touched, record, callback]: Parameters<ForeignStore['touch']>) => {
      void pass().then(() => {
        store.records.set(touched, recordOf({ visits: 1 }));
        original(touched, record, callback);
      });
    };
    const read = site.visit('/read', cookieOf(first));
    await reached;
    await read;
    await patient.visit('/unset', cookieOf(first));
    open();
    for (let turns = 0; turns < 5; turns++) await turn();
    assert.equal(store.records.has(id), false);
  });

  it('is no matter for the own MemoryStore, and does not keep a process alive', async () => {
    const { site: memory } = await openTimed(new session.MemoryStore());
    assert.equal((await memory.visit('/', cookieOf(await memory.visit('/')))).text, '2');

    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const store = new ForeignStore();
    const { site } = await openTimed(store, {}, { storeTimeout: 60_000 });
    const before = timers();
    const held = store.hold('set');
    const pending = site.visit('/');
    await held.reached;
    assert.ok(timers() <= before, 'a timer that is not unref-ed');
    held.release();
    await pending;
  });

  for (const storeTimeout of [0, -1, 1.5, NaN, Infinity, 2 ** 31, '100', null]) {
    it(`is refused: ${String(storeTimeout)} (${typeof storeTimeout})`, () => {
      assert.throws(() => session({ storeTimeout: storeTimeout as number }), {
        name: 'TypeError',
        message: 'storeTimeout option must be a whole number of milliseconds, from 1 to 2147483647',
      });
    });
  }
});
