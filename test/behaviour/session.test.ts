/** The methods and the data of req.session. */
import assert from 'node:assert/strict';
import type { Request } from 'express';
import session from '../../src';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { regenerate } from '../support/pages';
import { type Handler } from '../support/server';
import { contents, cookieFields, record } from '../support/contents';
import { idOf } from '../support/session-tokens';
import { answer, countHits, data, gate, isPending, serve, showHits, type Site, turn } from '../support/site';
import { ForeignStore } from '../support/stores';

type Callback = (...args: unknown[]) => void;
type MethodName = 'save' | 'reload' | 'regenerate' | 'destroy';

/** The session methods that ask the store, and what each asks. */
const asynchronous = [
  ['save', 'set'],
  ['reload', 'get'],
  ['regenerate', 'destroy'],
  ['destroy', 'destroy'],
] as const;

/** Calls a session method by name, with or without a callback. */
function call(target: object, name: MethodName, callback?: Callback): unknown {
  const methods = target as Record<MethodName, (...args: Callback[]) => unknown>;
  return callback ? methods[name](callback) : methods[name]();
}

function stackDepth(): number {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = Infinity;
  const depth = new Error().stack?.split('\n').length ?? 0;
  Error.stackTraceLimit = limit;
  return depth;
}

function openPages(store: ForeignStore, handlers: Record<string, Handler>): Promise<Site> {
  return serve({ store }, handlers);
}

const SessionClass = session.Session as unknown as new (
  req: object,
  data?: unknown,
) => Record<string, unknown>;

describe('Session methods', () => {
  let store: ForeignStore;
  beforeEach(() => {
    store = new ForeignStore();
  });

  const boom = new Error('boom!');

  describe('destroy', () => {
    it('takes the session off the request at once and asks the store once (B133)', async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/logout': async (req, res) => {
          const [error] = await answer((done) => {
            req.session.destroy(done);
            assert.equal('session' in req, false);
          });
          assert.equal(error ?? null, null);
          res.end(typeof req.session);
        },
      });
      const first = await site.visit('/');
      const logout = await site.visit('/logout', cookieOf(first));
      assert.equal(logout.text, 'undefined');
      assert.deepEqual(
        store.calls.filter(({ method }) => method === 'destroy').map(({ id }) => id),
        [idOf(first)],
      );
      assert.equal(store.records.size, 0);
    });

    it('leaves nothing to save and no cookie to set when the response ends (B133)', async () => {
      const site = await serve(
        { store, cookie: { maxAge: 60_000 }, rolling: true, saveUninitialized: true },
        {
          '/': countHits,
          '/logout': (req, res) => {
            data(req).hits = 'changed';
            req.session.destroy(() => res.end('bye'));
          },
        },
      );
      const first = await site.visit('/');
      store.calls.length = 0;
      const logout = await site.visit('/logout', cookieOf(first));
      assert.equal(setCookie(logout), undefined);
      assert.deepEqual(
        store.calls.map(({ method }) => method),
        ['get', 'destroy'],
      );
    });

    it("hands the store's error to the callback (B133)", async () => {
      store.failures.destroy = boom;
      const site = await openPages(store, {
        '/': async (req, res) => {
          const [error] = await answer((done) => req.session.destroy(done));
          res.end(String(error === boom));
        },
      });
      assert.equal((await site.visit('/')).text, 'true');
    });

    it('needs no callback (B133)', async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/logout': (req, res) => {
          void req.session.destroy();
          res.end('bye');
        },
      });
      const first = await site.visit('/');
      const logout = await site.visit('/logout', cookieOf(first));
      assert.equal(logout.text, 'bye');
      assert.equal(store.count('destroy'), 1);
      await turn();
      assert.equal(store.records.size, 0);
    });

    it('leaves req.sessionID as it was (B133)', async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/logout': async (req, res) => {
          await req.session.destroy();
          res.end(req.sessionID);
        },
      });
      const first = await site.visit('/');
      assert.equal((await site.visit('/logout', cookieOf(first))).text, idOf(first));
    });
  });

  describe('regenerate', () => {
    it('destroys the old id first and puts a new session in place before it calls back (B134)', async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/login': async (req, res) => {
          const before = req.session;
          const { id } = before;
          const held = store.hold('destroy');
          const done = answer((callback) => req.session.regenerate(callback));
          await held.reached;
          assert.equal(req.session.id, id, 'the new session comes after the old one is gone');
          held.release();
          const [error] = await done;
          assert.equal(error ?? null, null);
          assert.notEqual(req.session, before);
          assert.ok(req.session instanceof session.Session);
          assert.deepEqual(Object.keys(req.session), ['cookie']);
          assert.equal(req.session.id, req.sessionID);
          res.end(String(req.session.id === id));
        },
      });
      const first = await site.visit('/');
      store.calls.length = 0;
      const login = await site.visit('/login', cookieOf(first));
      assert.equal(login.text, 'false');
      assert.notEqual(tokenOf(login), tokenOf(first));
      assert.deepEqual(
        store.calls.map(({ method, id }) => [method, id]),
        [
          ['get', idOf(first)],
          ['destroy', idOf(first)],
          ['set', idOf(login)],
        ],
      );
    });

    it('has its session saved and sent even if it is empty and saveUninitialized is false (B134)', async () => {
      const site = await serve(
        { store, saveUninitialized: false },
        {
          '/': countHits,
          '/empty': regenerate,
        },
      );
      const first = await site.visit('/');
      const empty = await site.visit('/empty', cookieOf(first));
      assert.deepEqual([...store.records.keys()], [idOf(empty)]);
    });

    it("calls back with the store's error, the new session in place all the same (B135)", async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/login': async (req, res) => {
          const { id } = req.session;
          store.failures.destroy = boom;
          const [error] = await answer((done) => req.session.regenerate(done));
          assert.equal(error, boom);
          assert.notEqual(req.session.id, id);
          data(req).user = 'ann';
          res.end();
        },
      });
      const first = await site.visit('/');
      const login = await site.visit('/login', cookieOf(first));
      assert.notEqual(tokenOf(login), tokenOf(first));
      assert.equal(record(store, idOf(login))?.user, 'ann');
    });

    it('followed by an explicit save stores once (B136)', async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/login': async (req, res) => {
          await req.session.regenerate();
          await req.session.save();
          res.end('in');
        },
      });
      const first = await site.visit('/');
      store.calls.length = 0;
      const login = await site.visit('/login', cookieOf(first));
      assert.equal(login.text, 'in');
      assert.deepEqual(
        store.calls.map(({ method }) => method),
        ['get', 'destroy', 'set'],
      );
      assert.equal(store.calls[2]?.id, idOf(login));
    });
  });

  describe('save', () => {
    it('after a change leaves nothing to store or touch at the end (B136)', async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/save': async (req, res) => {
          data(req).hits = 10;
          await req.session.save();
          res.end();
        },
      });
      const first = await site.visit('/');
      store.calls.length = 0;
      await site.visit('/save', cookieOf(first));
      assert.deepEqual(
        store.calls.map(({ method }) => method),
        ['get', 'set'],
      );
    });

    it('still under way when the response ends is waited for and not repeated (B136)', async () => {
      const site = await openPages(store, {
        '/save': (req, res) => {
          data(req).user = 'ann';
          void req.session.save();
          res.end('saved');
        },
      });
      const held = store.hold('set');
      const response = site.visit('/save');
      await held.reached;
      await site.visit('/elsewhere');
      assert.ok(await isPending(response));
      held.release();
      const saved = await response;
      assert.equal(saved.text, 'saved');
      assert.equal(store.count('set'), 1);
      assert.equal(store.count('touch'), 0);
      assert.equal(record(store, idOf(saved))?.user, 'ann');
    });

    it('that fails while the response waits for it is tried again (B136)', async () => {
      const site = await openPages(store, {
        '/save': (req, res) => {
          data(req).user = 'ann';
          req.session.save(() => undefined);
          res.end('saved');
        },
      });
      store.failures.set = boom;
      const held = store.hold('set');
      const response = site.visit('/save');
      await held.reached;
      delete store.failures.set;
      held.release();
      const saved = await response;
      assert.equal(saved.text, 'saved');
      assert.equal(store.count('set'), 2);
      assert.equal(record(store, idOf(saved))?.user, 'ann');
    });

    it('that has failed before the response ends is tried again (B136)', async () => {
      const site = await openPages(store, {
        '/save': async (req, res) => {
          data(req).user = 'ann';
          store.failures.set = boom;
          await answer((done) => req.session.save(done));
          delete store.failures.set;
          res.end('saved');
        },
      });
      const saved = await site.visit('/save');
      assert.equal(store.count('set'), 2);
      assert.equal(record(store, idOf(saved))?.user, 'ann');
    });

    for (const saveUninitialized of [true, false]) {
      describe(`with saveUninitialized ${String(saveUninitialized)}`, () => {
        const visitTwice = async (before: (req: Request) => Promise<unknown>) => {
          const site = await serve(
            { store, saveUninitialized, resave: false },
            {
              '/': async (req, res) => {
                await before(req);
                data(req).hits = Number(data(req).hits ?? 0) + 1;
                await req.session.save();
                res.end(String(data(req).hits));
              },
              '/reload': async (req, res) => {
                data(req).hits = 10;
                await req.session.save();
                await req.session.reload();
                res.end(String(data(req).hits));
              },
            },
          );
          const first = await site.visit('/');
          assert.equal(store.count('set'), 1);
          return { site, cookie: cookieOf(first) };
        };

        it('is not repeated after a reload (B140)', async () => {
          const { site, cookie } = await visitTwice(() => Promise.resolve());
          assert.equal((await site.visit('/reload', cookie)).text, '10');
          assert.equal(store.count('set'), 2);
        });
      });
    }

    it('is followed by a second one at the end if the session has changed since (B141)', async () => {
      const site = await openPages(store, {
        '/': async (req, res) => {
          data(req).step = 'first';
          await req.session.save();
          data(req).step = 'second';
          res.end();
        },
      });
      const response = await site.visit('/');
      const sets = store.calls.filter(({ method }) => method === 'set');
      assert.deepEqual(
        sets.map((set) => (JSON.parse(set.data ?? '') as { step: string }).step),
        ['first', 'second'],
      );
      assert.equal(record(store, idOf(response))?.step, 'second');
    });

    it('reports a failure to its callback or its promise (B141)', async () => {
      const site = await openPages(store, {
        '/': async (req, res) => {
          data(req).user = 'ann';
          store.failures.set = boom;
          const [error] = await answer((done) => req.session.save(done));
          assert.equal(error, boom);
          await assert.rejects(req.session.save(), (thrown) => thrown === boom);
          delete store.failures.set;
          res.end('heard');
        },
      });
      assert.equal((await site.visit('/')).text, 'heard');
    });

    it('is fine without a callback (B141)', async () => {
      const site = await openPages(store, {
        '/': (req, res) => {
          data(req).user = 'ann';
          void req.session.save();
          res.end('fine');
        },
      });
      const response = await site.visit('/');
      assert.equal(response.text, 'fine');
      assert.equal(record(store, idOf(response))?.user, 'ann');
    });
  });

  describe('reload', () => {
    const openEditor = (opened = gate()) => ({
      opened,
      site: openPages(store, {
        '/foo': (req, res) => {
          data(req).url = req.url;
          res.end();
        },
        '/bar': (req, res) => {
          data(req).url = req.url;
          res.end();
        },
        '/edit': async (req, res) => {
          const before = req.session;
          data(req).url = '/edited';
          data(req).draft = true;
          await opened.pass();
          const args = await answer((done) => req.session.reload(done));
          assert.deepEqual(args, []);
          assert.notEqual(req.session, before);
          assert.equal(req.session.id, before.id);
          assert.equal(req.session.id, req.sessionID);
          assert.equal('draft' in req.session, false);
          res.end(String(data(req).url));
        },
        '/look': async (req, res) => {
          await opened.pass();
          await req.session.reload();
          res.end(String(data(req).url));
        },
      }),
    });

    it('brings in what another request has stored, under the same id, and drops local edits (B137)', async () => {
      const { opened, site: opening } = openEditor();
      const site = await opening;
      const cookie = cookieOf(await site.visit('/foo'));
      const edit = site.visit('/edit', cookie);
      await opened.reached;
      await site.visit('/bar', cookie);
      opened.open();
      assert.equal((await edit).text, '/bar');
      assert.equal(record(store, idOf(cookie.slice('connect.sid='.length)))?.url, '/bar');
    });

    it('that brought in other data makes the session count as modified at the end (B145)', async () => {
      const { opened, site: opening } = openEditor();
      const site = await opening;
      const cookie = cookieOf(await site.visit('/foo'));
      const look = site.visit('/look', cookie);
      await opened.reached;
      await site.visit('/bar', cookie);
      store.calls.length = 0;
      opened.open();
      assert.equal((await look).text, '/bar');
      assert.deepEqual(
        store.calls.map(({ method }) => method),
        ['get', 'set'],
      );
    });

    it('that brought in the same data leaves the session unmodified (B145)', async () => {
      const { opened, site: opening } = openEditor();
      opened.open();
      const site = await opening;
      const cookie = cookieOf(await site.visit('/foo'));
      store.calls.length = 0;
      await site.visit('/look', cookie);
      assert.deepEqual(
        store.calls.map(({ method }) => method),
        ['get', 'get', 'touch'],
      );
    });

    it('fails with "failed to load session" if the record is gone (B138)', async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/reload': async (req, res) => {
          const before = req.session;
          store.records.clear();
          const [error] = await answer((done) => req.session.reload(done));
          assert.ok(error instanceof Error);
          assert.equal(error.message, 'failed to load session');
          await assert.rejects(req.session.reload(), /^Error: failed to load session$/);
          assert.equal(req.session, before);
          res.end('kept');
        },
      });
      const first = await site.visit('/');
      assert.equal((await site.visit('/reload', cookieOf(first))).text, 'kept');
    });

    it("passes the store's error on and keeps the session object (B138)", async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/reload': async (req, res) => {
          const before = req.session;
          store.failures.get = boom;
          const [error] = await answer((done) => req.session.reload(done));
          delete store.failures.get;
          assert.equal(error, boom);
          assert.equal(req.session, before);
          res.end('kept');
        },
      });
      const first = await site.visit('/');
      assert.equal((await site.visit('/reload', cookieOf(first))).text, 'kept');
    });

    it('of a broken record calls back with the error and keeps the session object (B138)', async () => {
      const site = await openPages(store, {
        '/': countHits,
        '/reload': async (req, res) => {
          const before = req.session;
          store.records.set(req.sessionID, '{"hits":1}');
          const [error] = await answer((done) => req.session.reload(done));
          assert.match(String(error), /Cannot read prop/);
          assert.equal(req.session, before);
          res.end('kept');
        },
      });
      const first = await site.visit('/');
      assert.equal((await site.visit('/reload', cookieOf(first))).text, 'kept');
    });

    for (const [outcome, prepare] of [
      [
        'failing',
        () => {
          store.records.clear();
        },
      ],
      ['successful', () => undefined],
    ] as const) {
      it(`can be nested 20 times when ${outcome}, without the stack growing (B139)`, async () => {
        const depths: number[] = [];
        const site = await openPages(store, {
          '/': countHits,
          '/nested': (req, res) => {
            prepare();
            const again = () => {
              depths.push(stackDepth());
              if (depths.length > 20) res.end('ok');
              else req.session.reload(again);
            };
            req.session.reload(again);
          },
        });
        const first = await site.visit('/');
        assert.equal((await site.visit('/nested', cookieOf(first))).text, 'ok');
        assert.equal(depths.length, 21);
        assert.equal(new Set(depths).size, 1, depths.join());
      });
    }

    it('that fails leaves the methods of the session object as they were (B139)', async () => {
      const site = await openPages(store, {
        '/': async (req, res) => {
          const methods = asynchronous.map(([name]) => data(req)[name]);
          for (let round = 0; round < 20; round++) await answer((done) => req.session.reload(done));
          assert.deepEqual(
            asynchronous.map(([name], at) => data(req)[name] === methods[at]),
            [true, true, true, true],
          );
          res.end('ok');
        },
      });
      assert.equal((await site.visit('/')).text, 'ok');
    });
  });

  describe('touch and resetMaxAge', () => {
    for (const name of ['touch', 'resetMaxAge'] as const) {
      it(`${name} sets cookie.maxAge to cookie.originalMaxAge, without a store call (B142)`, async () => {
        const site = await openPages(store, {
          '/': (req, res) => {
            const { cookie } = req.session;
            cookie.maxAge = 60_000;
            cookie.originalMaxAge = 5_000;
            req.session[name]();
            const left = cookie.maxAge ?? 0;
            assert.ok(left > 4_000 && left <= 5_000, String(left));
            cookie.originalMaxAge = null;
            req.session[name]();
            assert.equal(cookieFields(req.session).expires, null);
            res.end(String(store.calls.length));
          },
        });
        assert.equal((await site.visit('/')).text, '0');
      });

      it(`${name} returns the session (B144)`, async () => {
        const site = await openPages(store, {
          '/': (req, res) => res.end(String(req.session[name]() === req.session)),
        });
        assert.equal((await site.visit('/')).text, 'true');
      });
    }
  });

  describe('id and req', () => {
    const describeMembers = async (visit: (site: Site) => Promise<unknown>) => {
      const site = await openPages(store, {
        '/': countHits,
        '/look': (req, res) => {
          const { id } = req.session;
          for (const name of ['id', 'req']) {
            const descriptor = Object.getOwnPropertyDescriptor(req.session, name);
            assert.ok(descriptor, `${name} is an own property`);
            assert.equal(descriptor.enumerable, false);
            assert.equal(descriptor.configurable, false);
            assert.ok(!descriptor.writable && !descriptor.set);
            assert.equal(Reflect.set(req.session, name, 'other'), false);
            assert.throws(() => Object.assign(req.session, { [name]: 'other' }), TypeError);
          }
          assert.equal(req.session.id, id);
          assert.equal((req.session as unknown as { req: Request }).req, req);
          assert.equal(req.session.id, req.sessionID);
          data(req).seen = true;
          res.end(id);
        },
      });
      await visit(site);
    };

    it('are own, fixed and hidden, the id being the one that the store knows, in a new session (B143)', () =>
      describeMembers(async (site) => {
        const look = await site.visit('/look');
        assert.equal(look.text, idOf(look));
      }));

    it('are own, fixed and hidden, the id being the one that the store knows, in a loaded session (B143)', () =>
      describeMembers(async (site) => {
        const first = await site.visit('/');
        const look = await site.visit('/look', cookieOf(first));
        assert.equal(look.text, idOf(first));
      }));
  });

  describe('with a callback or a promise', () => {
    for (const [name, method] of asynchronous) {
      it(`${name} returns the session if it is given a callback (B144)`, async () => {
        const site = await openPages(store, {
          '/': countHits,
          '/call': async (req, res) => {
            const before = req.session;
            let returned: unknown;
            await answer((done) => (returned = call(before, name, done)));
            res.end(String(returned === before));
          },
        });
        const first = await site.visit('/');
        assert.equal((await site.visit('/call', cookieOf(first))).text, 'true');
      });

      it(`${name} returns a promise that settles when the store has answered (B144)`, async () => {
        const site = await openPages(store, {
          '/': countHits,
          '/call': async (req, res) => {
            const before = req.session;
            const { id } = before;
            data(req).hits = 7;
            const held = store.hold(method);
            const promise = call(before, name);
            assert.ok(promise instanceof Promise);
            await held.reached;
            assert.ok(await isPending(promise));
            held.release();
            await promise;
            const effects = {
              save: () => record(store, id)?.hits === 7,
              reload: () => req.session !== before && data(req).hits === 1,
              regenerate: () => req.session.id !== id && !contents(store).has(id),
              destroy: () => !('session' in req) && !contents(store).has(id),
            };
            res.end(String(effects[name]()));
          },
        });
        const first = await site.visit('/');
        assert.equal((await site.visit('/call', cookieOf(first))).text, 'true');
      });

      it(`${name} rejects with the store's error (B144)`, async () => {
        const site = await openPages(store, {
          '/': countHits,
          '/call': async (req, res) => {
            store.failures[method] = boom;
            const promise = call(req.session, name) as Promise<unknown>;
            await assert.rejects(promise, (thrown) => thrown === boom);
            Reflect.deleteProperty(store.failures, method);
            res.end('rejected');
          },
        });
        const first = await site.visit('/');
        assert.equal((await site.visit('/call', cookieOf(first))).text, 'rejected');
      });

      it(`${name} raises no unhandled rejection if nobody awaits it (B144)`, async () => {
        const unhandled: unknown[] = [];
        const note = (reason: unknown) => unhandled.push(reason);
        process.on('unhandledRejection', note);
        try {
          const site = await openPages(store, {
            '/': countHits,
            '/call': async (req, res) => {
              store.failures[method] = boom;
              const calls = store.count(method);
              call(req.session, name);
              assert.equal(store.count(method), calls + 1);
              for (let turns = 0; turns < 5; turns++) await turn();
              Reflect.deleteProperty(store.failures, method);
              res.end('quiet');
            },
          });
          const first = await site.visit('/');
          assert.equal((await site.visit('/call', cookieOf(first))).text, 'quiet');
          assert.deepEqual(unhandled, []);
        } finally {
          process.off('unhandledRejection', note);
        }
      });
    }
  });
});

describe('Session data', () => {
  let store: ForeignStore;
  beforeEach(() => {
    store = new ForeignStore();
  });

  it('in the store under any name a fresh session already has is ignored (B148)', async () => {
    let reserved: string[] = [];
    const site = await openPages(store, {
      '/': (req, res) => {
        const names = new Set<string>();
        for (let at: unknown = req.session; at !== null; at = Object.getPrototypeOf(at)) {
          for (const name of Object.getOwnPropertyNames(at)) names.add(name);
        }
        names.delete('cookie');
        reserved = [...names];
        countHits(req, res);
      },
      '/look': (req, res) => {
        const taken = reserved.filter((name) => data(req)[name] === 'stored');
        res.end(`${taken.join()}|${String(data(req).hits)}`);
      },
    });
    const first = await site.visit('/');
    for (const name of [
      ...['regenerate', 'destroy', 'reload', 'save', 'touch', 'resetMaxAge'],
      ...['id', 'req', 'jwt', 'constructor', 'toString', 'hasOwnProperty', '__proto__'],
    ]) {
      assert.ok(reserved.includes(name), `${name} is reachable`);
    }
    const id = idOf(first);
    const planted = Object.fromEntries(reserved.map((name) => [name, 'stored']));
    store.records.set(id, JSON.stringify({ ...record(store, id), ...planted }));
    assert.equal((await site.visit('/look', cookieOf(first))).text, '|1');
  });

  it('in the store with an own __proto__ does not change the prototype (B148)', async () => {
    const site = await openPages(store, {
      '/': countHits,
      '/look': (req, res) => {
        assert.equal(Object.getPrototypeOf(req.session), session.Session.prototype);
        assert.equal(Object.hasOwn(req.session, '__proto__'), false);
        assert.equal(data(req).admin, undefined);
        showHits(req, res);
      },
    });
    const first = await site.visit('/');
    const id = idOf(first);
    const text = store.records.get(id) ?? '';
    store.records.set(id, `{"__proto__":{"admin":true},${text.slice(1)}`);
    assert.equal((await site.visit('/look', cookieOf(first))).text, '1');
  });

  it('and the cookie are all that JSON.stringify gives (B149)', async () => {
    const site = await serve(
      { store, cookie: { maxAge: 60_000 }, jwtFromReq: () => ({ role: 'admin' }) },
      {
        '/': (req, res) => {
          data(req).user = 'ann';
          assert.equal(decode(session.tokenOf(req) ?? '').payload.role, 'admin');
          const text = JSON.stringify(req.session);
          assert.deepEqual(JSON.parse(text), {
            cookie: JSON.parse(JSON.stringify(req.session.cookie)) as unknown,
            user: 'ann',
          });
          res.end(text);
        },
      },
    );
    const { cookie } = JSON.parse((await site.visit('/')).text) as { cookie: Record<string, unknown> };
    assert.deepEqual(Object.keys(cookie).sort(), ['expires', 'httpOnly', 'originalMaxAge', 'path']);
    assert.equal(cookie.originalMaxAge, 60_000);
    assert.equal(typeof cookie.expires, 'string');
  });

  it('given to the constructor is merged, inherited members too, the id being req.sessionID (B150)', () => {
    const given = Object.assign(Object.create({ inherited: 1 }) as object, { own: 2 });
    const made = new SessionClass({ sessionID: 'some-id' }, given);
    assert.equal(made.id, 'some-id');
    assert.equal(made.own, 2);
    assert.equal(made.inherited, 1);
    assert.deepEqual(Object.keys(made).sort(), ['inherited', 'own']);
  });

  it('given to the constructor as anything but an object is ignored (B150)', () => {
    for (const given of [undefined, null, 'text', 42, true, Object.assign(() => undefined, { own: 2 })]) {
      const made = new SessionClass({ sessionID: 'some-id' }, given);
      assert.equal(made.id, 'some-id');
      assert.deepEqual(Object.keys(made), []);
    }
  });

  it('assigned as a plain object makes res.end throw, and nothing is stored (B151)', async () => {
    let thrown: unknown;
    const { get } = await serve({ store }, (req, res) => {
      (req as { session: unknown }).session = { user: 'ann' };
      try {
        res.end('fine');
      } catch (error) {
        thrown = error;
        throw error;
      }
    });
    const response = await get('/');
    assert.ok(thrown instanceof TypeError);
    assert.match(thrown.message, /touch is not a function/);
    assert.equal(response.status, 500);
    assert.match(response.text, /touch is not a function/);
    assert.equal(store.count('set') + store.count('touch'), 0);
  });

  it('makes a round trip as JSON does (B152)', async () => {
    const nested = {
      date: new Date(0),
      gone: undefined,
      run: () => 'nothing',
      list: [1, undefined, { deep: [true, null, 'ü'] }],
    };
    const site = await openPages(store, {
      '/': (req, res) => {
        data(req).nested = nested;
        res.end();
      },
      '/look': (req, res) => res.end(JSON.stringify(data(req).nested)),
    });
    const first = await site.visit('/');
    assert.deepEqual(JSON.parse((await site.visit('/look', cookieOf(first))).text), {
      date: '1970-01-01T00:00:00.000Z',
      list: [1, null, { deep: [true, null, 'ü'] }],
    });
  });
});
