import assert from 'node:assert/strict';
import type session from '../src';
import { cookieOf, decode, digest, setCookie, tokenOf } from './support/cookies';
import { withFrozenClock, type Clock } from './support/clock';
import { forge, issue, recordOf, seconds } from './support/forge';
import { createHttp2Server, createServer, type Handler } from './support/server';
import {
  asStore,
  closeSites,
  countHits,
  data,
  gate,
  open,
  openSite,
  showHits,
  type Site,
} from './support/site';
import { ForeignStore } from './support/stores';
import { Http2Exchange, withHttp2Client } from './support/wire';

const LIFE = 600;
const GRACE = 30;

const logout: Handler = (req, res) => {
  req.session.destroy(() => res.end());
};

const handlers: Record<string, Handler> = {
  '/': showHits,
  '/count': countHits,
  '/login': (req, res) => {
    data(req).user = 'ada';
    res.end();
  },
  '/logout': logout,
  '/regenerate': (req, res) => {
    req.session.regenerate(() => {
      data(req).hits = 0;
      res.end();
    });
  },
  '/stream': (req, res) => {
    res.write(String(data(req).hits));
    res.end();
  },
};

const own: session.SessionOptions = { jwt: { expiresIn: LIFE } };

/** A session in the store under a token that is so many seconds old; what it shows as a Cookie header. */
function old(store: ForeignStore, age: number, claims: object = {}, fields: object = { hits: 1 }) {
  const iat = seconds() - age;
  const token = issue({ iat, jti: `old ${String(Math.random())}`, exp: iat + LIFE, ...claims });
  store.records.set(digest(token), recordOf(fields));
  return { token, cookie: `connect.sid=${token}` };
}

function record(store: ForeignStore, token: string): Record<string, unknown> | undefined {
  const text = store.records.get(digest(token));
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>);
}

/** As another process sees the same store. */
function twinOf(store: ForeignStore): ForeignStore {
  return Object.assign(new ForeignStore(), { records: store.records });
}

function serve(store: ForeignStore, options: session.SessionOptions = own, more = {}): Promise<Site> {
  return openSite({ store: asStore(store), ...options }, { ...handlers, ...more });
}

const cookie = (token: string): string => `connect.sid=${token}`;

describe('a token with jwt.expiresIn', () => {
  let store: ForeignStore;
  let site: Site;
  beforeEach(async () => {
    store = new ForeignStore();
    site = await serve(store);
  });
  afterEach(closeSites);

  it('expires so many seconds after its issue', async () => {
    const { iat, exp } = decode(tokenOf(await site.visit('/count'))).payload;
    assert.equal(Number(exp) - Number(iat), LIFE);
  });

  it('stays as it is when it is young, without another call of the store', async () => {
    const { cookie } = old(store, LIFE / 3);
    const res = await site.visit('/', cookie);
    assert.equal(res.text, '1');
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(
      store.calls.map(({ method }) => method),
      ['get', 'touch'],
    );
  });

  it('stays as it is for the first half of its life; the clock of another process may be ahead', async () => {
    const { cookie } = old(store, LIFE / 2 - 2);
    const res = await site.visit('/', cookie);
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(
      store.calls.map(({ method }) => method),
      ['get', 'get', 'touch'],
    );
  });

  for (const [when, age] of [
    ['in the second half of its life', LIFE / 2 + 1],
    ['when it has expired', LIFE + 1],
    ['when it expired long ago', LIFE * 100],
  ] as const) {
    it(`is replaced ${when}, by a request that only reads`, async () => {
      const { token, cookie } = old(store, age);
      const res = await site.visit('/', cookie);
      assert.equal(res.text, '1');
      const { payload } = decode(tokenOf(res));
      assert.ok(Number(payload.exp) >= seconds() + LIFE - 2);
      assert.deepEqual(payload.replaces, [digest(token)]);
      assert.equal(record(store, tokenOf(res))?.hits, 1);
      assert.deepEqual(Object.keys(record(store, token) ?? {}).sort(), ['__successor', 'cookie']);
      assert.equal(store.records.size, 2);
      assert.equal((await site.visit('/count', cookieOf(res))).text, '2');
    });
  }

  it('is replaced if it has no exp, from before the option was there', async () => {
    const token = issue({ iat: seconds(), jti: 'a' });
    store.records.set(digest(token), recordOf({ hits: 3 }));
    const res = await site.visit('/', cookie(token));
    assert.equal(res.text, '3');
    assert.notEqual(tokenOf(res), token);
  });

  it('opens nothing once it has expired and its session is gone', async () => {
    const { token, cookie } = old(store, LIFE + 1);
    store.records.delete(digest(token));
    const res = await site.visit('/', cookie);
    assert.equal(res.text, 'undefined');
    assert.equal(setCookie(res), undefined);
  });

  it('opens nothing if it has expired and another key has signed it', async () => {
    const iat = seconds() - LIFE - 1;
    const { token } = old(store, LIFE + 1);
    const forged = forge({ alg: 'ES256', typ: 'JWT' }, { iat, jti: 'x', exp: iat + LIFE }, () =>
      Buffer.alloc(64, 1),
    );
    store.records.set(digest(forged), recordOf({ hits: 9 }));
    assert.equal((await site.visit('/', cookie(forged))).text, 'undefined');
    assert.ok(token);
  });

  it('leads to the new token as long as nobody has used that: lost responses lose nothing', async () => {
    const { cookie } = old(store, LIFE + 1);
    const lost = await site.visit('/count', cookie);
    const again = await site.visit('/count', cookie);
    assert.equal(again.text, '3');
    assert.equal(tokenOf(again), tokenOf(lost));
    assert.equal((await site.visit('/count', cookieOf(again))).text, '4');
  });

  it('is replaced once by requests that overlap', async () => {
    const { cookie } = old(store, LIFE + 1);
    const held = store.hold('get');
    const all = Array.from({ length: 20 }, () => site.visit('/', cookie));
    await held.reached;
    held.release();
    const tokens = new Set((await Promise.all(all)).map((res) => tokenOf(res)));
    assert.equal(tokens.size, 1);
    assert.equal(store.records.size, 2);
  });

  it('works for the grace after the new one was used, and opens nothing then', async () => {
    await withFrozenClock(async (clock: Clock) => {
      const { token, cookie } = old(store, LIFE + 1);
      const fresh = cookieOf(await site.visit('/', cookie));
      clock.tick(1000 * 1000 * 1000);
      assert.equal((await site.visit('/', cookie)).text, '1');
      const current = cookieOf(await site.visit('/', cookie));
      await site.visit('/', current);
      clock.tick((GRACE - 1) * 1000);
      assert.equal((await site.visit('/', cookie)).text, '1');
      // Using it again does not prolong anything.
      await site.visit('/', current);
      clock.tick(1001);
      const res = await site.visit('/', cookie);
      assert.equal(res.text, 'undefined');
      assert.equal(setCookie(res), undefined);
      assert.ok(record(store, token));
      assert.equal((await site.visit('/', fresh)).text, 'undefined');
      assert.equal((await site.visit('/', current)).text, '1');
    });
  });

  it('says in its record when the grace is over, so that the store can drop it', async () => {
    const { token, cookie } = old(store, LIFE + 1);
    const fresh = cookieOf(await site.visit('/', cookie));
    await site.visit('/', fresh);
    const { expires } = record(store, token)?.cookie as { expires: string };
    const left = Date.parse(expires) - Date.now();
    assert.ok(left > 0 && left <= GRACE * 1000, expires);
  });

  it('takes another jwt.grace, none among them', async () => {
    const strict = await serve(store, { jwt: { expiresIn: LIFE, grace: 0 } });
    const { cookie } = old(store, LIFE + 1);
    const fresh = cookieOf(await strict.visit('/', cookie));
    await strict.visit('/', fresh);
    assert.equal((await strict.visit('/', cookie)).text, 'undefined');
    assert.equal((await strict.visit('/', fresh)).text, '1');
  });

  it('cannot be found in the store: what is sealed there opens for its holder alone', async () => {
    const { token, cookie } = old(store, LIFE + 1);
    const fresh = tokenOf(await site.visit('/', cookie));
    const dump = JSON.stringify([...store.records]);
    for (const one of [token, fresh]) for (const part of one.split('.')) assert.ok(!dump.includes(part));
    // Somebody who writes the record of another token under their own gets nothing.
    const thief = old(store, 0);
    store.records.set(digest(thief.token), store.records.get(digest(token)) ?? '');
    assert.equal((await site.visit('/', thief.cookie)).text, 'undefined');
  });

  for (const path of ['/logout', '/regenerate', '/login']) {
    for (const which of ['old', 'new'] as const) {
      it(`is dead with its successor after ${path} with the ${which} one`, async () => {
        const claims = (req: object) => {
          const user: unknown = (req as { session?: { user?: unknown } }).session?.user;
          return user === undefined ? null : { user };
        };
        const named = await serve(store, { ...own, jwtFromReq: claims });
        const { cookie } = old(store, LIFE + 1);
        const fresh = cookieOf(await named.visit('/', cookie));
        await named.visit(path, which === 'old' ? cookie : fresh);
        assert.equal((await named.visit('/', cookie)).text, 'undefined');
        assert.equal((await named.visit('/', fresh)).text, 'undefined');
      });
    }
  }

  it('is not forwarded when claims have changed in the request that replaced it', async () => {
    const named = await serve(store, {
      ...own,
      jwtFromReq: (req) => ({ user: (data(req) as { user?: string } | undefined)?.user ?? 'nobody' }),
    });
    const { cookie } = old(store, LIFE + 1, { user: 'nobody' });
    const res = await named.visit('/login', cookie);
    assert.equal(decode(tokenOf(res)).payload.user, 'ada');
    assert.equal(decode(tokenOf(res)).payload.replaces, undefined);
    assert.equal((await named.visit('/', cookie)).text, 'undefined');
    assert.equal((await named.visit('/', cookieOf(res))).text, '1');
  });

  it('gets claims that changed outside of any request when it is replaced', async () => {
    const named = await serve(store, {
      ...own,
      jwtFromReq: (req) => ({ role: (data(req) as { role?: string } | undefined)?.role }),
    });
    const { cookie } = old(store, LIFE / 2 + 1, { role: 'admin' }, { hits: 1, role: 'guest' });
    const res = await named.visit('/', cookie);
    assert.equal(decode(tokenOf(res)).payload.role, 'guest');
    const kept = await named.visit('/', cookieOf(res));
    assert.equal(setCookie(kept), undefined);
  });

  it('goes out with headers that leave early', async () => {
    const { cookie } = old(store, LIFE + 1);
    const res = await site.visit('/stream', cookie);
    assert.equal((await site.visit('/', cookieOf(res))).text, '1');
  });

  it('is replaced on HTTP/2', async () => {
    const server = createHttp2Server({ store: asStore(store), ...own }, showHits);
    const { cookie } = old(store, LIFE + 1);
    await withHttp2Client(server, async (client) => {
      const exchange = await new Http2Exchange(client, { cookie }).done;
      assert.equal(exchange.body, '1');
      assert.ok(exchange.setCookie);
    });
  });

  it('is replaced in the header of a bearer', async () => {
    const api = await open(createServer({ store: asStore(store), transport: 'bearer', ...own }, showHits));
    const { token } = old(store, LIFE + 1);
    const ask = (bearer: string) =>
      fetch(`http://127.0.0.1:${String(api.port)}/`, { headers: { authorization: `Bearer ${bearer}` } });
    const res = await ask(token);
    assert.equal(await res.text(), '1');
    const fresh = res.headers.get('x-session-token') ?? '';
    assert.equal(await (await ask(fresh)).text(), '1');
    assert.equal((await ask(fresh)).headers.get('x-session-token'), null);
  });

  it('stays where a secure cookie could not go out, and its session with it', async () => {
    const secure = await serve(store, { ...own, cookie: { secure: true } });
    const token = old(store, LIFE + 1);
    const text = JSON.stringify({ ...JSON.parse(recordOf({ hits: 1 })), cookie: { secure: true } });
    store.records.set(digest(token.token), text);
    const res = await secure.visit('/', token.cookie);
    assert.equal(res.text, '1');
    assert.equal(store.records.size, 1);
  });

  it('goes on being replaced for a client that never takes the new one', async () => {
    await withFrozenClock(async (clock) => {
      const { cookie } = old(store, LIFE + 1);
      let last = '';
      for (let turn = 0; turn < 40; turn++) {
        const res = await site.visit('/count', cookie);
        assert.equal(res.text, String(turn + 2));
        assert.notEqual(tokenOf(res), last);
        last = tokenOf(res);
        clock.tick(LIFE * 1000);
      }
      // One get leads to the token, another one to the session.
      const before = store.count('get');
      clock.tick(-LIFE * 1000);
      await site.visit('/', cookie);
      assert.equal(store.count('get') - before, 2);
    });
  });
});

describe('a request that began with a token which another one has replaced by now', () => {
  let store: ForeignStore;
  beforeEach(() => {
    store = new ForeignStore();
  });
  afterEach(closeSites);

  for (const [where, other] of [
    ['this', (same: ForeignStore) => same],
    ['another', twinOf],
  ] as const) {
    const run = async (
      act: Handler,
      then: (sites: { cookie: string; fresh: string; site: Site; token: string }) => Promise<void>,
    ) => {
      await withFrozenClock(async (clock) => {
        const waiting = gate();
        const site = await serve(store, own, {
          '/slow': async (...args: Parameters<Handler>) => {
            await waiting.pass();
            return act(...args);
          },
        });
        const elsewhere = await serve(other(store));
        const { token, cookie } = old(store, 0);
        const slow = site.visit('/slow', cookie);
        await waiting.reached;
        clock.tick((LIFE / 2 + 1) * 1000);
        const fresh = cookieOf(await elsewhere.visit('/', cookie));
        waiting.open();
        await slow;
        await then({ cookie, fresh, site, token });
      });
    };

    it(`in ${where} process saves what it has changed under the new one`, () =>
      run(countHits, async ({ cookie, fresh, site, token }) => {
        assert.ok(record(store, token)?.__successor);
        assert.equal((await site.visit('/', fresh)).text, '2');
        assert.equal((await site.visit('/', cookie)).text, '2');
      }));

    it(`in ${where} process touches the session under the new one`, () =>
      run(showHits, async ({ token, fresh, site }) => {
        assert.ok(record(store, token)?.__successor);
        assert.equal(store.count('touch') > 0, true);
        assert.equal((await site.visit('/', fresh)).text, '1');
      }));

    it(`in ${where} process ends both by a logout`, () =>
      run(logout, async ({ cookie, fresh, site }) => {
        assert.equal(store.records.size, 0);
        assert.equal((await site.visit('/', fresh)).text, 'undefined');
        assert.equal((await site.visit('/', cookie)).text, 'undefined');
      }));

    it(`in ${where} process reloads the session`, () =>
      run(
        (req, res) => {
          req.session.reload((error) => res.end(String(error ?? data(req).hits)));
        },
        async ({ fresh, site }) => {
          assert.equal((await site.visit('/', fresh)).text, '1');
        },
      ));
  }

  it('ends both when its claims change', async () => {
    await withFrozenClock(async (clock) => {
      const waiting = gate();
      const options: session.SessionOptions = {
        ...own,
        jwtFromReq: (req) => ({ user: (data(req) as { user?: string } | undefined)?.user ?? 'nobody' }),
      };
      const site = await serve(store, options, {
        '/slow': async (...[req, res]: Parameters<Handler>) => {
          await waiting.pass();
          data(req).user = 'ada';
          res.end();
        },
      });
      const elsewhere = await serve(twinOf(store), options);
      const { cookie } = old(store, 0, { user: 'nobody' });
      const slow = site.visit('/slow', cookie);
      await waiting.reached;
      clock.tick((LIFE / 2 + 1) * 1000);
      const fresh = cookieOf(await elsewhere.visit('/', cookie));
      waiting.open();
      const named = cookieOf(await slow);
      assert.equal((await site.visit('/', named)).text, '1');
      assert.equal((await elsewhere.visit('/', fresh)).text, 'undefined');
      assert.equal((await elsewhere.visit('/', cookie)).text, 'undefined');
    });
  });
});
