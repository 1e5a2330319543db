/** A token that somebody has planted in another person's browser never reads what that person does. */
import assert from 'node:assert/strict';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, setCookie } from '../support/cookies';
import { lateCodes, lateErrors } from '../support/late-errors';
import { signedInClaims as jwtFromReq, signIn, who } from '../support/log-in';
import type { Handler } from '../support/server';
import { countHits, data, gate, serve, turn } from '../support/site';
import { ForeignStore } from '../support/stores';

/** Each call of the store is looked at from outside: before it takes effect, and before it is answered. */
class WatchedStore extends ComparingStore {
  watch: (() => Promise<void>) | undefined;

  protected override run(...[call, callback, effect]: Parameters<ComparingStore['run']>): void {
    const { watch } = this;
    if (!watch) {
      super.run(call, callback, effect);
      return;
    }
    void watch().then(() => {
      super.run(
        call,
        (...answer) => {
          void watch().then(() => callback?.(...answer));
        },
        effect,
      );
    });
  }
}

/** The same without compareAndSet. */
class WatchedPlainStore extends WatchedStore {}

Object.defineProperty(WatchedPlainStore.prototype, 'compareAndSet', { value: undefined });

describe('a planted token', () => {
  const logins: [string, Handler][] = [
    [
      'a login by claims',
      (req, res) => {
        signIn(req);
        res.end();
      },
    ],
    [
      'a login by claims with await save() before the response',
      async (req, res) => {
        signIn(req);
        assert.equal(await req.session.save(), true);
        await turn();
        res.end();
      },
    ],
    [
      'a login by claims whose save nobody waits for',
      (req, res) => {
        signIn(req);
        void req.session.save();
        res.end();
      },
    ],
    [
      'a login by claims that streams its answer',
      async (req, res) => {
        signIn(req);
        res.write('welcome');
        await turn();
        data(req).last = 'words';
        res.end();
      },
    ],
    [
      'a login by regenerate',
      async (req, res) => {
        await req.session.regenerate();
        signIn(req);
        res.end();
      },
    ],
  ];

  for (const Store of [WatchedStore, WatchedPlainStore]) {
    for (const [name, login] of logins) {
      it(`polled at every call of the store during ${name} never reads the victim's data, on ${Store.name} (B209)`, async () => {
        const store = new Store();
        const options = { jwtFromReq, rolling: true };
        const site = await serve({ ...options, store }, { '/': countHits, '/login': login, '/who': who });
        // The attacker asks the same process, and another one.
        const unwatched = Object.assign(new ComparingStore(), { records: store.records });
        if (Store === WatchedPlainStore)
          Object.defineProperty(unwatched, 'compareAndSet', { value: undefined });
        const elsewhere = await serve({ ...options, store: unwatched }, { '/who': who });
        const planted = cookieOf(await site.visit('/'));

        const seen: string[] = [];
        let isWatching = false;
        store.watch = async () => {
          if (isWatching) return;
          isWatching = true;
          const res = await elsewhere.visit('/who', planted);
          seen.push(res.text);
          if (setCookie(res)) seen.push((await elsewhere.visit('/who', cookieOf(res))).text);
          isWatching = false;
        };
        const res = await site.visit('/login', planted);
        store.watch = undefined;
        assert.ok(seen.length >= 4, String(seen.length));
        assert.deepEqual([...new Set(seen)], ['undefined']);

        assert.equal((await site.visit('/who', cookieOf(res))).text, 'victim');
        for (const attacked of [site, elsewhere]) {
          assert.equal((await attacked.visit('/who', planted)).text, 'undefined');
        }
        assert.deepEqual(await lateErrors(site), []);
      });
    }
  }

  it('does not read a login whose claims change after the headers: it is not stored (B213)', async () => {
    for (const Store of [ForeignStore, ComparingStore, session.MemoryStore]) {
      const site = await serve(
        { jwtFromReq, store: new Store() },
        {
          '/': countHits,
          '/who': who,
          '/login': async (req, res) => {
            res.write('welcome');
            await turn();
            signIn(req);
            res.end();
          },
        },
      );
      const planted = cookieOf(await site.visit('/'));
      const res = await site.visit('/login', planted);
      assert.equal(setCookie(res), undefined);
      assert.equal((await site.visit('/who', planted)).text, 'undefined');
      assert.equal((await site.visit('/', planted)).text, '2');
      assert.deepEqual(await lateCodes(site), ['ERR_SESSION_TOKEN_UNDELIVERABLE']);
    }
  });

  it('reads nothing between await save() after the login and the response, which has the good cookie (B219)', async () => {
    for (const Store of [ForeignStore, ComparingStore, session.MemoryStore]) {
      const waiting = gate();
      const site = await serve(
        { jwtFromReq, store: new Store() },
        {
          '/': countHits,
          '/who': who,
          '/login': async (req, res) => {
            signIn(req);
            await req.session.save();
            await waiting.pass();
            res.end();
          },
        },
      );
      const planted = cookieOf(await site.visit('/'));
      const pending = site.visit('/login', planted);
      await waiting.reached;
      assert.equal((await site.visit('/who', planted)).text, 'undefined');
      waiting.open();
      const res = await pending;
      assert.equal((await site.visit('/who', cookieOf(res))).text, 'victim');
      assert.equal((await site.visit('/who', planted)).text, 'undefined');
    }
  });
});
