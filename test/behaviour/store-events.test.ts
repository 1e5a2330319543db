/** A store that comes and goes, cannot read or write, or breaks its contract. */
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { Request } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { recordOf } from '../support/forge';
import { recordNext } from '../support/next-calls';
import { serverOf, type Handler } from '../support/server';
import { keys } from '../support/keys';
import { serve, asStore, data } from '../support/site';
import { ForeignStore, SmartStore, SyncStore } from '../support/stores';
import { countVisit } from '../support/visits';

type Callback = (error?: unknown, record?: unknown) => void;
type Method = (...args: unknown[]) => unknown;
type MethodName = 'get' | 'set' | 'touch' | 'destroy';

const boom = () => new Error('boom!');

const handler: Handler = (req, res) => {
  if (req.url === '/unset') {
    Object.assign(req, { session: null });
    return res.end('session destroyed');
  }
  if (req.url === '/read') return res.end(`visits: ${String(data(req).visits)}`);
  return res.end(`visits: ${String(countVisit(req))}`);
};

/** A server on this store, and a record of what its middleware tells `next`. */
function start(store: object, options: session.SessionOptions = {}, answer: Handler = handler) {
  const middleware = recordNext(session({ keys, ...options, store: asStore(store) }));
  const server = serverOf(middleware, answer);
  const get = (url: string, cookie?: string) => {
    const pending = request(server).get(url);
    return cookie === undefined ? pending : pending.set('Cookie', cookie);
  };
  return { server, middleware, get };
}

/** A session on a well-behaved store, then `spoil` for the store, and a server that meets it. */
async function spoiled<Store extends object>(
  store: Store,
  spoil: (store: Store) => void,
  options: session.SessionOptions = {},
  answer: Handler = handler,
) {
  const first = await start(store).get('/').expect(200, 'visits: 1');
  spoil(store);
  return { ...start(store, options, answer), store, cookie: cookieOf(first) };
}

/** Replaces a method of a store; `replacement` is given the store's own. */
function replace(store: object, name: MethodName, replacement: (own: Method) => Method): void {
  const methods = store as Record<MethodName, Method>;
  methods[name] = replacement(methods[name].bind(store));
}

/** Waits until every promise that was rejected by now, and every error deferred by now, has been told. */
async function settle(): Promise<void> {
  await turn();
  await turn();
  await turn();
}

/** Runs `run` and returns the rejections that nobody handled meanwhile. */
async function unhandledDuring(run: () => Promise<unknown>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (reason) => unhandled.push(reason));
  try {
    await run();
    await settle();
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  }
  return unhandled;
}

describe('a store that comes and goes', () => {
  const typeOfSession: Handler = (req, res) => {
    res.end(typeof (req as Partial<Request>).session);
  };
  const stores: [label: string, create: () => ForeignStore | session.MemoryStore | SmartStore][] = [
    ['a store by util.inherits', () => new SmartStore()],
    ['a foreign store', () => new ForeignStore()],
  ];

  for (const [label, create] of stores) {
    it(`takes the sessions along while it is disconnected: ${label} (B125)`, async () => {
      const store = create();
      const { get } = start(store, { saveUninitialized: true }, typeOfSession);
      await get('/').expect(200, 'object');
      store.emit('disconnect');
      const without = await get('/').expect(200, 'undefined');
      assert.equal(setCookie(without), undefined);
      await get('/').expect(200, 'undefined');
      store.emit('connect');
      const back = await get('/').expect(200, 'object');
      assert.notEqual(setCookie(back), undefined);
      await get('/').expect(200, 'object');
    });
  }

  it('has sessions before it ever told that it is connected (B125)', async () => {
    await start(new ForeignStore(), {}, typeOfSession).get('/').expect(200, 'object');
  });

  it('is followed by each middleware on its own, from the moment of its factory call (B125)', async () => {
    const store = new ForeignStore();
    const early = start(store, {}, typeOfSession);
    store.emit('disconnect');
    const late = start(store, {}, typeOfSession);
    await early.get('/').expect('undefined');
    await late.get('/').expect('object');
    store.emit('disconnect');
    await early.get('/').expect('undefined');
    await late.get('/').expect('undefined');
    store.emit('connect');
    await early.get('/').expect('object');
    await late.get('/').expect('object');
  });
});

describe('a store that cannot read', () => {
  for (const record of [{}, { visits: 1 }, { cookie: null }]) {
    it(`has a broken record, an error for next: ${JSON.stringify(record)} (B127)`, async () => {
      const { get, middleware, cookie } = await spoiled(new ForeignStore(), ({ records }) => {
        for (const id of records.keys()) records.set(id, JSON.stringify(record));
      });
      const res = await get('/', cookie).expect(500);
      assert.match(res.text, /Cannot read prop/);
      assert.equal(middleware.calls.length, 1);
    });
  }

  for (const nothing of [null, undefined, false, 0, '']) {
    it(`has not found the session where it answers ${inspect(nothing)} (B132)`, async () => {
      const { get, middleware, cookie } = await spoiled(new ForeignStore(), (store) => {
        replace(store, 'get', () => (_id, callback) => setImmediate(callback as Callback, null, nothing));
      });
      const res = await get('/', cookie).expect(200, 'visits: 1');
      assert.notEqual(cookieOf(res), cookie);
      assert.deepEqual(middleware.calls, [[]]);
    });
  }

  it('has not found the session where it answers with no argument at all (B132)', async () => {
    const { get, cookie } = await spoiled(new ForeignStore(), (store) => {
      replace(store, 'get', () => (_id, callback) => setImmediate(callback as Callback));
    });
    const res = await get('/', cookie).expect(200, 'visits: 1');
    assert.notEqual(cookieOf(res), cookie);
  });
});

describe('a store that cannot write', () => {
  const cases: { method: MethodName; url: string; body: string; options?: session.SessionOptions }[] = [
    { method: 'touch', url: '/read', body: 'visits: 1' },
    { method: 'set', url: '/', body: 'visits: 2' },
    { method: 'destroy', url: '/unset', body: 'session destroyed', options: { unset: 'destroy' } },
  ];

  for (const { method, url, body, options } of cases) {
    it(`leaves the response unharmed and tells next late: ${method} (B128)`, async () => {
      const { get, server, middleware, cookie, store } = await spoiled(
        new ForeignStore(),
        (spoilt) => (spoilt.failures[method] = boom()),
        options,
      );
      const res = await get(url, cookie).expect(200, body);
      assert.equal(res.headers['content-length'], String(body.length));
      await middleware.reached(2);
      await settle();
      assert.equal(store.count(method), method === 'set' ? 2 : 1);
      assert.deepEqual(middleware.calls, [[], [store.failures[method]]]);
      assert.deepEqual(server.lateErrors, [store.failures[method]]);
    });
  }

  it('is told to next in a later turn, after the plain call, once the headers are out (B129)', async () => {
    // A synchronous store: the error is there before `end` has returned.
    const store = new SyncStore();
    replace(store, 'set', () => (_id, _data, callback) => {
      (callback as Callback)(boom());
    });
    const order: string[] = [];
    let res: Parameters<Handler>[1] | undefined;
    const { get, middleware } = start(store, {}, (req, response) => {
      res = response;
      countVisit(req);
      response.end('session saved');
      order.push(`end returned, ${String(middleware.calls.length)} call`);
      process.nextTick(() => order.push(`ticked, ${String(middleware.calls.length)} call`));
      queueMicrotask(() => order.push(`microtask, ${String(middleware.calls.length)} call`));
    });
    const late = middleware.reached(2).then(() => res?.headersSent);
    const answered = await get('/').expect(200, 'session saved');
    assert.equal(await late, true);
    assert.deepEqual(order, ['end returned, 1 call', 'ticked, 1 call', 'microtask, 1 call']);
    assert.deepEqual(middleware.calls[0], []);
    assert.equal((middleware.calls[1]?.[0] as Error).message, 'boom!');
    assert.equal(setCookie(answered), undefined, 'a cookie of what is not stored');
  });

  it('is told to next after the response, whose Set-Cookie stands (B129)', async () => {
    const { get, middleware, cookie } = await spoiled(
      new ForeignStore(),
      (store) => (store.failures.touch = boom()),
      { rolling: true },
      (_, res) => {
        res.on('finish', () => told.push(middleware.calls.length));
        res.end('read');
      },
    );
    const told: number[] = [];
    const answered = await get('/read', cookie).expect(200, 'read');
    await middleware.reached(2);
    assert.equal(cookieOf(answered), cookie);
    assert.deepEqual(told, [1], 'not before the response is finished');
    assert.equal((middleware.calls[1]?.[0] as Error).message, 'boom!');
  });
});

describe('a store that breaks its contract', () => {
  it('makes an error for next where get throws (B131)', async () => {
    const { get, middleware, cookie } = await spoiled(new ForeignStore(), (store) => {
      replace(store, 'get', () => () => {
        throw boom();
      });
    });
    await get('/', cookie).expect(500, 'boom!');
    await settle();
    assert.equal(middleware.calls.length, 1);
  });

  it('makes an error for next where get returns a promise that rejects (B131)', async () => {
    const { get, middleware, cookie } = await spoiled(new ForeignStore(), (store) => {
      replace(store, 'get', () => () => Promise.reject(boom()));
    });
    const unhandled = await unhandledDuring(() => get('/', cookie).expect(500, 'boom!'));
    assert.deepEqual(unhandled, []);
    assert.equal(middleware.calls.length, 1);
  });

  it('is waited for as long as it does not call back (B131)', async () => {
    const { get, middleware, cookie, store } = await spoiled(new ForeignStore(), () => undefined);
    const held = store.hold('get');
    const pending = get('/', cookie).then((res) => res);
    await held.reached;
    await settle();
    assert.deepEqual(middleware.calls, []);
    held.release();
    assert.equal((await pending).text, 'visits: 2');
  });

  /** One request for each method, with the session of a first visit. */
  const requests: Record<MethodName, { url: string; body: string; options?: session.SessionOptions }> = {
    get: { url: '/read', body: 'visits: 1' },
    set: { url: '/', body: 'visits: 2' },
    touch: { url: '/read', body: 'visits: 1' },
    destroy: { url: '/unset', body: 'session destroyed', options: { unset: 'destroy' } },
  };
  const methods = Object.keys(requests) as MethodName[];

  /** The method's arguments but for the callback, and the callback. */
  function split(args: unknown[]): [rest: unknown[], callback: Callback] {
    return [args.slice(0, -1), args.at(-1) as Callback];
  }

  for (const method of methods) {
    const { url, body, options } = requests[method];

    const twice: [label: string, second: (callback: Callback) => void][] = [
      ['without an error', (callback) => callback(null, JSON.parse(recordOf({ visits: 41 })))],
      ['with an error', (callback) => callback(boom())],
    ];
    for (const [label, second] of twice) {
      it(`has its second callback ignored: ${method}, ${label} (B131)`, async () => {
        let answers = 0;
        const { get, middleware, cookie } = await spoiled(
          new ForeignStore(),
          (store) => {
            replace(store, method, (own) => (...args) => {
              const [rest, callback] = split(args);
              own(...rest, (error: unknown, record: unknown) => {
                callback(error, record);
                second(callback);
                setImmediate(() => second(callback));
              });
            });
          },
          options,
          (req, res) => {
            answers++;
            return handler(req, res);
          },
        );
        await get(url, cookie).expect(200, body);
        await settle();
        assert.equal(answers, 1);
        assert.deepEqual(middleware.calls, [[]]);
      });
    }

    it(`has a rejection ignored, but handled, that comes after the callback: ${method} (B131)`, async () => {
      const { get, middleware, cookie } = await spoiled(
        new ForeignStore(),
        (store) => {
          replace(store, method, (own) => (...args) => {
            const [rest, callback] = split(args);
            return new Promise((_, reject) => {
              own(...rest, (error: unknown, record: unknown) => {
                callback(error, record);
                reject(boom());
              });
            });
          });
        },
        options,
      );
      const unhandled = await unhandledDuring(() => get(url, cookie).expect(200, body));
      assert.deepEqual(unhandled, []);
      assert.deepEqual(middleware.calls, [[]]);
    });

    it(`has its callback ignored where a rejection came before it: ${method} (B131)`, async () => {
      const { get, middleware, cookie } = await spoiled(
        new ForeignStore(),
        (store) => {
          replace(store, method, (own) => (...args) => {
            const [rest, callback] = split(args);
            own(...rest, callback);
            return Promise.reject(boom());
          });
        },
        options,
      );
      const unhandled = await unhandledDuring(async () => {
        if (method === 'get') await get(url, cookie).expect(500, 'boom!');
        else await get(url, cookie).expect(200, body);
        await settle();
      });
      assert.deepEqual(unhandled, []);
      assert.deepEqual(
        middleware.calls.map(([error]) => (error as Error | undefined)?.message),
        method === 'get' ? ['boom!'] : [undefined, 'boom!'],
      );
    });

    it(`is believed its callback where it is an async function: ${method} (B131)`, async () => {
      const { get, middleware, cookie } = await spoiled(
        new ForeignStore(),
        (store) => {
          replace(store, method, (own) => async (...args) => {
            const [rest, callback] = split(args);
            await turn();
            own(...rest, callback);
          });
        },
        options,
      );
      await get(url, cookie).expect(200, body);
      await settle();
      assert.deepEqual(middleware.calls, [[]]);
    });
  }

  it('is given a callback with every call (B131)', async () => {
    const store = new ForeignStore();
    const without: string[] = [];
    const called = new Set<MethodName>();
    for (const method of methods) {
      replace(store, method, (own) => (...args) => {
        called.add(method);
        if (typeof args[method === 'set' || method === 'touch' ? 2 : 1] !== 'function') without.push(method);
        own(...args);
      });
    }
    const { visit } = await serve({ store, unset: 'destroy' }, async (req, res) => {
      if (req.url === '/regenerate') await req.session.regenerate();
      if (req.url === '/save') await req.session.save();
      if (req.url === '/save-without-waiting') void req.session.save();
      if (req.url === '/destroy') await req.session.destroy();
      if (req.url === '/destroy-without-waiting') void req.session.destroy();
      if (req.url === '/unset') Object.assign(req, { session: null });
      if (req.url === '/') countVisit(req);
      res.end();
    });
    const urls = [
      '/read',
      '/save',
      '/save-without-waiting',
      '/destroy',
      '/destroy-without-waiting',
      '/unset',
    ];
    for (const url of [...urls, '/regenerate']) {
      const first = await visit('/');
      assert.notEqual(tokenOf(first), '');
      await visit(url, cookieOf(first));
    }
    assert.deepEqual([...called].sort(), [...methods].sort());
    assert.deepEqual(without, []);
  });
});
