// Requests whose token is good, but of a generation that has ended: somebody has signed in, or out, meanwhile.
import assert from 'node:assert/strict';
import type { Request } from 'express';
import session from '../../src';
import { byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, decode, setCookie } from '../support/cookies';
import { seconds } from '../support/forge';
import { lateErrors } from '../support/late-errors';
import { signInAndCount } from '../support/log-in';
import { logOut } from '../support/pages';
import { idOf, recordWith, sesOf, stateOf } from '../support/session-tokens';
import type { Handler } from '../support/server';
import { answer, claimsOfSession, countHits, data, gate, serve, type Site, turn } from '../support/site';
import { ForeignStore } from '../support/stores';

const MOMENT = 5000;

const show = (req: Request): string =>
  JSON.stringify({ user: data(req).user, hits: data(req).hits, id: req.sessionID });

/** Who is signed in, by an answer of `/show`. */
function userOf({ text }: { text: string }): string | undefined {
  return (JSON.parse(text) as { user?: string }).user;
}

const handlers: Record<string, Handler> = {
  '/': countHits,
  '/show': (req, res) => res.end(show(req)),
  '/login': signInAndCount,
  '/login-and-save': async (req, res) => {
    data(req).user = 'ada';
    res.end(String(await req.session.save()));
  },
  '/save': async (req, res) => {
    data(req).hits = 7;
    res.end(String(await req.session.save()));
  },
  '/renew': async (req, res) => {
    await assert.rejects(req.session.renewToken());
    res.end();
  },
  '/reload': async (req, res) => {
    await assert.rejects(req.session.reload(), /failed to load session/);
    res.end();
  },
  '/logout': logOut,
  '/null': (req, res) => {
    req.session = null as never;
    res.end();
  },
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    data(req).hits = 50;
    res.end();
  },
  '/stream': async (req, res) => {
    data(req).hits = 9;
    res.write('a');
    await new Promise(setImmediate);
    res.end('b');
  },
};

describe('a request whose token is of an older generation', () => {
  /** A session whose second generation began so many ms ago, and a cookie of the first one. */
  async function rotated(
    ago: number,
    options: session.SessionOptions = {},
    store = new ForeignStore(),
  ): Promise<{ site: Site; store: ForeignStore; cookie: string; current: string; id: string }> {
    const site = await serve({ store, jwtFromReq: claimsOfSession, ...options }, handlers);
    const [old, current] = [1, 2].map((gen) => byHand({ ses: { id: 'rotated', gen } }));
    const id = idOf(old ?? '');
    store.records.set(id, recordWith({ user: 'eve', hits: 3 }, { gen: 2, rotatedAt: Date.now() - ago }));
    return {
      site,
      store,
      cookie: `connect.sid=${String(old)}`,
      current: `connect.sid=${String(current)}`,
      id,
    };
  }

  for (const options of [
    {},
    { saveUninitialized: true, rolling: true, resave: true },
    { unset: 'destroy' as const },
  ]) {
    for (const path of ['/', '/show', '/save', '/stream', '/reload', '/renew']) {
      it(`within 5 s sees an empty session, stores and sends nothing: ${path}, ${JSON.stringify(options)} (B209 B243)`, async () => {
        await withFrozenClock(async () => {
          const { site, store, cookie, id } = await rotated(MOMENT, options);
          const before = [...store.records];
          const res = await site.visit(path, cookie);
          assert.equal(setCookie(res), undefined);
          assert.deepEqual([...store.records], before);
          assert.deepEqual(
            store.calls.filter(({ method }) => method !== 'get'),
            [],
          );
          if (path === '/') assert.equal(res.text, '1');
          if (path === '/save') assert.equal(res.text, 'false');
          if (path === '/show') {
            const shown = JSON.parse(res.text) as { id: string; user?: string; hits?: number };
            assert.match(shown.id, /^[\w-]{32}$/);
            assert.notEqual(shown.id, id);
            assert.deepEqual([shown.user, shown.hits], [undefined, undefined]);
          }
          assert.deepEqual(await lateErrors(site), []);
        });
      });
    }
  }

  it('within 5 s may sign in: its session is stored under its own id, and sent (B243)', async () => {
    for (const path of ['/login', '/login-and-save']) {
      const { site, store, cookie, current, id } = await rotated(1000);
      const res = await site.visit(path, cookie);
      assert.equal(res.text, path === '/login' ? '1' : 'true');
      assert.equal(sesOf(res).gen, 1);
      assert.notEqual(idOf(res), id);
      assert.equal(decode(cookieOf(res).slice(12)).payload.user, 'ada');
      assert.deepEqual(new Set(store.records.keys()), new Set([id, idOf(res)]));
      assert.equal(userOf(await site.visit('/show', cookieOf(res))), 'ada');
      assert.equal(userOf(await site.visit('/show', current)), 'eve');
      assert.deepEqual(await lateErrors(site), []);
    }
  });

  it('within 5 s may regenerate: that ends the session of its token, and its new one is sent (B243 B252)', async () => {
    const { site, store, cookie, current, id } = await rotated(1000);
    const res = await site.visit('/regenerate', cookie);
    assert.equal(sesOf(res).gen, 1);
    assert.deepEqual([...store.records.keys()], [idOf(res)]);
    assert.notEqual(idOf(res), id);
    assert.equal((await site.visit('/', cookieOf(res))).text, '51');
    assert.equal((await site.visit('/', current)).text, '1');
  });

  for (const [path, unset] of [
    ['/logout', 'keep'],
    ['/null', 'destroy'],
  ] as const) {
    it(`within 5 s may log out by ${path}: that ends the session of its token, unset ${unset} (B243 B252)`, async () => {
      const { site, store, cookie, current } = await rotated(1000, { unset });
      const res = await site.visit(path, cookie);
      assert.equal(setCookie(res), undefined);
      assert.deepEqual([...store.records.keys()], []);
      assert.equal(userOf(await site.visit('/show', current)), undefined);
    });
  }

  it('is a request without a cookie where the record does not say since when (B243)', async () => {
    const { site, store, cookie, id } = await rotated(0);
    store.records.set(id, recordWith({ user: 'eve', hits: 3 }, { gen: 2 }));
    const res = await site.visit('/', cookie);
    assert.equal(res.text, '1');
    assert.deepEqual(new Set(store.records.keys()), new Set([id, idOf(res)]));
  });

  it('later is a request without a cookie (B243)', async () => {
    await withFrozenClock(async () => {
      const { site, store, cookie, current, id } = await rotated(MOMENT + 1);
      const res = await site.visit('/', cookie);
      assert.equal(res.text, '1');
      assert.deepEqual(new Set(store.records.keys()), new Set([id, idOf(res)]));
      assert.equal((await site.visit('/', cookieOf(res))).text, '2');
      await site.visit('/logout', cookie);
      assert.equal(userOf(await site.visit('/show', current)), 'eve');
      assert.equal((await site.visit('/save', cookie)).text, 'true');
    });
  });

  it('counts from its arrival, however long the store takes (B243)', async () => {
    await withFrozenClock(async ({ tick }) => {
      const { site, store, cookie } = await rotated(MOMENT);
      const held = store.hold('get');
      const pending = site.visit('/', cookie);
      await held.reached;
      tick(60_000);
      held.release();
      assert.equal(setCookie(await pending), undefined);
      assert.equal(store.records.size, 1);
    });
  });

  it('counts only if no other cookie of the request opens a session (B185 B243)', async () => {
    const { site, store, cookie } = await rotated(1000);
    const good = byHand({ ses: { id: 'another', gen: 1 } });
    store.records.set(idOf(good), recordWith({ hits: 8 }));
    assert.equal((await site.visit('/', `${cookie}; connect.sid=${good}`)).text, '9');
  });

  it('may be one of a service that never sees the rotation itself: the record says when that was (B242 B243)', async () => {
    const store = new ComparingStore();
    const options = { jwtFromReq: claimsOfSession };
    const here = await serve({ ...options, store }, handlers);
    const there = await serve({ ...options, store: store.twin() }, handlers);
    await withFrozenClock(async ({ now, tick }) => {
      const first = await here.visit('/');
      await here.visit('/login', cookieOf(first));
      assert.equal(stateOf(store, idOf(first)).rotatedAt, now());
      assert.equal(setCookie(await there.visit('/', cookieOf(first))), undefined);
      tick(MOMENT + 1);
      assert.ok(setCookie(await there.visit('/', cookieOf(first))));
    });
  });

  it('of a generation that is still to come opens nothing, and is no superseded one (B241)', async () => {
    const { site, store } = await rotated(0);
    const token = byHand({ iat: seconds(), ses: { id: 'rotated', gen: 3 } });
    const res = await site.visit('/', `connect.sid=${token}`);
    assert.equal(res.text, '1');
    assert.equal(store.records.size, 2);
  });
});

describe('a request that began before the generation of its token ended', () => {
  for (const Store of [ForeignStore, ComparingStore, session.MemoryStore]) {
    /** Runs `act` in a request of the old token after the login of another request is stored. */
    async function overtaken(
      act: Handler,
    ): Promise<{ site: Site; text: string; cookie?: string; fresh: string }> {
      const waiting = gate();
      const site = await serve(
        { store: new Store(), jwtFromReq: claimsOfSession },
        {
          ...handlers,
          '/slow': async (req, res) => {
            await waiting.pass();
            return act(req, res);
          },
        },
      );
      const first = await site.visit('/');
      const slow = site.visit('/slow', cookieOf(first));
      await waiting.reached;
      const fresh = cookieOf(await site.visit('/login', cookieOf(first)));
      waiting.open();
      const res = await slow;
      const line = setCookie(res);
      return { site, text: res.text, fresh, ...(line !== undefined && { cookie: line }) };
    }

    it(`keeps the session as it was, and does not get the new data by reload, on ${Store.name} (B209 B247)`, async () => {
      const { text, cookie } = await overtaken(async (req, res) => {
        const [error] = await answer((done) => req.session.reload(done));
        res.end(JSON.stringify([(error as Error).message, data(req).user, data(req).hits]));
      });
      assert.deepEqual(JSON.parse(text), ['failed to load session', null, 1]);
      assert.equal(cookie, undefined);
    });

    for (const method of ['get', 'load'] as const) {
      it(`does not get the new data by sessionStore.${method}, on ${Store.name} (B209)`, async () => {
        const { text } = await overtaken(async (req, res) => {
          const answers = await answer((done) =>
            (req.sessionStore as session.Store)[method](req.sessionID, done),
          );
          res.end(JSON.stringify(answers));
        });
        assert.ok(!text.includes('ada'), text);
      });
    }

    it(`stores nothing: save says so, and its end does not tell, on ${Store.name} (B247 B251)`, async () => {
      const { site, text, cookie, fresh } = await overtaken(async (req, res) => {
        data(req).hits = 99;
        const said = await req.session.save();
        const [error, again] = await answer((done) => req.session.save(done));
        res.end(JSON.stringify([said, error ?? null, again]));
      });
      assert.deepEqual(JSON.parse(text), [false, null, false]);
      assert.equal(cookie, undefined);
      assert.equal((await site.visit('/', fresh)).text, '3');
      assert.deepEqual(await lateErrors(site), []);
    });

    it(`drops its write at the end, without an error and without a cookie, on ${Store.name} (B247)`, async () => {
      const { site, cookie, fresh } = await overtaken((req, res) => {
        data(req).hits = 99;
        res.end();
      });
      assert.equal(cookie, undefined);
      assert.equal((await site.visit('/', fresh)).text, '3');
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('or comes while that is being written gets the session as it was, or none (B209)', async () => {
    const store = new ForeignStore();
    const site = await serve({ store, jwtFromReq: claimsOfSession }, handlers);
    const first = await site.visit('/');
    const held = store.hold('set');
    const login = site.visit('/login', cookieOf(first));
    await held.reached;
    const gets = store.count('get');
    const during = site.visit('/show', cookieOf(first));
    while (store.count('get') === gets) await turn();
    await turn();
    held.release();
    assert.equal(userOf(await during), undefined);
    await login;
    assert.equal(userOf(await site.visit('/show', cookieOf(first))), undefined);
  });
});
