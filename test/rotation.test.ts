import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import request from 'supertest';
import session from '../src';
import { attributes, cookieOf, decode, digest, setCookie, tokenOf } from './support/cookies';
import { lateErrors } from './support/late-errors';
import type { Handler } from './support/server';
import {
  answer,
  asStore,
  closeSites,
  countHits,
  data,
  isPending,
  openSite,
  showHits,
  turn,
  type Site,
} from './support/site';
import { ForeignStore } from './support/stores';

/** Claims from what earlier middleware or the handler left in `req.user`, as Passport does. */
const userClaims = (req: Request) => ('user' in req ? { user_id: req.user } : null);

const logIn = (req: Request, user: unknown = 101): void => {
  Object.assign(req, { user });
};

const logInAndCount: Handler = (req, res) => {
  logIn(req);
  return countHits(req, res);
};

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
  const site = await openSite(
    { store: asStore(store), jwtFromReq: userClaims, ...options },
    { '/': countHits, ...handlers },
  );
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
  afterEach(closeSites);

  it('the session gets a new token, keeps its data and loses its old record (B208)', async () => {
    const { site, store, newCalls } = await loginSite({ '/logged-id': logInAndCount });
    const first = await site.visit('/');
    newCalls();
    const second = await site.visit('/logged-id', cookieOf(first));
    assert.equal(second.status, 200);
    assert.equal(second.text, '2');
    assert.notEqual(tokenOf(second), tokenOf(first));
    assert.equal(decode(tokenOf(second)).payload.user_id, 101);
    const [oldId, newId] = [digest(tokenOf(first)), digest(tokenOf(second))];
    assert.deepEqual(newCalls(), [`get ${oldId}`, `set ${newId}`, `destroy ${oldId}`]);
    assert.deepEqual([...store.records.keys()], [newId]);

    assert.equal((await site.visit('/', cookieOf(second))).text, '3');
    assert.deepEqual(await lateErrors(site), []);
  });

  it('the own MemoryStore holds one session before and after (B208)', async () => {
    const store = new session.MemoryStore();
    const site = await openSite(
      { store, jwtFromReq: userClaims },
      { '/': countHits, '/logged-id': logInAndCount },
    );
    const length = () => answer((callback) => store.length(callback));
    const first = await site.visit('/');
    assert.deepEqual((await length()).at(-1), 1);
    const second = await site.visit('/logged-id', cookieOf(first));
    assert.deepEqual((await length()).at(-1), 1);
    assert.equal((await site.visit('/', cookieOf(second))).text, '3');
  });

  for (const method of ['set', 'destroy'] as const) {
    it(`the response waits for the ${method} of the rotation (B208)`, async () => {
      const responses: Response[] = [];
      const { site, store } = await loginSite({
        '/logged-id': (req, res) => {
          responses.push(res);
          return logInAndCount(req, res);
        },
      });
      const first = await site.visit('/');
      const { reached, release } = store.hold(method);
      const pending = site.visit('/logged-id', cookieOf(first));
      await reached;
      assert.ok(await isPending(pending));
      assert.equal(responses[0]?.writableEnded, false);
      release();
      const second = await pending;
      assert.equal(second.text, '2');
      assert.deepEqual([...store.records.keys()], [digest(tokenOf(second))]);
    });
  }

  it('the old record is kept until the new one is written (B208)', async () => {
    const { site, store, newCalls } = await loginSite({ '/logged-id': logInAndCount });
    const first = await site.visit('/');
    store.failures.set = new Error('boom!');
    newCalls();
    const second = await site.get('/logged-id', cookieOf(first));
    assert.equal(second.text, '2');
    assert.equal(setCookie(second), undefined, 'the browser would lose its working cookie');
    assert.equal(newCalls().filter((call) => call.startsWith('destroy')).length, 0);
    delete store.failures.set;
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    assert.deepEqual(await lateErrors(site), ['boom!']);
  });

  it('the old token opens a new, empty session (B209)', async () => {
    const { site } = await loginSite({ '/logged-id': logInAndCount });
    const first = await site.visit('/');
    const second = await site.visit('/logged-id', cookieOf(first));
    const again = await site.visit('/', cookieOf(first));
    assert.equal(again.text, '1');
    assert.ok(![tokenOf(first), tokenOf(second)].includes(tokenOf(again)));
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
      const rotated = setCookie(second) !== undefined;
      assert.equal(store.count('destroy'), rotated ? 1 : 0);
      assert.equal(store.records.has(digest(tokenOf(first))), !rotated);
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
        const [oldId, newId] = [digest(tokenOf(first)), digest(tokenOf(second))];
        assert.notEqual(newId, oldId);
        assert.equal(second.text, String(hits));
        assert.deepEqual(newCalls(), [`get ${oldId}`, `set ${newId}`, `destroy ${oldId}`]);
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
          assert.deepEqual([...store.records.keys()], kept ? [digest(tokenOf(first))] : []);
          assert.deepEqual(await lateErrors(site), []);
        });
      }
    }
  });

  describe('and headers go out early', () => {
    /** Sends `a`, then calls `meanwhile` with the headers out, then sends `b`. */
    type Streaming = (res: Response, meanwhile: () => void) => unknown;
    const streams: Record<string, Streaming> = {
      write: (res, meanwhile) => {
        res.write('a');
        meanwhile();
        res.end('b');
      },
      flushHeaders: (res, meanwhile) => {
        res.flushHeaders();
        meanwhile();
        res.end('ab');
      },
      writeHead: (res, meanwhile) => {
        res.writeHead(200, { 'Content-Type': 'text/plain' });
        meanwhile();
        res.end('ab');
      },
      pipe: (res, meanwhile) => {
        async function* chunks() {
          yield 'a';
          while (!res.headersSent) await turn();
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
            stream(res, () => {
              touchData(req);
            });
          },
        });
        const first = await site.visit('/');
        newCalls();
        const second = await site.visit('/stream', cookieOf(first));
        assert.equal(second.text, 'ab');
        const [oldId, newId] = [digest(tokenOf(first)), digest(tokenOf(second))];
        assert.notEqual(newId, oldId);
        assert.equal(decode(tokenOf(second)).payload.user_id, 101);
        assert.deepEqual(newCalls(), [`get ${oldId}`, `set ${newId}`, `destroy ${oldId}`]);
        assert.deepEqual([...store.records.keys()], [newId]);
        assert.equal((await site.visit('/', cookieOf(second))).text, '11');
        assert.deepEqual(await lateErrors(site), []);
      });

      it(`by ${name} before the change, there is no rotation and the old token stays valid (B213)`, async () => {
        const { site, store } = await loginSite({
          '/stream': (req, res) => {
            stream(res, () => {
              logIn(req);
              touchData(req);
            });
          },
        });
        const first = await site.visit('/');
        const second = await site.visit('/stream', cookieOf(first));
        assert.equal(second.text, 'ab');
        assert.equal(setCookie(second), undefined);
        assert.deepEqual([...store.records.keys()], [digest(tokenOf(first))]);
        assert.equal(store.count('destroy'), 0);
        assert.equal((await site.visit('/', cookieOf(first))).text, '11');
        assert.deepEqual(await lateErrors(site), []);
      });
    }
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
      it(`a ${name} session is not rotated over an insecure connection (B214)`, async () => {
        const { site, store } = await loginSite({ '/login': handler }, options);
        const first = await over('https', site, '/');
        const second = await over('http', site, '/login', cookieOf(first));
        assert.equal(second.text, String(hits));
        assert.equal(setCookie(second), undefined);
        assert.deepEqual([...store.records.keys()], [digest(tokenOf(first))]);
        assert.equal(store.count('destroy'), 0);
        assert.equal((await over('https', site, '/', cookieOf(first))).text, String(hits + 1));
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
        const stored = storedCookie(store, digest(tokenOf(second)));
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
      const [oldId, newId] = [digest(tokenOf(first)), digest(tokenOf(second))];
      assert.equal(second.text, '1');
      assert.deepEqual(ids, look ? [tokenOf(second)] : []);
      assert.equal(decode(tokenOf(second)).payload.user_id, 101);
      assert.deepEqual(newCalls(), [`get ${oldId}`, `destroy ${oldId}`, `set ${newId}`]);
      assert.deepEqual([...store.records.keys()], [newId]);
    });
  }

  it('and the old record cannot be destroyed, the new session stands and the error comes late (B219)', async () => {
    const { site, store } = await loginSite({ '/login': logInAndCount });
    const first = await site.visit('/');
    store.failures.destroy = new Error('boom!');
    const second = await site.visit('/login', cookieOf(first));
    assert.equal(second.status, 200);
    assert.equal(second.text, '2');
    assert.notEqual(tokenOf(second), tokenOf(first));
    assert.deepEqual(await lateErrors(site), ['boom!']);
    assert.equal((await site.visit('/', cookieOf(second))).text, '3');
  });
});
