/** When a session is stored, touched or left alone, and what the store is given. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { withFrozenClock, withMovableClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { record } from '../support/contents';
import { attributes, cookieOf, setCookie } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import { type Handler, type SessionServer } from '../support/server';
import { idOf } from '../support/session-tokens';
import { answer, countHits, data, serve } from '../support/site';
import { ForeignStore, methods } from '../support/stores';
import { roundTrip } from '../support/wire';

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
          const options = { rolling: true, cookie: { maxAge: MINUTE } };
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

describe('save', () => {
  for (const Store of [ForeignStore, ComparingStore, session.MemoryStore]) {
    it(`says true if it has stored the session, and false if that was destroyed, on ${Store.name} (B251)`, async () => {
      const store = new Store();
      const said: unknown[] = [];
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/save': async (req, res) => {
            const save = async () => {
              said.push(await req.session.save(), await answer((done) => req.session.save(done)));
            };
            data(req).hits = 5;
            await save();
            await answer((done) => (req.sessionStore as session.Store).destroy(req.sessionID, done));
            await save();
            res.end();
          },
        },
      );
      const first = await site.visit('/');
      await site.visit('/save', cookieOf(first));
      assert.deepEqual(said, [true, [undefined, true], false, [undefined, false]]);
      assert.equal((await site.visit('/', cookieOf(first))).text, '1');
      assert.deepEqual(await lateErrors(site), []);
    });
  }
});
