// jwt.expiresIn: tokens that grow old get successors of the same generation, and nothing is written for it.
import assert from 'node:assert/strict';
import request from 'supertest';
import type session from '../../src';
import { byHand } from '../support/by-hand';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { forge, seconds } from '../support/forge';
import { keys } from '../support/keys';
import { idOf, recordWith, sesOf } from '../support/session-tokens';
import { createHttp2Server, type Handler } from '../support/server';
import { asStore, claimsOfSession, countHits, data, serve, showHits, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';
import { Http2Exchange, withHttp2Client } from '../support/wire';

const LIFE = 600;

const handlers: Record<string, Handler> = {
  '/': showHits,
  '/count': countHits,
  '/login': (req, res) => {
    data(req).user = 'ada';
    res.end();
  },
  '/logout': (req, res) => {
    req.session.destroy(() => res.end());
  },
  '/regenerate': (req, res) => {
    req.session.regenerate(() => {
      data(req).hits = 0;
      res.end();
    });
  },
  '/stream': (req, res) => {
    res.write(String(data(req).hits));
    setImmediate(() => res.end());
  },
};

const own: session.SessionOptions = { jwt: { expiresIn: LIFE } };

/** A session in the store, and a token of it that is so many seconds old. */
function old(store: ForeignStore, age: number, claims: object = {}, fields: object = { hits: 1 }) {
  const iat = seconds() - age;
  const ses = { id: `old ${String(Math.random())}`, gen: 1, exp: true };
  const token = byHand({ iat, ses, exp: iat + LIFE, ...claims });
  store.records.set(idOf(token), recordWith(fields));
  return { token, cookie: `connect.sid=${token}` };
}

function start(store: ForeignStore, options: session.SessionOptions = own): Promise<Site> {
  return serve({ store, ...options }, handlers);
}

const methods = (store: ForeignStore) => store.calls.map(({ method }) => method);

describe('a token with jwt.expiresIn', () => {
  let store: ForeignStore;
  let site: Site;
  beforeEach(async () => {
    store = new ForeignStore();
    site = await start(store);
  });

  it('expires so many seconds after its issue, and says that the library has set that (B250 B265)', async () => {
    const first = await site.visit('/count');
    const { iat, exp } = decode(tokenOf(first)).payload;
    assert.equal(Number(exp) - Number(iat), LIFE);
    assert.equal(sesOf(first).exp, true);
  });

  for (const [when, age] of [
    ['when it is young', LIFE / 3],
    ['for the first half of its life', LIFE / 2 - 2],
  ] as const) {
    it(`stays as it is ${when}, without another call of the store (B250)`, async () => {
      const { cookie } = old(store, age);
      const res = await site.visit('/', cookie);
      assert.equal(res.text, '1');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(methods(store), ['get', 'touch']);
    });
  }

  for (const [when, age] of [
    ['in the second half of its life', LIFE / 2 + 1],
    ['when it has expired', LIFE + 1],
    ['when it expired long ago', LIFE * 100],
  ] as const) {
    it(`gets a successor ${when}: the same ses, later times, no write (B250)`, async () => {
      const { token, cookie } = old(store, age);
      const res = await site.visit('/', cookie);
      assert.equal(res.text, '1');
      assert.deepEqual(sesOf(res), sesOf(token));
      const { exp, iat } = decode(tokenOf(res)).payload;
      assert.ok(Number(exp) >= seconds() + LIFE - 2);
      assert.ok(Number(iat) >= seconds() - 2);
      assert.deepEqual(methods(store), ['get', 'touch']);
      assert.deepEqual([...store.records.keys()], [idOf(token)]);
      assert.equal((await site.visit('/count', cookieOf(res))).text, '2');
    });
  }

  it('gets one if it has no exp, from before the option was there (B250)', async () => {
    const { token, cookie } = old(store, 0, { exp: undefined, ses: { id: 'before', gen: 1 } }, { hits: 3 });
    const res = await site.visit('/', cookie);
    assert.equal(res.text, '3');
    assert.equal(idOf(res), idOf(token));
    assert.equal(sesOf(res).exp, true);
  });

  it('ends the session if its exp is of jwtFromReq, which is what ses is asked for (B023 B250 B265)', async () => {
    const { cookie } = old(store, LIFE + 1, { ses: { id: 'their own', gen: 1 } });
    assert.equal((await site.visit('/', cookie)).text, 'undefined');
    const living = old(store, LIFE - 60, { ses: { id: 'their own', gen: 1 } });
    const res = await site.visit('/', living.cookie);
    assert.equal(res.text, '1');
    assert.equal(setCookie(res), undefined);
  });

  it('opens nothing once it has expired and its session is gone (B250)', async () => {
    const { token, cookie } = old(store, LIFE + 1);
    store.records.delete(idOf(token));
    const res = await site.visit('/', cookie);
    assert.equal(res.text, 'undefined');
    assert.equal(setCookie(res), undefined);
  });

  it('opens nothing if it has expired and another key has signed it (B250)', async () => {
    const iat = seconds() - LIFE - 1;
    const { token, cookie } = old(store, LIFE + 1);
    const payload = { iat, ses: sesOf(token), exp: iat + LIFE };
    const forged = forge({ alg: 'ES256', typ: 'JWT' }, payload, () => Buffer.alloc(64, 1));
    assert.equal((await site.visit('/', `connect.sid=${forged}`)).text, 'undefined');
    assert.equal((await site.visit('/', cookie)).text, '1');
  });

  it('goes on if the response with its successor is lost, for as long as the session lives (B250)', async () => {
    await withFrozenClock(async ({ tick }) => {
      const { cookie } = old(store, LIFE + 1);
      for (let turn = 0; turn < 40; turn++) {
        const res = await site.visit('/count', cookie);
        assert.equal(res.text, String(turn + 2));
        assert.equal(decode(tokenOf(res)).payload.exp, seconds() + LIFE);
        tick(LIFE * 1000);
      }
      assert.equal(store.records.size, 1);
    });
  });

  it('may be used by any number of requests at once, in several processes: what each gets works (B250)', async () => {
    const { token, cookie } = old(store, LIFE + 1);
    const elsewhere = await start(Object.assign(new ForeignStore(), { records: store.records }));
    const held = store.hold('get');
    const all = Array.from({ length: 20 }, (_, at) => (at % 2 ? site : elsewhere).visit('/', cookie));
    await held.reached;
    held.release();
    for (const res of await Promise.all(all)) {
      assert.deepEqual(sesOf(res), sesOf(token));
      assert.equal((await site.visit('/', cookieOf(res))).text, '1');
      assert.equal((await elsewhere.visit('/', cookieOf(res))).text, '1');
    }
    assert.equal((await site.visit('/', cookie)).text, '1');
    assert.equal(store.records.size, 1);
  });

  for (const withStore of [true, false]) {
    it(`is refused by a verifier ${withStore ? 'with' : 'without'} the store once it has expired (B250)`, async () => {
      const options = { ...own, keys: { public: keys.public }, ...(withStore && { store: asStore(store) }) };
      const verifier = await serve(options, {
        '/': (req, res) => res.end(String(req.session.jwt?.ses !== undefined)),
      });
      assert.equal((await verifier.visit('/', old(store, LIFE - 60).cookie)).text, 'true');
      const res = await verifier.visit('/', old(store, LIFE + 1).cookie);
      assert.equal(res.text, 'false');
      assert.equal(setCookie(res), undefined);
    });
  }

  for (const path of ['/logout', '/regenerate', '/login']) {
    for (const which of ['old', 'new'] as const) {
      it(`is dead with its successors after ${path} with the ${which} one (B250 B252)`, async () => {
        const named = await start(store, { ...own, jwtFromReq: claimsOfSession });
        const { cookie } = old(store, LIFE + 1);
        const fresh = cookieOf(await named.visit('/', cookie));
        await named.visit(path, which === 'old' ? cookie : fresh);
        assert.equal((await named.visit('/', cookie)).text, 'undefined');
        assert.equal((await named.visit('/', fresh)).text, 'undefined');
      });
    }
  }

  it('gets the first token of the next generation where claims change in the same request (B210 B250)', async () => {
    const named = await start(store, { ...own, jwtFromReq: claimsOfSession });
    const { token, cookie } = old(store, LIFE + 1);
    const res = await named.visit('/login', cookie);
    assert.equal(decode(tokenOf(res)).payload.user, 'ada');
    assert.deepEqual(sesOf(res), { ...sesOf(token), gen: 2 });
    assert.equal((await named.visit('/', cookie)).text, 'undefined');
    assert.equal((await named.visit('/', cookieOf(res))).text, '1');
  });

  it('gets claims that changed outside of any request with its successor (B210 B250)', async () => {
    const named = await start(store, { ...own, jwtFromReq: claimsOfSession });
    const { cookie } = old(store, LIFE / 2 + 1, { role: 'admin' }, { hits: 1, role: 'guest' });
    const res = await named.visit('/', cookie);
    assert.equal(decode(tokenOf(res)).payload.role, 'guest');
    assert.equal(sesOf(res).gen, 1);
    assert.equal(setCookie(await named.visit('/', cookieOf(res))), undefined);
  });

  it('hands the time of the sign-in on to its successor (B250 B256)', async () => {
    const named = await start(store, { ...own, jwtFromReq: claimsOfSession });
    const claims = { user: 'ada', auth_time: seconds() - 5000 };
    const { cookie } = old(store, LIFE + 1, claims, { hits: 1, user: 'ada' });
    const res = await named.visit('/', cookie);
    assert.equal(decode(tokenOf(res)).payload.auth_time, claims.auth_time);
  });

  it('counts the sign-in from now where its token does not say when that was (B250 B256)', async () => {
    const named = await start(store, { ...own, jwtFromReq: claimsOfSession });
    const { cookie } = old(store, LIFE + 1, { user: 'ada' }, { hits: 1, user: 'ada' });
    const { iat, auth_time: time } = decode(tokenOf(await named.visit('/', cookie))).payload;
    assert.ok(iat);
    assert.equal(time, iat);
  });

  it('is looked at again, beside the touch, where the store can tell of other processes (B250 B260)', async () => {
    const comparing = new ComparingStore();
    const looking = await start(comparing);
    const { cookie } = old(comparing, LIFE + 1);
    assert.ok(setCookie(await looking.visit('/', cookie)));
    assert.deepEqual(methods(comparing).sort(), ['get', 'get', 'touch']);
  });

  it('has its successor go out with headers that leave early (B250)', async () => {
    const { cookie } = old(store, LIFE + 1);
    const res = await site.visit('/stream', cookie);
    assert.equal((await site.visit('/', cookieOf(res))).text, '1');
  });

  it('has its successor go out over HTTP/2 (B250)', async () => {
    const server = createHttp2Server({ store: asStore(store), ...own }, showHits);
    const { cookie } = old(store, LIFE + 1);
    await withHttp2Client(server, async (client) => {
      const exchange = await new Http2Exchange(client, { cookie }).done;
      assert.equal(exchange.body, '1');
      assert.ok(exchange.setCookie);
    });
  });

  it('has its successor go out in the header of a bearer (B250)', async () => {
    const api = await serve({ store, jwt: { ...own.jwt, transport: 'bearer' } }, showHits);
    const { token } = old(store, LIFE + 1);
    const ask = (bearer: string) =>
      request(`http://127.0.0.1:${String(api.port)}`)
        .get('/')
        .set('Authorization', `Bearer ${bearer}`);
    const res = await ask(token);
    assert.equal(res.text, '1');
    const fresh = (res.headers as Record<string, string>)['x-session-token'] ?? '';
    const next = await ask(fresh);
    assert.equal(next.text, '1');
    assert.equal((next.headers as Record<string, string>)['x-session-token'], undefined);
  });

  it('gets none where a secure cookie could not go out, and its session goes on (B250)', async () => {
    const secure = await start(store, { ...own, cookie: { secure: true } });
    const { cookie } = old(store, LIFE + 1, {}, { hits: 1, cookie: { secure: true } });
    for (let again = 0; again < 2; again++) {
      const res = await secure.visit('/', cookie);
      assert.equal(res.text, '1');
      assert.equal(setCookie(res), undefined);
    }
  });
});
