/** Store work that a handler begins and does not wait for: the response does, and its failure is told to somebody. */
import assert from 'node:assert/strict';
import type { Request } from 'express';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import { idOf } from '../support/session-tokens';
import { signInPages } from '../support/sign-in-pages';
import { countHits, data, isPending, serve, type Site, turn } from '../support/site';
import { ForeignStore } from '../support/stores';
import { requestText, roundTrip, Wire } from '../support/wire';

type MethodName = 'save' | 'reload' | 'regenerate' | 'destroy';
type Callback = (error?: unknown, stored?: boolean) => void;

const boom = new Error('boom!');

/** The session's methods, and what each asks the store. */
const works = [
  ['save', 'set'],
  ['reload', 'get'],
  ['regenerate', 'destroy'],
  ['destroy', 'destroy'],
] as const;

function call(req: Request, name: MethodName, callback?: Callback): Promise<unknown> {
  const methods = req.session as unknown as Record<MethodName, (callback?: Callback) => Promise<unknown>>;
  return methods[name](callback);
}

/** The ways of a handler to begin work. `isTaken`: whether somebody hears an error. */
const ways: readonly [how: string, isTaken: boolean, begin: (req: Request, name: MethodName) => void][] = [
  ['nobody takes the promise of', false, (req, name) => void call(req, name)],
  ['a callback is given to', true, (req, name) => void call(req, name, () => undefined)],
  ['somebody awaits', true, (req, name) => void (async () => call(req, name))().catch(() => undefined)],
  [
    'then is called on the promise of',
    true,
    (req, name) => void call(req, name).then(undefined, () => undefined),
  ],
  ['catch is called on the promise of', true, (req, name) => void call(req, name).catch(() => undefined)],
  [
    'finally is called on the promise of',
    true,
    (req, name) =>
      void call(req, name)
        .finally(() => undefined)
        .catch(() => undefined),
  ],
  ['Promise.all takes', true, (req, name) => void Promise.all([call(req, name)]).catch(() => undefined)],
  [
    'somebody awaits, a while after it was called,',
    true,
    (req, name) => {
      const promise = call(req, name);
      void Promise.resolve()
        .then(() => promise)
        .catch(() => undefined);
    },
  ],
];

function openPages(store: ForeignStore, options: session.SessionOptions = {}) {
  return serve(
    { store, ...options },
    {
      '/': countHits,
      ...Object.fromEntries(
        works.flatMap(([name]) =>
          ways.map(([how, , begin]) => [
            `/${name}/${encodeURIComponent(how)}`,
            (req: Request, res: { end: (text: string) => unknown }) => {
              data(req).note = 'mine';
              begin(req, name);
              res.end('done');
            },
          ]),
        ),
      ),
    },
  );
}

describe('Work that a handler has begun', () => {
  for (const [name, method] of works) {
    for (const [how, isTaken] of ways) {
      const path = `/${name}/${encodeURIComponent(how)}`;

      it(`is waited for by the end of the response: ${how} ${name} (B254)`, async () => {
        const store = new ForeignStore();
        const site = await openPages(store);
        const cookie = cookieOf(await site.visit('/'));
        // The first get is that of the request.
        if (method === 'get') holdSecond(store, 'get');
        const held = method === 'get' ? seconds : store.hold(method);
        const pending = site.visit(path, cookie);
        await held.reached;
        await roundTrip();
        assert.ok(await isPending(pending));
        held.release();
        assert.equal((await pending).text, 'done');
        assert.deepEqual(await lateErrors(site), []);
      });

      it(`is a late error if it fails and nobody hears: ${how} ${name} (B254)`, async () => {
        const store = new ForeignStore();
        const site = await openPages(store);
        const cookie = cookieOf(await site.visit('/'));
        failFrom(store, method, method === 'get' ? 2 : 1);
        const answered = await site.visit(path, cookie);
        assert.equal(answered.text, 'done');
        assert.deepEqual(await lateErrors(site), isTaken ? [] : ['boom!']);
      });
    }
  }

  /** The second call of a method from now on waits; how it goes on is in `seconds`. */
  let seconds: ReturnType<ForeignStore['hold']>;
  function holdSecond(store: ForeignStore, method: 'get'): void {
    const original = store[method].bind(store);
    let release = (): void => undefined;
    let reach = (): void => undefined;
    const open = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => (reach = resolve));
    seconds = { reached, release };
    let count = 0;
    store[method] = (id, callback) => {
      count += 1;
      if (count !== 2) {
        original(id, callback);
        return;
      }
      reach();
      void open.then(() => original(id, callback));
    };
  }

  /** The nth call of a method from now on fails, and only that. */
  function failFrom(store: ForeignStore, method: 'get' | 'set' | 'destroy', nth: number): void {
    const methods = store as unknown as Record<string, (...args: unknown[]) => void>;
    const original = methods[method]?.bind(store);
    let count = 0;
    methods[method] = (...args) => {
      count += 1;
      if (count === nth) setImmediate(args.at(-1) as Callback, boom);
      else original?.(...args);
    };
  }

  it('such as a logout without await is done before the response says so (B252 B254)', async () => {
    const store = new ForeignStore();
    const site = await openPages(store);
    const cookie = cookieOf(await site.visit('/'));
    const held = store.hold('destroy');
    const path = `/destroy/${encodeURIComponent(ways[0]?.[0] ?? '')}`;
    const wire = new Wire(site.port, requestText('GET', path, { Cookie: cookie }));
    await held.reached;
    await roundTrip();
    assert.deepEqual([wire.received, store.records.size], ['', 1]);
    held.release();
    assert.match(await wire.closed, /done$/);
    assert.equal(store.records.size, 0);
  });

  it('such as a regenerate without await gives the response the cookie of the new session (B254 B265)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store },
      {
        '/': countHits,
        '/login': (req, res) => {
          req.session.regenerate(() => (data(req).user = 'ann'));
          res.writeHead(302, { Location: '/' });
          res.end();
        },
        '/who': (req, res) => res.end(String(data(req).user)),
      },
    );
    const first = await site.visit('/');
    const login = await site.get('/login', cookieOf(first));
    assert.equal(login.status, 302);
    assert.notEqual(idOf(login), idOf(first));
    assert.deepEqual([...store.records.keys()], [idOf(login)]);
    assert.equal((await site.visit('/who', cookieOf(login))).text, 'ann');
  });

  it('such as a save that waits may be followed by more of it, which is waited for as well (B254)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store },
      {
        '/': (req, res) => {
          data(req).step = 1;
          req.session.save(() => {
            data(req).step = 2;
            req.session.save(() => {
              data(req).step = 3;
              void req.session.save();
            });
          });
          res.end('done');
        },
      },
    );
    const answered = await site.visit('/');
    assert.equal(record(store, idOf(answered))?.step, 3);
    assert.deepEqual(await lateErrors(site), []);
  });

  it('may itself wait for the end of the response in its callback, and is not waited for then (B254)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store },
      {
        '/': (req, res) => {
          data(req).user = 'ann';
          req.session.save(() => res.end('from the callback'));
        },
      },
    );
    assert.equal((await site.visit('/')).text, 'from the callback');
  });

  it('is no matter to a response that throws it away (B043 B254)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store },
      {
        '/': (req, res) => {
          data(req).user = 'ann';
          void req.session.save();
          res.destroy();
        },
      },
    );
    await assert.rejects(site.get('/'));
    await turn();
    assert.equal(store.count('set'), 1);
  });

  it('that fails leaves the session to be stored by the end, whose cookie goes out (B136 B254)', async () => {
    const store = new ForeignStore();
    const site = await openPages(store);
    failFrom(store, 'set', 1);
    const answered = await site.visit(`/save/${encodeURIComponent(ways[1]?.[0] ?? '')}`);
    assert.equal(record(store, idOf(answered))?.note, 'mine');
  });

  it("of which nobody hears is told once, though the end fails as well, with saveErrors 'respond' to the error page (B254)", async () => {
    const store = new ForeignStore();
    const site = await openPages(store, { saveErrors: 'respond' });
    const path = `/save/${encodeURIComponent(ways[0]?.[0] ?? '')}`;
    store.failures.set = boom;
    const answered = await site.get(path);
    assert.deepEqual([answered.status, answered.text, setCookie(answered)], [500, 'boom!', undefined]);
    assert.deepEqual(await lateErrors(site), ['boom!'], 'that of the save');
    assert.equal(store.count('set'), 2);
  });

  it('is over when the end stores what has changed since: what the store throws then is the error page (B045 B248 B254)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store },
      {
        '/': (req, res) => {
          data(req).step = 1;
          void req.session.save();
          data(req).step = 2;
          res.end('done');
        },
      },
    );
    const held = store.hold('set');
    const pending = site.get('/');
    await held.reached;
    await roundTrip();
    store.set = () => {
      throw boom;
    };
    held.release();
    const answered = await pending;
    assert.deepEqual([answered.status, answered.text, setCookie(answered)], [500, 'boom!', undefined]);
    assert.deepEqual(await lateErrors(site), []);
  });

  it('is over when a stream gets its headers: it goes on without a token that cannot be made (B214 B254)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store, jwtFromReq: (req) => ({ list: data(req).list }) },
      {
        '/': async (req, res) => {
          data(req).list = 'x'.repeat(4096);
          void req.session.save();
          res.write('begun, ');
          await turn();
          res.end('ended');
        },
      },
    );
    const held = store.hold('set');
    const pending = site.visit('/');
    await held.reached;
    assert.ok(await isPending(pending));
    held.release();
    const answered = await pending;
    assert.equal(answered.text, 'begun, ended');
    assert.equal(setCookie(answered), undefined);
    assert.match((await lateErrors(site)).join(), /^jwtFromReq returned too many claims/);
  });
});

describe('the cookie of a response', () => {
  it('is that of the new session after regenerate that nobody waits for, and a redirect (B254 B265)', async () => {
    for (const Store of [ForeignStore, ComparingStore, session.MemoryStore]) {
      const site = await serve(
        { store: new Store() },
        {
          ...signInPages,
          '/redirect': (req, res) => {
            void req.session.regenerate();
            res.statusCode = 302;
            res.setHeader('Location', '/');
            res.end();
          },
        },
      );
      const first = await site.visit('/');
      const res = await site.get('/redirect', cookieOf(first));
      assert.equal(res.status, 302);
      assert.notEqual(idOf(res), idOf(first));
      assert.equal((await site.visit('/', cookieOf(res))).text, '1');
      assert.equal((await site.visit('/', cookieOf(res))).text, '2');
      assert.deepEqual(await lateErrors(site), []);
    }
  });

  /** A request that sends a cookie and writes no data, while reads of the store fail once its own is done. */
  async function lookingInVain(
    saveErrors: 'late' | 'respond',
  ): Promise<{ site: Site; store: ComparingStore; text: string }> {
    const store = new ComparingStore();
    const site = await serve(
      { store, rolling: true, saveErrors },
      {
        ...signInPages,
        '/read': (_, res) => {
          store.failures.get = new Error('boom!');
          res.end('read');
        },
      },
    );
    const first = await site.visit('/');
    const res = await site.get('/read', cookieOf(first));
    delete store.failures.get;
    assert.equal(setCookie(res), undefined);
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    return { site, store, text: res.text };
  }

  it('is not sent where the second look at the record fails, which is a late error (B260 B265)', async () => {
    for (const saveErrors of ['late', 'respond'] as const) {
      const { site, text } = await lookingInVain(saveErrors);
      assert.equal(text, 'read');
      assert.deepEqual(await lateErrors(site), ['boom!']);
    }
  });
});
