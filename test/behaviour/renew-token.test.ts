// `req.session.renewToken()`: the next generation without other claims, for a sign-in of the same user and the like.
import assert from 'node:assert/strict';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { seconds } from '../support/forge';
import { lateErrors } from '../support/late-errors';
import { idOf, sesOf, stateOf } from '../support/session-tokens';
import type { Handler } from '../support/server';
import { answer, countHits, data, serve, showHits, type Site } from '../support/site';

const renew: Handler = async (req, res) => {
  data(req).hits = 7;
  await req.session.renewToken();
  res.end(session.tokenOf(req));
};

const handlers: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/renew': renew,
  '/renew-by-callback': async (req, res) => {
    const [error] = await answer((done) => req.session.renewToken(done));
    assert.equal(error, undefined);
    res.end(session.tokenOf(req));
  },
  '/renew-twice': async (req, res) => {
    await req.session.renewToken();
    await req.session.renewToken();
    res.end(session.tokenOf(req));
  },
};

describe('renewToken', () => {
  let store: ComparingStore;
  let site: Site;
  const claims = { sub: 'ada' };
  beforeEach(async () => {
    store = new ComparingStore();
    site = await start();
  });

  const start = (more: Record<string, Handler> = {}, options: session.SessionOptions = {}): Promise<Site> =>
    serve({ store, jwtFromReq: () => claims, ...options }, { ...handlers, ...more });

  for (const path of ['/renew', '/renew-by-callback']) {
    it(`begins the next generation with the data as it is, in one write, and its token goes out: ${path} (B249)`, async () => {
      await withFrozenClock(async ({ tick }) => {
        const first = await site.visit('/');
        tick(60_000);
        const before = store.calls.length;
        const res = await site.visit(path, cookieOf(first));
        assert.equal(res.text, tokenOf(res), 'tokenOf says it as soon as it is stored');
        assert.deepEqual(sesOf(res), { ...sesOf(first), gen: 2 });
        assert.equal(decode(tokenOf(res)).payload.auth_time, seconds());
        assert.equal(decode(tokenOf(first)).payload.auth_time, seconds() - 60);
        assert.deepEqual(
          store.calls.slice(before).map(({ method, id }) => `${method} ${id}`),
          ['get', 'compareAndSet'].map((method) => `${method} ${idOf(first)}`),
        );
        assert.equal((await site.visit('/show', cookieOf(res))).text, path === '/renew' ? '7' : '1');
      });
    });
  }

  it('ends all tokens of the generation before, in whatever process (B249 B252)', async () => {
    const elsewhere = await serve({ store: store.twin(), jwtFromReq: () => claims }, handlers);
    const first = await site.visit('/');
    const res = await site.visit('/renew', cookieOf(first));
    for (const one of [site, elsewhere]) {
      assert.equal((await one.visit('/show', cookieOf(first))).text, 'undefined');
      assert.equal((await one.visit('/show', cookieOf(res))).text, '7');
    }
  });

  it('may be called twice: each time another generation, and the last token goes out (B249)', async () => {
    const first = await site.visit('/');
    const res = await site.visit('/renew-twice', cookieOf(first));
    assert.equal(res.text, tokenOf(res));
    assert.equal(sesOf(res).gen, 3);
    assert.equal((await site.visit('/show', cookieOf(res))).text, '1');
  });

  it('goes on with the rest of the request: what is changed later is saved under the new generation (B249)', async () => {
    const more = await start({
      '/more': async (req, res) => {
        await req.session.renewToken();
        data(req).hits = 30;
        res.end();
      },
    });
    const first = await more.visit('/');
    const res = await more.visit('/more', cookieOf(first));
    assert.equal((await more.visit('/show', cookieOf(res))).text, '30');
    assert.deepEqual(await lateErrors(more), []);
  });

  it('makes a rotation of a sign-in by the same user, which without it is a soft change (B249 B265)', async () => {
    const first = await site.visit('/');
    const soft = await serve(
      { store, jwtFromReq: (req) => ({ sub: 'ada', level: data(req).level ?? 1 }) },
      {
        '/again': (req, res) => {
          data(req).level = 2;
          res.end();
        },
        '/again-and-renew': async (req, res) => {
          data(req).level = 3;
          await req.session.renewToken();
          res.end();
        },
        '/again-and-regenerate': async (req, res) => {
          await req.session.regenerate();
          data(req).level = 4;
          res.end();
        },
      },
    );
    const second = await soft.visit('/again', cookieOf(first));
    assert.equal(sesOf(second).gen, 1);
    const third = await soft.visit('/again-and-renew', cookieOf(second));
    assert.deepEqual([sesOf(third).gen, decode(tokenOf(third)).payload.level], [2, 3]);
    const fourth = await soft.visit('/again-and-regenerate', cookieOf(third));
    assert.equal(sesOf(fourth).gen, 1);
    assert.notEqual(idOf(fourth), idOf(third));
  });

  it('stores a new session, whose first token goes with the response (B249)', async () => {
    const res = await site.visit('/renew');
    assert.equal(sesOf(res).gen, 1);
    assert.equal((await site.visit('/show', cookieOf(res))).text, '7');
  });

  for (const [who, jwtFromReq] of [
    ['somebody', () => claims],
    ['nobody', () => null],
  ] as const) {
    it(`fails if the session of ${who} was destroyed meanwhile, and nothing is stored or sent (B249)`, async () => {
      const gone = await start(
        {
          '/gone': async (req, res) => {
            store.records.clear();
            await assert.rejects(req.session.renewToken(), /failed to load session/);
            res.end();
          },
        },
        { jwtFromReq },
      );
      const first = await gone.visit('/');
      const res = await gone.visit('/gone', cookieOf(first));
      assert.equal(setCookie(res), undefined);
      assert.equal(store.records.size, 0);
    });
  }

  it('passes on an error of the store; the old token opens the session as it was (B249)', async () => {
    const failing = await start({
      '/failing': async (req, res) => {
        store.outcomes.push('fails', 'fails');
        await assert.rejects(req.session.renewToken(), /boom!/);
        res.end();
      },
    });
    const first = await failing.visit('/');
    const res = await failing.visit('/failing', cookieOf(first));
    assert.equal(setCookie(res), undefined);
    assert.equal(stateOf(store, idOf(first)).gen, 1);
    assert.equal((await failing.visit('/show', cookieOf(first))).text, '1');
  });

  it('that nobody waits for is waited for by the end, and its error is told late (B249 B254)', async () => {
    const careless = await start({
      '/careless': (req, res) => {
        void req.session.renewToken();
        res.end();
      },
    });
    const first = await careless.visit('/');
    const res = await careless.visit('/careless', cookieOf(first));
    assert.equal(sesOf(res).gen, 2);
    store.outcomes.push('fails', 'fails');
    await careless.visit('/careless', cookieOf(res));
    assert.deepEqual(await lateErrors(careless), ['boom!']);
  });
});
