/** When a session is stored, touched or left alone, and what the store is given. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { withFrozenClock, withMovableClock } from '../support/clock';
import { reachableStrings, record } from '../support/contents';
import { attributes, cookieOf, setCookie } from '../support/cookies';
import { createServer, type Handler, type SessionServer } from '../support/server';
import { idOf, sesOf } from '../support/session-tokens';
import { data, elapse, routes, serve } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { answerAfter, closed, requestText, roundTrip, Wire } from '../support/wire';

const MINUTE = 60_000;

/** The change of a session that a handler makes, and what it answers with, if anything. */
type Change = (req: Parameters<Handler>[0], res: Response) => unknown;

interface Second {
  answer: request.Response;
  store: ForeignStore;
  /** The store methods called by the second request, without the `get` it begins with. */
  calls: string[];
  /** The cookie that the second request sent. */
  sent: string;
  server: SessionServer;
}

/** Two requests: the first stores a session, the second changes the loaded session and ends. */
async function changeLoaded(
  change: Change,
  options: session.SessionOptions = {},
  store = new ForeignStore(),
): Promise<Second> {
  const { server, visit } = await serve({ store, proxy: true, ...options }, (req, res) => {
    if (req.url === '/start') Object.assign(req.session, { user: 'bob', roles: { admin: false } });
    else change(req, res);
    res.end('done');
  });
  const sent = cookieOf(await visit('/start'));
  const from = store.calls.length;
  const answer = await request(server).get('/').set('Cookie', sent).set('X-Forwarded-Proto', 'https');
  assert.equal(answer.text, 'done');
  const [get, ...calls] = methods(store, from);
  assert.equal(get, 'get');
  return { answer, store, calls, sent, server };
}

/** One request of a client without a cookie. */
async function changeNew(change: Change, options: session.SessionOptions = {}) {
  const { store, get } = await serve({ ...options, store: new ForeignStore() }, (req, res) => {
    change(req, res);
    res.end('done');
  });
  const answer = await get('/');
  assert.equal(answer.text, 'done');
  return { answer, store, calls: methods(store) };
}

const nothing: Change = () => undefined;
const addMember: Change = (req) => (data(req).added = 1);

/** A store without `touch`. */
function touchless(): ForeignStore {
  return Object.assign(new ForeignStore(), { touch: undefined });
}

/** The lifetime in a stored record. */
function storedCookieOf(store: ForeignStore, cookie: string): { expires: string; originalMaxAge: number } {
  const id = idOf(cookie.slice(cookie.indexOf('=') + 1));
  return record(store, id)?.cookie as { expires: string; originalMaxAge: number };
}

/** The Expires attribute of the session cookie, in milliseconds. */
function expiresOf(answer: Pick<request.Response, 'headers'>): number {
  return Date.parse(String(attributes(setCookie(answer) ?? '').expires));
}

/** `cookie.expires`, which the types call deprecated and which applications use all the same. */
function readExpires(cookie: object): Date | undefined {
  return Reflect.get(cookie, 'expires') as Date | undefined;
}

function setExpires(req: Parameters<Handler>[0], expires: Date | null): void {
  Object.assign(req.session.cookie, { expires });
}

const toSecond = (time: number): number => Math.floor(time / 1000) * 1000;

/** The roles stored by the first request of `changeLoaded`. */
const roles = (req: Parameters<Handler>[0]) => data(req).roles as Record<string, unknown>;

describe('whether a loaded session counts as modified', () => {
  const unchanged: [string, Change][] = [
    ['nothing is done', nothing],
    ['a member is only read', (req) => data(req).user],
    ['the same value is assigned again', (req) => (data(req).user = 'bob')],
    ['an equal object is assigned', (req) => (data(req).roles = { admin: false })],
    ['an undefined member is added', (req) => (data(req).nothing = undefined)],
    ['an undefined nested member is added', (req) => (roles(req).nothing = undefined)],
    [
      'a member is set, then deleted',
      (req) => {
        data(req).passing = 1;
        delete data(req).passing;
      },
    ],
    [
      'a member is changed, then changed back',
      (req) => {
        data(req).user = 'alice';
        data(req).user = 'bob';
      },
    ],
  ];
  for (const [title, change] of unchanged) {
    it(`is denied where ${title}: it is touched, not saved (B032)`, async () => {
      assert.deepEqual((await changeLoaded(change)).calls, ['touch']);
    });
  }

  const changed: [string, Change][] = [
    ['a member is added', addMember],
    ['a member is changed', (req) => (data(req).user = 'alice')],
    ['a member is removed', (req) => delete data(req).user],
    ['a member is set to undefined', (req) => (data(req).user = undefined)],
    ['a nested member is changed', (req) => (roles(req).admin = true)],
    ['a value of another type is assigned', (req) => (roles(req).admin = 'false')],
    [
      'the keys come in a new order',
      (req) => {
        const { user } = data(req);
        delete data(req).user;
        data(req).user = user;
      },
    ],
  ];
  for (const [title, change] of changed) {
    it(`is affirmed where ${title}: it is saved, not touched (B032)`, async () => {
      const { calls, store, sent } = await changeLoaded(change);
      assert.deepEqual(calls, ['set']);
      assert.equal(store.calls.at(-1)?.id, idOf(sent.slice('connect.sid='.length)));
    });
  }

  it('is affirmed where the id differs and the data does not (B032)', async () => {
    const store = new ForeignStore();
    const { get, visit } = await serve({ store }, async (req, res) => {
      if (req.url === '/regenerate') await req.session.regenerate();
      data(req).user = 'bob';
      res.end();
    });
    const sent = cookieOf(await visit('/start'));
    const from = store.calls.length;
    const answer = await get('/regenerate', sent);
    assert.notEqual(cookieOf(answer), sent);
    assert.deepEqual(methods(store, from), ['get', 'destroy', 'set']);
    assert.equal(store.calls.at(-1)?.id, idOf(answer));
  });
});

describe('the store call for a new session', () => {
  it('is none where it is unmodified and saveUninitialized false, and no cookie is sent (B033)', async () => {
    for (const resave of [false, true]) {
      for (const rolling of [false, true]) {
        const { answer, calls } = await changeNew(nothing, { saveUninitialized: false, resave, rolling });
        assert.deepEqual(calls, []);
        assert.equal(setCookie(answer), undefined);
      }
    }
  });

  for (const [title, change, saveUninitialized] of [
    ['modified and saveUninitialized false', addMember, false],
    ['unmodified and saveUninitialized true', nothing, true],
    ['modified and saveUninitialized true', addMember, true],
  ] as const) {
    it(`is one set, never touch, where it is ${title} (B033)`, async () => {
      for (const resave of [false, true]) {
        for (const rolling of [false, true]) {
          const { answer, calls } = await changeNew(change, { saveUninitialized, resave, rolling });
          assert.deepEqual(calls, ['set']);
          assert.ok(setCookie(answer));
        }
      }
    });
  }
});

describe('the store call for a loaded session', () => {
  for (const [title, change, resave] of [
    ['modified and resave false', addMember, false],
    ['modified and resave true', addMember, true],
    ['unmodified and resave true', nothing, true],
  ] as const) {
    it(`is one set and no touch where it is ${title} (B034)`, async () => {
      for (const rolling of [false, true]) {
        assert.deepEqual((await changeLoaded(change, { resave, rolling })).calls, ['set']);
      }
    });
  }

  it('is one touch where it is unmodified and resave false (B034)', async () => {
    for (const rolling of [false, true]) {
      assert.deepEqual((await changeLoaded(nothing, { resave: false, rolling })).calls, ['touch']);
    }
  });

  it('is none where it is unmodified, resave false and the store cannot touch (B034)', async () => {
    assert.deepEqual((await changeLoaded(nothing, { resave: false }, touchless())).calls, []);
  });

  it('is one set where it is modified and the store cannot touch (B034)', async () => {
    assert.deepEqual((await changeLoaded(addMember, { resave: false }, touchless())).calls, ['set']);
  });
});

describe('an edit of nothing but the cookie of a loaded session', () => {
  const edits: [string, Change, attribute: string, value: string | true | undefined][] = [
    ['secure', (req) => (req.session.cookie.secure = true), 'secure', true],
    ['httpOnly', (req) => (req.session.cookie.httpOnly = false), 'httponly', undefined],
    ['sameSite', (req) => (req.session.cookie.sameSite = 'strict'), 'samesite', 'Strict'],
    ['domain', (req) => (req.session.cookie.domain = 'example.org'), 'domain', 'example.org'],
    ['path', (req) => (req.session.cookie.path = '/app'), 'path', '/app'],
    ['priority', (req) => Object.assign(req.session.cookie, { priority: 'high' }), 'priority', 'High'],
    ['partitioned', (req) => Object.assign(req.session.cookie, { partitioned: true }), 'partitioned', true],
  ];
  for (const [name, change, attribute, value] of edits) {
    it(`is a change like any other: ${name} is stored and sent (B035)`, async () => {
      const { answer, calls } = await changeLoaded(change, { cookie: { maxAge: MINUTE } });
      assert.deepEqual(calls, ['set']);
      assert.equal(attributes(setCookie(answer) ?? '')[attribute], value);
      assert.ok(setCookie(answer));
    });
  }

  const lifetimes: [string, Change][] = [
    ['maxAge', (req) => (req.session.cookie.maxAge = 30 * MINUTE)],
    ['expires', (req) => setExpires(req, new Date(Date.now() + 30 * MINUTE))],
  ];
  for (const [name, change] of lifetimes) {
    for (const [title, cookie] of [
      ['had none', {}],
      ['had another', { maxAge: MINUTE }],
    ] as const) {
      it(`is a change where ${name} gives a lifetime to a session that ${title} (B035)`, () =>
        withFrozenClock(async (clock) => {
          const { answer, calls, store, sent } = await changeLoaded(change, { cookie });
          assert.deepEqual(calls, ['set']);
          assert.equal(cookieOf(answer), sent, 'the session keeps its token');
          assert.equal(expiresOf(answer), toSecond(clock.now() + 30 * MINUTE));
          assert.deepEqual(Date.parse(storedCookieOf(store, sent).expires), clock.now() + 30 * MINUTE);
        }));
    }
  }

  it('is a change where the lifetime is taken away: the stored session has none (B035)', async () => {
    const { calls, store, sent } = await changeLoaded((req) => setExpires(req, null), {
      cookie: { maxAge: MINUTE },
    });
    assert.deepEqual(calls, ['set']);
    assert.equal(storedCookieOf(store, sent).expires, null);
  });

  const noChange: [string, Change][] = [
    ['maxAge is assigned the lifetime it has', (req) => (req.session.cookie.maxAge = MINUTE)],
    [
      'maxAge is assigned originalMaxAge',
      (req) => (req.session.cookie.maxAge = req.session.cookie.originalMaxAge ?? 0),
    ],
    ['the library resets the expiry', nothing],
    ['the application calls touch', (req) => req.session.touch()],
    ['the application calls resetMaxAge', (req) => req.session.resetMaxAge()],
  ];
  for (const [title, change] of noChange) {
    it(`is none where ${title} (B035)`, async () => {
      const { answer, calls } = await changeLoaded(change, { cookie: { maxAge: MINUTE } });
      assert.deepEqual(calls, ['touch']);
      assert.equal(setCookie(answer), undefined);
    });
  }

  it('is none where expires is assigned the time it has (B035)', () =>
    withFrozenClock(async () => {
      const { answer, calls } = await changeLoaded((req) => setExpires(req, new Date(Date.now() + MINUTE)), {
        cookie: { maxAge: MINUTE },
      });
      assert.deepEqual(calls, ['touch']);
      assert.equal(setCookie(answer), undefined);
    }));
});

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

describe('the expiry of a session', () => {
  const views: Handler = (req, res) => {
    data(req).views = Number(data(req).views ?? 0) + 1;
    res.end();
  };

  it('is computed again at the end of a stream whose headers have left before (B038)', async () => {
    await withFrozenClock(async (clock) => {
      const { store, get } = await serve(
        { store: new ForeignStore(), cookie: { maxAge: MINUTE } },
        async (req, res) => {
          data(req).user = 'bob';
          clock.tick(1000);
          res.write('one ');
          await held.reached;
          held.release();
          await roundTrip();
          clock.tick(2 * MINUTE);
          data(req).user = 'alice';
          res.end('two');
        },
      );
      const held = store.hold('set');
      const start = clock.now();
      const answer = await get('/');
      assert.equal(answer.text, 'one two');
      assert.equal(expiresOf(answer), toSecond(start + 1000 + MINUTE), 'what the headers said');
      assert.equal(
        Date.parse(storedCookieOf(store, cookieOf(answer)).expires),
        start + 1000 + 3 * MINUTE,
        'never one that has passed',
      );
    });
  });

  it('is moved on by a touch at the end of a stream that has changed nothing since (B033 B034 B038)', async () => {
    for (const path of ['/new', '/loaded']) {
      await withFrozenClock((clock) =>
        withMovableClock(async (move) => {
          const options = { rolling: true, awaitTouch: true, cookie: { maxAge: MINUTE } };
          const { server, store, visit } = await serve(
            { ...options, store: new ForeignStore() },
            async (req, res) => {
              if (req.url === '/start') return views(req, res);
              if (path === '/new') data(req).user = 'bob';
              res.write('one ');
              await roundTrip();
              clock.tick(10 * MINUTE);
              move(10 * MINUTE);
              return res.end('two');
            },
          );
          const cookie = path === '/new' ? undefined : cookieOf(await visit('/start'));
          const start = clock.now();
          const from = store.calls.length;
          const answer = await request(server)
            .get(path)
            .set(cookie === undefined ? {} : { Cookie: cookie });
          assert.deepEqual(
            methods(store, from),
            path === '/new' ? ['set', 'touch'] : ['get', 'touch', 'touch'],
          );
          const stored = Date.parse(storedCookieOf(store, cookieOf(answer)).expires);
          assert.equal(stored, start + 11 * MINUTE);
        }),
      );
    }
  });

  it('stays what the headers said where the stream ends less than a second later (B033 B034)', async () => {
    const { store, get, visit } = await serve(
      { store: new ForeignStore(), rolling: true, cookie: { maxAge: MINUTE } },
      async (req, res) => {
        if (req.url === '/start') return views(req, res);
        if (req.url === '/new') data(req).user = 'bob';
        res.write('one ');
        await roundTrip();
        return res.end('two');
      },
    );
    await get('/new');
    assert.deepEqual(methods(store), ['set']);
    const cookie = cookieOf(await visit('/start'));
    const from = store.calls.length;
    await get('/loaded', cookie);
    assert.deepEqual(methods(store, from), ['get', 'touch']);
  });

  it('is reset at the end where the headers come with it (B038)', async () => {
    await withFrozenClock(async (clock) => {
      const { store, get } = await serve(
        { store: new ForeignStore(), cookie: { maxAge: MINUTE } },
        (req, res) => {
          data(req).user = 'bob';
          clock.tick(5000);
          res.end();
        },
      );
      const start = clock.now();
      const answer = await get('/');
      assert.equal(Date.parse(storedCookieOf(store, cookieOf(answer)).expires), start + 5000 + MINUTE);
      assert.equal(expiresOf(answer), toSecond(start + 5000 + MINUTE));
    });
  });
});

describe('something else put into req.sessionID', () => {
  it('where it is another string: cookie and store go on using the id of the session (B040)', async () => {
    let id = '';
    const { answer, store } = await changeNew((req) => {
      id = req.session.id;
      req.sessionID = 'mine';
      data(req).user = 'bob';
    });
    assert.equal(idOf(answer), id);
    assert.deepEqual([...store.records.keys()], [id]);
  });

  it('where it is another string and the token was not asked for yet (B040)', async () => {
    let id = '';
    const { answer, store } = await changeNew((req) => {
      req.sessionID = 'mine';
      id = req.session.id;
      data(req).user = 'bob';
    });
    assert.notEqual(id, 'mine');
    assert.equal(idOf(answer), id);
    assert.deepEqual([...store.records.keys()], [id]);
  });

  it('where it is another string: a loaded session stays under its id (B040)', async () => {
    const { answer, store, sent, calls } = await changeLoaded(
      (req) => {
        req.sessionID = 'mine';
        data(req).user = 'alice';
      },
      { cookie: { maxAge: MINUTE } },
    );
    const id = idOf(sent.slice('connect.sid='.length));
    assert.deepEqual(calls, ['set']);
    assert.equal(cookieOf(answer), sent);
    assert.deepEqual([...store.records.keys()], [id]);
    assert.equal(record(store, id)?.user, 'alice');
  });

  it('where it is another string: an unmodified loaded session is touched under its id (B040)', async () => {
    const { calls, store, sent } = await changeLoaded((req) => (req.sessionID = 'mine'));
    assert.deepEqual(calls, ['touch']);
    assert.equal(store.calls.at(-1)?.id, idOf(sent.slice('connect.sid='.length)));
  });
});

describe('the arguments of a store call', () => {
  /** Keeps what a store's methods were called with. */
  class ArgumentStore extends ForeignStore {
    readonly seen: [method: string, args: unknown[]][] = [];

    override get(...args: Parameters<ForeignStore['get']>): void {
      this.seen.push(['get', args]);
      super.get(...args);
    }
    override set(...args: Parameters<ForeignStore['set']>): void {
      this.seen.push(['set', args]);
      super.set(...args);
    }
    override touch(...args: Parameters<ForeignStore['touch']>): void {
      this.seen.push(['touch', args]);
      super.touch(...args);
    }
    override destroy(...args: Parameters<ForeignStore['destroy']>): void {
      this.seen.push(['destroy', args]);
      super.destroy(...args);
    }
  }

  it('are an id, the data of set and touch, and always a function (B041)', async () => {
    const store = new ArgumentStore();
    const handlers = routes({
      '/start': (req, res) => {
        data(req).user = 'bob';
        res.end();
      },
      '/save': (req, res) => {
        data(req).user = 'alice';
        void req.session.save();
        res.end();
      },
      '/destroy': (req, res) => {
        void req.session.destroy();
        res.end();
      },
      '/unset': (req, res) => {
        Reflect.deleteProperty(req, 'session');
        res.end();
      },
    });
    const { get, visit } = await serve({ store, unset: 'destroy' }, handlers);
    for (const path of ['/', '/save', '/destroy', '/unset']) {
      await get(path, cookieOf(await visit('/start')));
    }
    assert.deepEqual(
      new Set(store.seen.map(([method]) => method)),
      new Set(['get', 'set', 'touch', 'destroy']),
    );
    for (const [method, args] of store.seen) {
      assert.match(String(args[0]), /^[\w-]{32}$/, method);
      if (method === 'get' || method === 'destroy') {
        assert.deepEqual([args.length, typeof args[1]], [2, 'function']);
      } else {
        assert.deepEqual(
          [method, args.length, typeof args[1], typeof args[2]],
          [method, 3, 'object', 'function'],
        );
      }
    }
  });
});

describe('the data handed to set and touch', () => {
  interface Handed {
    method: 'set' | 'touch';
    record: Record<string, unknown> & { cookie: session.Cookie };
    token: string;
  }

  /** What a store is handed by a request that saves and one that touches. */
  async function handedOver(
    method: Handed['method'],
    cookieOptions: object = { maxAge: MINUTE },
  ): Promise<Handed> {
    const handed: Handed[] = [];
    const store = new ForeignStore();
    for (const method of ['set', 'touch'] as const) {
      const original = store[method].bind(store);
      store[method] = (id: string, given: unknown, callback?: (error?: unknown) => void) => {
        handed.push({ method, record: given as Handed['record'], token: '' });
        original(id, given as { cookie: unknown }, callback);
      };
    }
    const tokens: string[] = [];
    const { get, visit } = await serve(
      { store, cookie: cookieOptions, jwtFromReq: () => ({ role: 'claimant' }) },
      (req, res) => {
        tokens.push(session.tokenOf(req) ?? assert.fail());
        if (req.url === '/start') Object.assign(req.session, { user: 'bob', nested: { list: [1, 2] } });
        res.end();
      },
    );
    const cookie = cookieOf(await visit('/start'));
    await get('/', cookie);
    assert.deepEqual(
      handed.map((call) => call.method),
      ['set', 'touch'],
    );
    const found = handed.find((call) => call.method === method);
    assert.ok(found && tokens[0]);
    return { ...found, token: tokens[0] };
  }

  for (const method of ['set', 'touch'] as const) {
    it(`of ${method} are the enumerable members, __session and a live Cookie (B042)`, async () => {
      const { record } = await handedOver(method);
      assert.deepEqual(Object.keys(record).sort(), ['__session', 'cookie', 'nested', 'user']);
      assert.equal(record.user, 'bob');
      assert.deepEqual(record.nested, { list: [1, 2] });
      const { cookie } = record;
      assert.ok(cookie instanceof session.Cookie);
      assert.ok(readExpires(cookie) instanceof Date);
      assert.equal(typeof cookie.maxAge, 'number');
      assert.equal(cookie.originalMaxAge, MINUTE);
      assert.equal(Reflect.get(cookie, '_expires'), readExpires(cookie));
    });

    it(`of ${method} have no Date for an expiry where the session has none (B042)`, async () => {
      const { record } = await handedOver(method, {});
      assert.ok(record.cookie instanceof session.Cookie);
      assert.deepEqual(
        [readExpires(record.cookie), record.cookie.maxAge, record.cookie.originalMaxAge],
        [null, null, null],
      );
    });

    it(`of ${method} have the JSON form that stores of express-session know (B042)`, async () => {
      const { record } = await handedOver(method);
      const expires = String(readExpires(record.cookie)?.toISOString());
      const { gen, tag, created } = record.__session as { gen: number; tag: string; created: number };
      assert.deepEqual([gen, typeof tag, typeof created], [1, 'string', 'number']);
      assert.equal(
        JSON.stringify(record),
        `{"cookie":{"originalMaxAge":60000,"expires":"${expires}","httpOnly":true,"path":"/"},` +
          '"user":"bob","nested":{"list":[1,2]},' +
          `"__session":{"gen":1,"tag":"${tag}","created":${String(created)}}}`,
      );
    });

    it(`of ${method} do not lead to the token by any member (B042)`, async () => {
      const { record, token } = await handedOver(method);
      assert.match(token, /^ey.+\..+\..{86}$/);
      assert.equal('jwt' in record, false);
      const strings = reachableStrings(record);
      assert.ok(strings.includes('bob'), 'the search finds what is there');
      for (const secret of [token, ...token.split('.'), String(sesOf(token).id), 'claimant']) {
        assert.deepEqual(
          strings.filter((text) => text.includes(secret)),
          [],
        );
      }
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

describe('a session that cannot be stored', () => {
  const cyclic: Change = (req) => (data(req).itself = req.session);
  const bigint: Change = (req) => (data(req).big = 10n);

  const faults: [string, Change, RegExp][] = [
    ['a cycle', cyclic, /circular/],
    ['a BigInt', bigint, /BigInt/],
    [
      'a toJSON that throws',
      (req) =>
        (data(req).faulty = {
          toJSON: () => {
            throw new Error('no JSON here');
          },
        }),
      /no JSON here/,
    ],
    [
      'a plain object for a session',
      (req) => Object.assign(req, { session: { user: 'bob' } }),
      /touch is not a function/,
    ],
    ['a text for a session', (req) => Object.assign(req, { session: 'bob' }), /touch is not a function/],
    ['a number for a session', (req) => Object.assign(req, { session: 42 }), /touch is not a function/],
    ['true for a session', (req) => Object.assign(req, { session: true }), /touch is not a function/],
  ];

  /** A server whose handler makes the change, ends, and has the error that this throws answered with a 500. */
  function faultyServer(store: ForeignStore, change: Change, options: session.SessionOptions = {}) {
    return createServer({ store, ...options }, (req, res) => {
      if (req.url === '/start') data(req).user = 'bob';
      else change(req, res);
      res.end('should not be seen');
    });
  }

  for (const [title, change, message] of faults) {
    it(`because of ${title}: end throws, nothing is stored, and the error is answered (B045)`, async () => {
      for (const options of [
        {},
        { resave: true, saveUninitialized: true, rolling: true },
        { unset: 'destroy' },
      ] as const) {
        const store = new ForeignStore();
        const answer = await request(faultyServer(store, change, options)).get('/');
        assert.equal(answer.status, 500);
        assert.match(answer.text, message);
        assert.equal(setCookie(answer), undefined, 'the cookie would lead nowhere');
        assert.deepEqual(methods(store), []);
      }
    });

    it(`because of ${title}: the stored session stays as it was (B045)`, async () => {
      const store = new ForeignStore();
      const server = faultyServer(store, change, { cookie: { maxAge: MINUTE } });
      const cookie = cookieOf(await request(server).get('/start'));
      const before = new Map(store.records);
      const from = store.calls.length;
      const answer = await request(server).get('/').set('Cookie', cookie);
      assert.equal(answer.status, 500);
      assert.match(answer.text, message);
      assert.deepEqual(methods(store, from), ['get']);
      assert.deepEqual(store.records, before);
    });
  }

  for (const [method, path, options] of [
    ['set', '/', {}],
    ['touch', '/', {}],
    ['destroy', '/unset', { unset: 'destroy' }],
  ] as const) {
    it(`because the store throws out of ${method}: end throws, and the error is answered (B045)`, async () => {
      const store = new ForeignStore();
      const server = faultyServer(
        store,
        (req) => {
          if (method === 'set') data(req).user = 'alice';
          if (req.url === '/unset') Reflect.deleteProperty(req, 'session');
        },
        options,
      );
      const cookie = cookieOf(await request(server).get('/start'));
      const before = new Map(store.records);
      let calls = 0;
      store[method] = () => {
        calls++;
        throw new Error('store is broken');
      };
      const answer = await request(server).get(path).set('Cookie', cookie);
      assert.equal(answer.status, 500);
      assert.equal(answer.text, 'store is broken');
      assert.equal(calls, 1);
      assert.deepEqual(store.records, before);
    });
  }

  it('because the store throws out of set: a new session gets no cookie (B045)', async () => {
    const store = new ForeignStore();
    store.set = () => {
      throw new Error('store is broken');
    };
    const answer = await request(faultyServer(store, addMember)).get('/');
    assert.equal(answer.status, 500);
    assert.equal(answer.text, 'store is broken');
    assert.equal(setCookie(answer), undefined);
  });

  for (const [title, isEarly, body] of [
    ['lets a response that has begun be ended after the error', true, 'begun, ended'],
    ['leaves nothing of what was written in the tick of the end that throws', false, 'ended'],
  ] as const) {
    it(`${title} (B045)`, async () => {
      const { store, get } = await serve({ store: new ForeignStore() }, async (req, res) => {
        res.write('begun, ');
        if (isEarly) await roundTrip();
        cyclic(req, res);
        try {
          res.end('not seen');
        } catch (error) {
          assert.ok(error instanceof TypeError);
          res.end('ended');
        }
      });
      const answer = await get('/');
      assert.equal(answer.text, body);
      assert.deepEqual(methods(store), []);
    });
  }

  it('is an error of an asynchronous handler as well (B045)', async () => {
    const { get } = await serve({ store: new ForeignStore() }, async (req, res) => {
      await elapse(1);
      bigint(req, res);
      res.end('not seen');
    });
    const answer = await get('/');
    assert.equal(answer.status, 500);
    assert.match(answer.text, /BigInt/);
  });
});

describe('the option rolling', () => {
  it('true: the cookie has no Expires where the session has no maxAge (B105)', async () => {
    const { answer, sent } = await changeLoaded(nothing, { rolling: true });
    assert.equal(cookieOf(answer), sent);
    assert.equal(attributes(setCookie(answer) ?? '').expires, undefined);
  });

  it('true: the cookie comes with the first write, a later one in the next second (B107)', async () => {
    let finish = (): void => undefined;
    const { port, visit } = await serve(
      { store: new ForeignStore(), rolling: true, cookie: { maxAge: MINUTE } },
      (req, res) => {
        if (req.url === '/start') {
          data(req).user = 'bob';
          res.end();
          return;
        }
        res.write('begun, ');
        finish = () => res.end('ended');
      },
    );

    /** The Expires attribute that a client sees before the handler ends the response. */
    async function earlyExpires(port: number, cookie: string): Promise<number> {
      const outgoing = http.get({ host: '127.0.0.1', port, headers: { cookie } });
      const [incoming] = (await once(outgoing, 'response')) as [http.IncomingMessage];
      const expires = expiresOf(incoming as unknown as request.Response);
      let body = '';
      incoming.on('data', (text: Buffer) => (body += text.toString()));
      setTimeout(finish, 200);
      await once(incoming, 'end');
      assert.equal(body, 'begun, ended');
      return expires;
    }

    await withFrozenClock(async (clock) => {
      const cookie = cookieOf(await visit('/start'));
      const first = await earlyExpires(port, cookie);
      assert.equal(first, toSecond(clock.now() + MINUTE));
      clock.tick(1000);
      assert.equal(await earlyExpires(port, cookie), first + 1000);
    });
  });
});
