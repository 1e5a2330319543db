/** Requests of one session that overlap: logins, logouts and changes, in one process and in two. */
import assert from 'node:assert/strict';
import session from '../../src';
import { withFrozenClock } from '../support/clock';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, setCookie } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import { signedInClaims as jwtFromReq, signIn, who } from '../support/log-in';
import { logOut } from '../support/pages';
import type { Handler } from '../support/server';
import { idOf, sesOf } from '../support/session-tokens';
import { asStore, countHits, data, gate, type Gate, serve, type Site, turn } from '../support/site';
import { ForeignStore } from '../support/stores';

/** Two servers on the same sessions. */
const places: [string, () => [session.Store, session.Store]][] = [
  ...[ForeignStore, ComparingStore, session.MemoryStore].map(
    (Store): [string, () => [session.Store, session.Store]] => [
      `in one process on ${Store.name}`,
      () => {
        const store = asStore(new Store());
        return [store, store];
      },
    ],
  ),
  [
    'over two processes whose store compares',
    () => {
      const store = new ComparingStore();
      return [asStore(store), asStore(store.twin())];
    },
  ],
];

describe('requests that overlap', () => {
  let waiting: Gate;
  beforeEach(() => {
    waiting = gate();
  });

  const handlers: Record<string, Handler> = {
    '/': countHits,
    '/who': who,
    '/login': (req, res) => {
      signIn(req);
      res.end();
    },
    '/logout': logOut,
    '/slow': async (req, res) => {
      await waiting.pass();
      res.end(String(data(req).user));
    },
    '/slow-change': async (req, res) => {
      await waiting.pass();
      data(req).hits = 100;
      res.end();
    },
    '/slow-login': async (req, res) => {
      await waiting.pass();
      signIn(req, 'other');
      res.end();
    },
  };

  async function open(place: () => [session.Store, session.Store], options: session.SessionOptions = {}) {
    const [one, two] = place();
    const all = { jwtFromReq, ...options };
    return [await serve({ ...all, store: one }, handlers), await serve({ ...all, store: two }, handlers)] as [
      Site,
      Site,
    ];
  }

  for (const [name, place] of places) {
    it(`a logout stands beside a change of claims that ends later, ${name} (B252)`, async () => {
      const [here, there] = await open(place);
      const victim = await here.visit('/login');
      const change = here.visit('/slow-login', cookieOf(victim));
      await waiting.reached;
      await there.visit('/logout', cookieOf(victim));
      waiting.open();
      const late = await change;
      assert.equal(setCookie(late), undefined);
      for (const site of [here, there]) {
        assert.equal((await site.visit('/who', cookieOf(victim))).text, 'undefined');
        assert.deepEqual(await lateErrors(site), []);
      }
    });

    for (const [what, options, path] of [
      ['that only reads, with rolling', { rolling: true }, '/slow'],
      [
        'that only reads, with a lifetime and rolling',
        { rolling: true, cookie: { maxAge: 60_000 } },
        '/slow',
      ],
      ['that only reads, with a token that is due', { jwt: { expiresIn: 60 } }, '/slow'],
      ['that changes data', { cookie: { maxAge: 60_000 } }, '/slow-change'],
    ] as const) {
      it(`a slow request ${what} does not overwrite the cookie of a login, ${name} (B260)`, async () => {
        await withFrozenClock(async ({ tick }) => {
          const [here, there] = await open(place, options);
          const anonymous = await here.visit('/');
          const slow = here.visit(path, cookieOf(anonymous));
          await waiting.reached;
          const victim = await there.visit('/login', cookieOf(anonymous));
          tick(31_000);
          waiting.open();
          const late = await slow;
          assert.equal(setCookie(late), undefined);
          assert.equal((await here.visit('/who', cookieOf(victim))).text, 'victim');
          assert.deepEqual(await lateErrors(here), []);
        });
      });
    }

    it(`a login clicked twice signs in, whichever answer the browser keeps, ${name} (B247)`, async () => {
      const [here, there] = await open(place);
      const anonymous = await here.visit('/');
      const first = here.visit('/slow-login', cookieOf(anonymous));
      await waiting.reached;
      const second = await there.visit('/login', cookieOf(anonymous));
      waiting.open();
      const answers: [string, string][] = [
        [cookieOf(await first), 'other'],
        [cookieOf(second), 'victim'],
      ];
      for (const [cookie, user] of answers) {
        assert.equal((await here.visit('/who', cookie)).text, user);
        assert.equal((await there.visit('/who', cookie)).text, user);
      }
      // Who had planted the token cannot make either of them vanish.
      await there.visit('/logout', cookieOf(anonymous));
      assert.equal((await here.visit('/who', answers[0]?.[0])).text, 'other');
      assert.equal((await there.visit('/who', cookieOf(anonymous))).text, 'undefined');
    });
  }

  it('a logout whose destroy is slow leaves nothing behind, though claims change meanwhile (B252)', async () => {
    for (const isOneProcess of [true, false]) {
      const store = new ComparingStore();
      const [here, there] = await open(() => [asStore(store), asStore(isOneProcess ? store : store.twin())]);
      const victim = await here.visit('/login');
      waiting = gate();
      const change = there.visit('/slow-login', cookieOf(victim));
      await waiting.reached;
      const held = store.hold('destroy');
      const logout = here.visit('/logout', cookieOf(victim));
      await held.reached;
      waiting.open();
      await turn();
      if (!isOneProcess) await change;
      held.release();
      await logout;
      const late = await change;
      const cookies = [cookieOf(victim), ...(setCookie(late) === undefined ? [] : [cookieOf(late)])];
      for (const cookie of cookies) {
        assert.equal((await here.visit('/who', cookie)).text, 'undefined');
        assert.equal((await there.visit('/who', cookie)).text, 'undefined');
      }
      assert.ok(!store.records.has(idOf(victim)));
      assert.equal(store.records.size, 0);
      assert.equal(sesOf(victim).gen, 1);
    }
  });
});
