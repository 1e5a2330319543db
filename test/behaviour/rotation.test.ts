/** A change of the claims makes a new token, and the old one opens nothing. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import request from 'supertest';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { record } from '../support/contents';
import { attributes, cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { lateCodes, lateErrors } from '../support/late-errors';
import type { Handler } from '../support/server';
import { logIn, logInAndCount, userClaims } from '../support/log-in';
import { idOf, sesOf, stateOf } from '../support/session-tokens';
import {
  asStore,
  claimsOfSession,
  countHits,
  data,
  isPending,
  serve,
  showHits,
  type Site,
  turn,
} from '../support/site';
import { ForeignStore, methods } from '../support/stores';

const logInAndShow: Handler = (req, res) => {
  logIn(req);
  return showHits(req, res);
};

interface LoggedSite {
  site: Site;
  store: ForeignStore;
  /** Store calls as `method id` since the last time it was asked. */
  newCalls: () => string[];
}

/** A foreign store, userClaims and a counter at `/`, beside these options and handlers. */
async function loginSite(
  handlers: Record<string, Handler>,
  options: session.SessionOptions = {},
): Promise<LoggedSite> {
  const store = new ForeignStore();
  const site = await serve({ store, jwtFromReq: userClaims, ...options }, { '/': countHits, ...handlers });
  let told = 0;
  const newCalls = () => {
    const calls = store.calls.slice(told).map((call) => `${call.method} ${call.id}`);
    told = store.calls.length;
    return calls;
  };
  return { site, store, newCalls };
}

function storedCookie(store: ForeignStore, id: string): Record<string, unknown> {
  return (JSON.parse(store.records.get(id) ?? '{}') as { cookie: Record<string, unknown> }).cookie;
}

describe('when the claims change', () => {
  it('the session gets the first token of its next generation, in one write under its id (B208)', async () => {
    const { site, store, newCalls } = await loginSite({ '/logged-id': logInAndCount });
    const first = await site.visit('/');
    newCalls();
    const second = await site.visit('/logged-id', cookieOf(first));
    assert.equal(second.text, '2');
    assert.notEqual(tokenOf(second), tokenOf(first));
    assert.equal(decode(tokenOf(second)).payload.user_id, 101);
    assert.deepEqual(sesOf(second), { ...sesOf(first), gen: 2 });
    const id = idOf(first);
    assert.deepEqual(newCalls(), [`get ${id}`, `set ${id}`]);
    const written = JSON.parse(store.calls.at(-1)?.data ?? '') as Record<string, unknown>;
    assert.equal(written.hits, 2);
    assert.equal((written.__session as { gen: number }).gen, 2);
    assert.deepEqual([...store.records.keys()], [id]);

    assert.equal((await site.visit('/', cookieOf(second))).text, '3');
    assert.deepEqual(await lateErrors(site), []);
  });

  it('a store that compares gets data and generation in one call as well (B208)', async () => {
    const store = new ComparingStore();
    const { site, newCalls } = await loginSite({ '/login': logInAndCount }, { store: asStore(store) });
    const first = await site.visit('/');
    const { tag } = stateOf(store, idOf(first));
    newCalls();
    const second = await site.visit('/login', cookieOf(first));
    assert.deepEqual(
      store.calls.slice(1).map(({ method }) => method),
      ['get', 'compareAndSet'],
    );
    assert.deepEqual(store.expected, [tag]);
    const { gen, tag: next, created, rotatedAt } = stateOf(store, idOf(first));
    assert.equal(gen, 2);
    assert.notEqual(next, tag);
    assert.ok(Number(rotatedAt) >= created);
    assert.equal((await site.visit('/', cookieOf(second))).text, '3');
  });

  it('the response waits for the write of the rotation (B208)', async () => {
    const responses: Response[] = [];
    const { site, store } = await loginSite({
      '/logged-id': (req, res) => {
        responses.push(res);
        return logInAndCount(req, res);
      },
    });
    const first = await site.visit('/');
    const { reached, release } = store.hold('set');
    const pending = site.visit('/logged-id', cookieOf(first));
    await reached;
    assert.ok(await isPending(pending));
    assert.equal(responses[0]?.writableEnded, false);
    release();
    const second = await pending;
    assert.equal(second.text, '2');
    assert.equal(stateOf(store, idOf(first)).gen, 2);
  });

  it('the old token opens nothing, and nothing of what is done with it is stored (B209)', async () => {
    const { site, store } = await loginSite({ '/logged-id': logInAndCount });
    const first = await site.visit('/');
    const second = await site.visit('/logged-id', cookieOf(first));
    const before = [...store.records];
    const again = await site.visit('/', cookieOf(first));
    assert.equal(again.text, '1');
    assert.equal(setCookie(again), undefined);
    assert.deepEqual([...store.records], before);
    assert.equal((await site.visit('/', cookieOf(second))).text, '3');
  });

  describe('is decided by comparing', () => {
    /**
     * Gets a token with the claims `token`, then makes a request at whose start jwtFromReq returns `start` and from
     * whose handler on `end`; tells whether that request replaced the token.
     */
    async function rotates(token: unknown, start: unknown, end: unknown): Promise<boolean> {
      let current = token;
      let later = token;
      const switchAndCount: Handler = (req, res) => {
        current = later;
        return countHits(req, res);
      };
      const options = { jwtFromReq: () => current } as session.SessionOptions;
      const { site, store } = await loginSite({ '/': switchAndCount }, options);
      const first = await site.visit('/');
      current = start;
      later = end;
      const second = await site.visit('/', cookieOf(first));
      assert.equal(second.text, '2', 'the session was lost');
      assert.deepEqual(await lateErrors(site), []);
      const rotated = setCookie(second) !== undefined && sesOf(second).gen === 2;
      assert.equal(stateOf(store, idOf(first)).gen, rotated ? 2 : 1);
      assert.equal(setCookie(second) !== undefined, rotated);
      return rotated;
    }

    const user = { role: 'user' };
    const admin = { role: 'admin' };
    const nested = (...roles: string[]) => ({ user: { id: 1, roles } });

    const rotating: [string, unknown, unknown, unknown][] = [
      ['a claim that differs from start and token', user, user, admin],
      ['a claim that appears', null, null, user],
      ['a claim that disappears', user, user, null],
      ['a claim added to others', user, user, { ...user, tenant: 3 }],
      ['a claim deep inside', nested('a'), nested('a'), nested('a', 'b')],
      ['a number that was a string', { id: '1' }, { id: '1' }, { id: 1 }],
      ['a claim set after the middleware, to another value than the token has', user, null, admin],
    ];
    for (const [name, token, start, end] of rotating) {
      it(`${name}: rotates (B210)`, async () => {
        assert.equal(await rotates(token, start, end), true);
      });
    }

    const staying: [string, unknown, unknown, unknown][] = [
      ['equal claims in other objects', nested('a'), nested('a'), nested('a')],
      ['claims set after the middleware on every request, as in the token', user, null, user],
      ['claims that differ from the token but not within the request', user, admin, admin],
      ['no claims at the start and the end of a request whose token has some', user, null, null],
    ];
    const nothing: [string, unknown][] = [
      ['null', null],
      ['undefined', undefined],
      ['{}', {}],
    ];
    for (const [startName, start] of nothing) {
      for (const [endName, end] of nothing) {
        staying.push([`${startName} at the start and ${endName} at the end`, null, start, end]);
        staying.push([`${startName} and ${endName} under a token with claims`, user, start, end]);
      }
    }
    for (const [name, token, start, end] of staying) {
      it(`${name}: does not rotate (B210)`, async () => {
        assert.equal(await rotates(token, start, end), false);
      });
    }

    const ada = (role: string) => ({ sub: 'ada', role });
    const soft: [string, unknown, unknown, unknown][] = [
      ['another claim of the same sub', ada('user'), ada('user'), ada('admin')],
      ['another claim of the same sub, set after the middleware', ada('user'), null, ada('admin')],
      ['another claim of the same sub, from the start', ada('user'), ada('admin'), ada('admin')],
    ];
    for (const [name, token, start, end] of soft) {
      it(`${name}: a soft change, with a new token of the same generation, and the old one works on (B210)`, async () => {
        let [current, later] = [token, token];
        const options = { jwtFromReq: () => current } as session.SessionOptions;
        const { site, store } = await loginSite(
          {
            '/': (req, res) => {
              current = later;
              return countHits(req, res);
            },
          },
          options,
        );
        const first = await site.visit('/');
        [current, later] = [start, end];
        const second = await site.visit('/', cookieOf(first));
        assert.deepEqual(sesOf(second), sesOf(first));
        assert.equal(decode(tokenOf(second)).payload.role, 'admin');
        assert.equal(stateOf(store, idOf(first)).gen, 1);
        assert.equal((await site.visit('/', cookieOf(first))).text, '3');
        assert.equal(setCookie(await site.visit('/', cookieOf(second))), undefined);
      });
    }

    for (const [name, token, end] of [
      ['another sub', ada('user'), { sub: 'bob', role: 'user' }],
      ['a sub that goes', ada('user'), { role: 'user' }],
      ['a sub that comes', { role: 'user' }, ada('user')],
      ['the same sub, which is empty', { sub: '', role: 'user' }, { sub: '', role: 'admin' }],
      ['the same sub, which is no text', { sub: 7, role: 'user' }, { sub: 7, role: 'admin' }],
    ] as const) {
      it(`${name}: rotates, it is no soft change (B210)`, async () => {
        assert.equal(await rotates(token, token, end), true);
      });
    }

    const undefinedMember = () => ({ role: 'user', tenant: undefined });
    const date = () => ({ role: 'user', since: new Date(0) });
    const dateAsText = () => ({ role: 'user', since: new Date(0).toISOString() });
    const dropped: [string, unknown, unknown, unknown][] = [
      ['undefined members', undefinedMember(), undefinedMember(), undefinedMember()],
      ['undefined members that come late', undefinedMember(), null, undefinedMember()],
      ['a member that becomes undefined instead of missing', user, user, undefinedMember()],
      ['dates', date(), date(), date()],
      ['dates that come late', date(), null, date()],
      ['a date in place of its text', dateAsText(), dateAsText(), date()],
    ];
    for (const [name, token, start, end] of dropped) {
      it(`${name}, which JSON drops or converts: does not rotate (B218)`, async () => {
        assert.equal(await rotates(token, start, end), false);
      });
    }

    it('dates, which JSON converts, to the millisecond: rotates (B218)', async () => {
      assert.equal(await rotates(date(), date(), { role: 'user', since: new Date(1) }), true);
    });
  });

  for (const [name, handler, hits] of [
    ['modified', logInAndCount, 2],
    ['unmodified', logInAndShow, 1],
  ] as const) {
    for (const maxAge of [undefined, 60_000]) {
      it(`an ${name} session with maxAge ${String(maxAge)} is saved and sent under defaults (B211)`, async () => {
        const { site, newCalls } = await loginSite({ '/login': handler }, { cookie: { maxAge } });
        const first = await site.visit('/');
        newCalls();
        const second = await site.visit('/login', cookieOf(first));
        const id = idOf(first);
        assert.deepEqual(sesOf(second), { ...sesOf(first), gen: 2 });
        assert.equal(second.text, String(hits));
        assert.deepEqual(newCalls(), [`get ${id}`, `set ${id}`]);
        assert.equal((await site.visit('/', cookieOf(second))).text, String(hits + 1));
      });
    }
  }

  describe('but the session is gone', () => {
    const endings: [string, (req: Request) => unknown][] = [
      ['destroyed', (req) => req.session.destroy()],
      ['nulled', (req) => Object.assign(req, { session: null })],
      ['deleted', (req) => Reflect.deleteProperty(req, 'session')],
    ];
    for (const [name, end] of endings) {
      for (const unset of ['keep', 'destroy'] as const) {
        it(`there is no rotation of a session that was ${name}, unset '${unset}', and no error (B212)`, async () => {
          const { site, store, newCalls } = await loginSite(
            {
              '/end': async (req, res) => {
                logIn(req);
                await end(req);
                res.end('ended');
              },
            },
            { unset },
          );
          const first = await site.visit('/');
          newCalls();
          const second = await site.visit('/end', cookieOf(first));
          assert.equal(second.text, 'ended');
          assert.equal(setCookie(second), undefined);
          assert.equal(newCalls().filter((call) => call.startsWith('set')).length, 0);
          const kept = name !== 'destroyed' && unset === 'keep';
          assert.deepEqual([...store.records.keys()], kept ? [idOf(first)] : []);
          assert.deepEqual(await lateErrors(site), []);
        });
      }
    }
  });

  describe('and headers go out early', () => {
    /** Sends `a`, then calls `meanwhile` with the headers out, then sends `b`. */
    type Streaming = (res: Response, meanwhile: () => void) => unknown;
    const streams: Record<string, Streaming> = {
      write: async (res, meanwhile) => {
        res.write('a');
        await turn();
        meanwhile();
        res.end('b');
      },
      flushHeaders: async (res, meanwhile) => {
        res.flushHeaders();
        await turn();
        meanwhile();
        res.end('ab');
      },
      writeHead: async (res, meanwhile) => {
        res.writeHead(200, { 'Content-Type': 'text/plain' });
        await turn();
        meanwhile();
        res.end('ab');
      },
      pipe: (res, meanwhile) => {
        async function* chunks() {
          yield 'a';
          while (!res.headersSent) await turn();
          await turn();
          meanwhile();
          yield 'b';
        }
        Readable.from(chunks()).pipe(res);
      },
    };

    const touchData = (req: Request): void => {
      data(req).hits = 10;
    };

    for (const [name, stream] of Object.entries(streams)) {
      it(`by ${name} after the change, they carry the new token (B213)`, async () => {
        const { site, store, newCalls } = await loginSite({
          '/stream': (req, res) => {
            logIn(req);
            return stream(res, () => {
              touchData(req);
            });
          },
        });
        const first = await site.visit('/');
        newCalls();
        const second = await site.visit('/stream', cookieOf(first));
        assert.equal(second.text, 'ab');
        const id = idOf(first);
        assert.deepEqual(sesOf(second), { ...sesOf(first), gen: 2 });
        assert.equal(decode(tokenOf(second)).payload.user_id, 101);
        // The second write is that of what was changed after the headers.
        assert.deepEqual(newCalls(), [`get ${id}`, `set ${id}`, `set ${id}`]);
        assert.deepEqual([...store.records.keys()], [id]);
        assert.equal((await site.visit('/', cookieOf(second))).text, '11');
        assert.deepEqual(await lateErrors(site), []);
      });

      it(`by ${name} before the change, nothing of the request is stored, and a late error says why (B213)`, async () => {
        const { site, store } = await loginSite({
          '/stream': (req, res) =>
            stream(res, () => {
              logIn(req);
              touchData(req);
            }),
        });
        const first = await site.visit('/');
        const before = [...store.records];
        const second = await site.visit('/stream', cookieOf(first));
        assert.equal(second.text, 'ab');
        assert.equal(setCookie(second), undefined);
        assert.deepEqual([...store.records], before);
        assert.deepEqual(await lateCodes(site), ['ERR_SESSION_TOKEN_UNDELIVERABLE']);
        assert.equal((await site.visit('/', cookieOf(first))).text, '2');
      });

      it(`by ${name} before another claim of the same user changes, the data is saved and the next response has the token (B213)`, async () => {
        let role = 'user';
        const { site } = await loginSite(
          {
            '/stream': (req, res) =>
              stream(res, () => {
                role = 'admin';
                touchData(req);
              }),
          },
          { jwtFromReq: () => ({ sub: 'ada', role }) },
        );
        const first = await site.visit('/');
        const second = await site.visit('/stream', cookieOf(first));
        assert.equal(setCookie(second), undefined);
        assert.deepEqual(await lateErrors(site), []);
        const third = await site.visit('/', cookieOf(first));
        assert.equal(third.text, '11');
        assert.deepEqual(sesOf(third), sesOf(first));
        assert.equal(decode(tokenOf(third)).payload.role, 'admin');
      });
    }

    it('while a save of the change is under way, they wait for that, and there is one rotation (B213 B254)', async () => {
      const { site, store } = await loginSite({
        '/stream': async (req, res) => {
          logIn(req);
          void req.session.save();
          res.write('a');
          await turn();
          res.end('b');
        },
      });
      const first = await site.visit('/');
      const second = await site.visit('/stream', cookieOf(first));
      assert.equal(second.text, 'ab');
      assert.deepEqual(sesOf(second), { ...sesOf(first), gen: 2 });
      assert.equal(stateOf(store, idOf(first)).gen, 2);
      assert.deepEqual(await lateErrors(site), []);
    });

    it('with the end, a save of the change that nobody waits for has its token in them (B219 B254)', async () => {
      const { site } = await loginSite({
        '/login': (req, res) => {
          logIn(req);
          void req.session.save();
          res.end('a');
        },
      });
      const first = await site.visit('/');
      const second = await site.visit('/login', cookieOf(first));
      assert.deepEqual(sesOf(second), { ...sesOf(first), gen: 2 });
      assert.deepEqual(await lateErrors(site), []);
    });

    it('in the tick of the end, which is one end then, the change counts (B213 B259)', async () => {
      const { site } = await loginSite({
        '/stream': (req, res) => {
          res.write('a');
          logIn(req);
          res.end('b');
        },
      });
      const first = await site.visit('/');
      const second = await site.visit('/stream', cookieOf(first));
      assert.equal(second.text, 'ab');
      assert.equal(sesOf(second).gen, 2);
      assert.deepEqual(await lateErrors(site), []);
    });
  });

  describe('and the cookie is secure', () => {
    const options: session.SessionOptions = { proxy: true, cookie: { secure: true } };
    const over = (proto: string, site: Site, path: string, cookie = '') =>
      request(`http://127.0.0.1:${String(site.port)}`)
        .get(path)
        .set('X-Forwarded-Proto', proto)
        .set('Cookie', cookie);

    for (const [name, handler, hits] of [
      ['modified', logInAndCount, 2],
      ['unmodified', logInAndShow, 1],
    ] as const) {
      it(`a ${name} session is neither rotated nor stored over an insecure connection (B214)`, async () => {
        const { site, store } = await loginSite({ '/login': handler }, options);
        const first = await over('https', site, '/');
        const before = [...store.records];
        const second = await over('http', site, '/login', cookieOf(first));
        assert.equal(second.text, String(hits));
        assert.equal(setCookie(second), undefined);
        assert.deepEqual([...store.records], before);
        assert.deepEqual(await lateCodes(site), ['ERR_SESSION_TOKEN_UNDELIVERABLE']);
        assert.equal((await over('https', site, '/', cookieOf(first))).text, '2');
      });
    }

    it('the session is rotated over a secure connection (B214)', async () => {
      const { site } = await loginSite({ '/login': logInAndCount }, options);
      const first = await over('https', site, '/');
      const second = await over('https', site, '/login', cookieOf(first));
      assert.notEqual(tokenOf(second), tokenOf(first));
      assert.equal(second.text, '2');
    });
  });

  describe('the settings of the session cookie carry over', () => {
    const today: session.SessionOptions = { cookie: { maxAge: 60_000, sameSite: 'lax' } };
    const edit = (req: Request): void => {
      req.session.cookie.maxAge = 5_000;
      req.session.cookie.sameSite = 'strict';
      req.session.cookie.domain = 'example.test';
    };

    const editors: [string, Handler, string][] = [
      [
        'edited in the same request',
        (req, res) => {
          edit(req);
          return logInAndCount(req, res);
        },
        '/',
      ],
      ['edited in an earlier request', logInAndCount, '/edit'],
    ];
    for (const [name, login, firstPath] of editors) {
      it(`when they were ${name} (B215)`, async () => {
        const { site, store } = await loginSite(
          {
            '/login': login,
            '/edit': (req, res) => {
              edit(req);
              return countHits(req, res);
            },
          },
          today,
        );
        const first = await site.visit(firstPath);
        const second = await site.visit('/login', cookieOf(first));
        assert.notEqual(tokenOf(second), tokenOf(first));
        const sent = attributes(setCookie(second) ?? '');
        assert.equal(sent.samesite, 'Strict');
        assert.equal(sent.domain, 'example.test');
        const stored = storedCookie(store, idOf(second));
        assert.equal(stored.originalMaxAge, 5_000);
        assert.equal(stored.sameSite, 'strict');
        assert.equal(stored.domain, 'example.test');
        assert.equal(sent.expires, new Date(stored.expires as string).toUTCString());
        const served = Date.parse((second.headers as Record<string, string>).date ?? '');
        assert.ok(Math.abs(Date.parse(sent.expires) - served - 5_000) <= 1_000);
      });
    }
  });

  for (const [name, look] of [
    ['whose id was read', true],
    ['whose id was left alone', false],
  ] as const) {
    it(`an untouched new session ${name} is neither saved nor sent (B216)`, async () => {
      const ids: string[] = [];
      const { site, store } = await loginSite({
        '/login': (req, res) => {
          if (look) ids.push(req.sessionID);
          logIn(req);
          res.end();
        },
      });
      const res = await site.visit('/login');
      assert.equal(setCookie(res), undefined);
      assert.equal(ids.length, look ? 1 : 0);
      assert.deepEqual(store.calls, []);
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  for (const [name, look] of [
    ['read', true],
    ['left alone', false],
  ] as const) {
    it(`before regenerate, that makes the only new token, its id ${name} by the handler (B217)`, async () => {
      const ids: string[] = [];
      const { site, store, newCalls } = await loginSite({
        '/login': async (req, res) => {
          logIn(req);
          await req.session.regenerate();
          if (look) ids.push(req.sessionID);
          return countHits(req, res);
        },
      });
      const first = await site.visit('/');
      newCalls();
      const second = await site.visit('/login', cookieOf(first));
      const [oldId, newId] = [idOf(first), idOf(second)];
      assert.equal(second.text, '1');
      assert.deepEqual(ids, look ? [newId] : []);
      assert.equal(decode(tokenOf(second)).payload.user_id, 101);
      assert.equal(sesOf(second).gen, 1);
      assert.notEqual(sesOf(second).id, sesOf(first).id);
      assert.deepEqual(newCalls(), [`get ${oldId}`, `destroy ${oldId}`, `set ${newId}`]);
      assert.deepEqual([...store.records.keys()], [newId]);
    });
  }
});

const addUser: Handler = (req, res) => {
  data(req).user = 'bob';
  res.end();
};

describe('a new session whose claims change', () => {
  const jwtFromReq = claimsOfSession;

  it('after it was saved has its first token with the last claims: nobody had another one (B208 B219)', async () => {
    const { store, get } = await serve({ store: new ForeignStore(), jwtFromReq }, async (req, res) => {
      data(req).user = 'bob';
      await req.session.save();
      data(req).role = 'admin';
      res.end();
    });
    const res = await get('/');
    assert.equal(decode(tokenOf(res)).payload.role, 'admin');
    assert.equal(sesOf(res).gen, 1);
    assert.deepEqual(methods(store), ['set', 'set']);
    assert.deepEqual([...store.records.keys()], [idOf(res)]);
  });

  it('after a first save that failed, beside a second one that is under way, is stored once (B208 B211)', async () => {
    const pending = new ForeignStore();
    const { get } = await serve({ jwtFromReq, store: pending }, async (req, res) => {
      data(req).user = 'bob';
      pending.failures.set = new Error('boom!');
      await assert.rejects(req.session.save(), /boom!/);
      delete pending.failures.set;
      const held = pending.hold('set');
      const saving = req.session.save();
      await held.reached;
      data(req).role = 'admin';
      res.end();
      held.release();
      await saving;
    });
    const res = await get('/');
    assert.equal(res.status, 200);
    assert.equal(decode(tokenOf(res)).payload.role, 'admin');
    assert.deepEqual([...pending.records.keys()], [idOf(res)]);
    assert.equal(record(pending, idOf(res))?.role, 'admin');
  });

  it('after only its id was read keeps that id (B208 B241)', async () => {
    let early: string | undefined;
    const { store, get } = await serve({ store: new ForeignStore(), jwtFromReq }, (req, res) => {
      early = req.sessionID;
      addUser(req, res);
    });
    const res = await get('/');
    assert.equal(idOf(res), early);
    assert.equal(decode(tokenOf(res)).payload.user, 'bob');
    assert.deepEqual(methods(store), ['set']);
  });
});
