// The one write of a rotation: what becomes of session and token if it is refused, errs, or is overtaken.
import assert from 'node:assert/strict';
import session from '../../src';
import { ComparingStore, type Outcome } from '../support/comparing-store';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { lateCodes, lateErrors } from '../support/late-errors';
import { byHand } from '../support/by-hand';
import { idOf, recordWith, sesOf, stateOf } from '../support/session-tokens';
import type { Handler } from '../support/server';
import { login } from '../support/sign-in-pages';
import { claimsOfSession, countHits, data, gate, serve, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';

const handlers: Record<string, Handler> = {
  '/': countHits,
  '/login': login('ada'),
  '/switch': login('bob'),
  '/who': (req, res) => res.end(String(data(req).user)),
};

function start(store: ForeignStore, more: Record<string, Handler> = {}, options = {}): Promise<Site> {
  return serve({ store, jwtFromReq: claimsOfSession, ...options }, { ...handlers, ...more });
}

describe('the write of a rotation', () => {
  /** Ada is signed in; `/switch` makes another user of her, whose write ends so. */
  async function switching(...outcomes: Outcome[]) {
    const store = new ComparingStore();
    const site = await start(store);
    const ada = await site.visit('/login');
    store.outcomes.push(...outcomes);
    const before = store.calls.length;
    const res = await site.visit('/switch', cookieOf(ada));
    const tags = store.expected.slice();
    const calls = store.calls.slice(before).filter(({ id }) => id === idOf(ada));
    return { store, site, ada, res, tags, calls, late: await lateErrors(site) };
  }

  it('that is refused changes nothing: no new cookie, and the old token opens the session as it was (B211)', async () => {
    const { site, ada, res, calls, late } = await switching('refused', 'works', 'refused');
    assert.equal(setCookie(res), undefined);
    // The one in between was the probe whether the store can see tags at all.
    assert.deepEqual(
      calls.map(({ method }) => method),
      ['get', 'compareAndSet', 'get', 'compareAndSet', 'get'],
    );
    assert.equal((await site.visit('/who', cookieOf(ada))).text, 'ada');
    assert.deepEqual(late, []);
  });

  it('that errs is repeated once, with the same record and the same tag (B211)', async () => {
    const { store, site, ada, res, tags, calls, late } = await switching('fails');
    const writes = calls.filter(({ method }) => method === 'compareAndSet');
    assert.equal(writes.length, 2);
    assert.equal(writes[0]?.data, writes[1]?.data);
    assert.equal(tags[0], tags[1]);
    assert.deepEqual(sesOf(res), { ...sesOf(ada), gen: 2 });
    assert.equal((await site.visit('/who', cookieOf(res))).text, 'bob');
    assert.equal(stateOf(store, idOf(ada)).gen, 2);
    assert.deepEqual(late, []);
  });

  it('that errs, though it took effect, has succeeded: the repetition is refused, and its own tag is there (B211)', async () => {
    const { store, site, ada, res, calls, late } = await switching('lost');
    assert.deepEqual(
      calls.map(({ method }) => method),
      ['get', 'compareAndSet', 'compareAndSet', 'get'],
    );
    assert.deepEqual(sesOf(res), { ...sesOf(ada), gen: 2 });
    assert.equal(stateOf(store, idOf(ada)).gen, 2);
    assert.equal((await site.visit('/who', cookieOf(res))).text, 'bob');
    assert.equal((await site.visit('/who', cookieOf(ada))).text, 'undefined');
    assert.deepEqual(late, []);
  });

  for (const outcomes of [
    ['fails', 'fails'],
    ['lost', 'lost'],
    ['fails', 'lost'],
  ] as const) {
    it(`that errs twice (${outcomes.join(', ')}) gives no new cookie, and a late error (B211)`, async () => {
      const { site, ada, res, calls, late } = await switching(...outcomes);
      assert.equal(res.text, '2');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual(late, ['boom!']);
      assert.equal(calls.filter(({ method }) => method === 'compareAndSet').length, 2);
      const after = await site.visit('/who', cookieOf(ada));
      assert.notEqual(after.text, 'bob', 'nobody has a token of what may be stored');
    });
  }

  for (const failures of [1, 2]) {
    it(`is repeated on a store that only has set as well: ${String(failures)} errors (B211)`, async () => {
      let left = 0;
      class Failing extends ForeignStore {
        override set(...args: Parameters<ForeignStore['set']>): void {
          if (left > 0) this.failures.set = new Error('boom!');
          left -= 1;
          super.set(...args);
          delete this.failures.set;
        }
      }
      const store = new Failing();
      const site = await start(store);
      const ada = await site.visit('/login');
      left = failures;
      const res = await site.visit('/switch', cookieOf(ada));
      assert.equal(setCookie(res) === undefined, failures === 2);
      assert.deepEqual(await lateErrors(site), failures === 2 ? ['boom!'] : []);
      assert.equal(store.count('set'), 3);
      if (failures === 2) assert.equal((await site.visit('/who', cookieOf(ada))).text, 'ada');
    });
  }

  it('that succeeded by save has its token go out, though a later write of the request fails (B211 B219)', async () => {
    for (const saveErrors of ['late', 'respond'] as const) {
      const store = new ComparingStore();
      const site = await start(
        store,
        {
          '/login-and-more': async (req, res) => {
            data(req).user = 'ada';
            assert.equal(await req.session.save(), true);
            store.outcomes.push('fails');
            data(req).more = true;
            res.end();
          },
        },
        { saveErrors },
      );
      const first = await site.visit('/');
      const res = await site.visit('/login-and-more', cookieOf(first));
      assert.deepEqual(sesOf(res), { ...sesOf(first), gen: 2 });
      assert.equal((await site.visit('/who', cookieOf(res))).text, 'ada');
      assert.deepEqual(await lateErrors(site), ['boom!']);
    }
  });

  it('of a save that failed twice is not tried again at the end (B265)', async () => {
    const store = new ComparingStore();
    const site = await start(store, {
      '/saving': async (req, res) => {
        data(req).user = 'ada';
        store.outcomes.push('fails', 'fails');
        await assert.rejects(req.session.save(), /boom!/);
        res.end();
      },
    });
    const first = await site.visit('/');
    const before = store.calls.length;
    const res = await site.visit('/saving', cookieOf(first));
    assert.equal(setCookie(res), undefined);
    assert.deepEqual(
      store.calls
        .slice(before)
        .filter(({ method, data: text = '' }) => method !== 'get' && text.includes('"gen":2')).length,
      2,
    );
    assert.equal(stateOf(store, idOf(first)).gen, 1);
    assert.ok(
      !(store.records.get(idOf(first)) ?? '').includes('ada'),
      'a planted token would read the login',
    );
  });

  it('of a save that failed is made anew by another save, never without the rotation (B211)', async () => {
    const store = new ComparingStore();
    const site = await start(store, {
      '/saving': async (req, res) => {
        data(req).user = 'ada';
        store.outcomes.push('fails', 'fails');
        await assert.rejects(req.session.save(), /boom!/);
        res.end(String(await req.session.save()));
      },
    });
    const first = await site.visit('/');
    const res = await site.visit('/saving', cookieOf(first));
    assert.equal(res.text, 'true');
    assert.deepEqual(sesOf(res), { ...sesOf(first), gen: 2 });
    assert.equal((await site.visit('/who', cookieOf(res))).text, 'ada');
    assert.equal((await site.visit('/who', cookieOf(first))).text, 'undefined');
  });

  it('of a save is one, and the response carries its token, whatever starts it (B219)', async () => {
    const store = new ForeignStore();
    const site = await start(store, {
      '/save': async (req, res) => {
        data(req).user = 'ada';
        assert.equal(await req.session.save(), true);
        res.end(session.tokenOf(req));
      },
    });
    const first = await site.visit('/');
    const before = store.calls.length;
    const res = await site.visit('/save', cookieOf(first));
    assert.deepEqual(
      store.calls.slice(before).map(({ method }) => method),
      ['get', 'set'],
    );
    assert.deepEqual(sesOf(res), { ...sesOf(first), gen: 2 });
    assert.equal(res.text, tokenOf(res));
    assert.equal(decode(tokenOf(res)).payload.user, 'ada');
  });

  it('with merge takes nothing from others, and nothing is merged into it (B246)', async () => {
    for (const isLate of [false, true]) {
      const store = new ComparingStore();
      const waiting = gate();
      const slow: Handler = async (req, res) => {
        await waiting.pass();
        data(req)[isLate ? 'slow' : 'user'] = 'ada';
        res.end();
      };
      const quick: Handler = (req, res) => {
        data(req)[isLate ? 'user' : 'quick'] = 'ada';
        res.end();
      };
      const options = { merge: true };
      const site = await start(store, { '/slow': slow }, options);
      const elsewhere = await start(store.twin(), { '/quick': quick }, options);
      const first = await site.visit('/');
      const pending = site.visit('/slow', cookieOf(first));
      await waiting.reached;
      await elsewhere.visit('/quick', cookieOf(first));
      waiting.open();
      await pending;
      const stored = JSON.parse(store.records.get(idOf(first)) ?? '') as Record<string, unknown>;
      assert.deepEqual(
        [stored.user, stored.hits, stored.slow, stored.quick],
        ['ada', 1, undefined, undefined],
      );
      assert.equal((stored.__session as { gen: number }).gen, 2);
      assert.deepEqual(await lateErrors(site), []);
    }
  });

  it('with merge and no rotation keeps both changes, so that the test above can fail (B245)', async () => {
    const store = new ComparingStore();
    const token = byHand();
    store.records.set(idOf(token), recordWith({ hits: 1 }));
    const waiting = gate();
    const site = await start(
      store,
      {
        '/slow': async (req, res) => {
          await waiting.pass();
          data(req).slow = true;
          res.end();
        },
      },
      { merge: true },
    );
    const elsewhere = await start(store.twin(), {}, { merge: true });
    const pending = site.visit('/slow', `connect.sid=${token}`);
    await waiting.reached;
    await elsewhere.visit('/', `connect.sid=${token}`);
    waiting.open();
    await pending;
    const { hits, slow } = JSON.parse(store.records.get(idOf(token)) ?? '') as Record<string, unknown>;
    assert.deepEqual({ hits, slow }, { hits: 2, slow: true });
    assert.deepEqual(await lateCodes(site), []);
  });
});
