// Two requests of one session that both change who is signed in: what becomes of the one that comes second.
import assert from 'node:assert/strict';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, decode, setCookie, tokenOf } from '../support/cookies';
import { lateErrors } from '../support/late-errors';
import { legacySecret, startLegacySession } from '../support/legacy';
import { logOut, slowly } from '../support/pages';
import { idOf, sesOf } from '../support/session-tokens';
import type { Handler } from '../support/server';
import {
  asStore,
  claimsOfSession,
  countHits,
  data,
  gate,
  type Gate,
  serve,
  type Site,
} from '../support/site';
import { ForeignStore } from '../support/stores';

interface Place {
  name: string;
  /** Two servers that share their sessions: in one process, or as two processes. */
  open: (handlers: Record<string, Handler>) => Promise<[Site, Site]>;
}

const options = { jwtFromReq: claimsOfSession, saveUninitialized: true };

const places: Place[] = [
  ...[ForeignStore, ComparingStore, session.MemoryStore].map((Store) => ({
    name: `in one process on ${Store.name}`,
    open: async (handlers: Record<string, Handler>): Promise<[Site, Site]> => {
      const store = asStore(new Store());
      return [await serve({ ...options, store }, handlers), await serve({ ...options, store }, handlers)];
    },
  })),
  {
    name: 'over two processes whose store compares',
    open: async (handlers) => {
      const store = new ComparingStore();
      return [
        await serve({ ...options, store }, handlers),
        await serve({ ...options, store: store.twin() }, handlers),
      ];
    },
  },
];

describe('two sign-ins with one session at once', () => {
  let waiting: Gate;
  let ids: string[];
  beforeEach(() => {
    waiting = gate();
    ids = [];
  });

  const handlers: Record<string, Handler> = {
    '/': countHits,
    '/who': (req, res) => res.end(String(data(req).user)),
    '/login': (req, res) => {
      data(req).user = 'ada';
      return countHits(req, res);
    },
    '/logout': logOut,
    '/slow': async (req, res) => {
      await waiting.pass();
      data(req).user = 'bob';
      return countHits(req, res);
    },
    '/slow-and-save': async (req, res) => {
      ids.push(req.sessionID);
      await waiting.pass();
      data(req).user = 'bob';
      const isStored = await req.session.save();
      ids.push(req.sessionID, req.session.id);
      res.end(String(isStored));
    },
  };

  for (const { name, open } of places) {
    it(`both succeed, the later one with a session of its own, ${name} (B247)`, async () => {
      const [here, there] = await open(handlers);
      const first = await here.visit('/');
      const slow = here.visit('/slow', cookieOf(first));
      await waiting.reached;
      const ada = await there.visit('/login', cookieOf(first));
      waiting.open();
      const bob = await slow;
      assert.deepEqual(sesOf(ada), { ...sesOf(first), gen: 2 });
      assert.equal(sesOf(bob).gen, 1);
      assert.notEqual(sesOf(bob).id, sesOf(first).id);
      assert.equal(decode(tokenOf(bob)).payload.user, 'bob');
      for (const site of [here, there]) {
        assert.equal((await site.visit('/who', cookieOf(ada))).text, 'ada');
        assert.equal((await site.visit('/who', cookieOf(bob))).text, 'bob');
        assert.equal((await site.visit('/who', cookieOf(first))).text, 'undefined');
        assert.deepEqual(await lateErrors(site), []);
      }
      assert.equal((await there.visit('/', cookieOf(bob))).text, '3', 'its data is carried over');
    });

    it(`save says that it is stored, and the id is the new one from then on, ${name} (B247 B251)`, async () => {
      const [here, there] = await open(handlers);
      const first = await here.visit('/');
      const slow = here.visit('/slow-and-save', cookieOf(first));
      await waiting.reached;
      await there.visit('/login', cookieOf(first));
      waiting.open();
      const bob = await slow;
      assert.equal(bob.text, 'true');
      assert.deepEqual(ids, [idOf(first), idOf(bob), idOf(bob)]);
      assert.equal((await here.visit('/who', cookieOf(bob))).text, 'bob');
    });

    it(`a sign-in succeeds though the session is logged out meanwhile, and the logout stands, ${name} (B247)`, async () => {
      const [here, there] = await open(handlers);
      const first = await here.visit('/');
      const slow = here.visit('/slow', cookieOf(first));
      await waiting.reached;
      await there.visit('/logout', cookieOf(first));
      waiting.open();
      const bob = await slow;
      assert.notEqual(idOf(bob), idOf(first));
      assert.equal((await there.visit('/who', cookieOf(bob))).text, 'bob');
      assert.equal((await there.visit('/who', cookieOf(first))).text, 'undefined');
      assert.deepEqual(await lateErrors(here), []);
    });

    it(`a change from one user to another one is dropped: it is no sign-in of its own, ${name} (B247)`, async () => {
      for (const path of ['/slow', '/slow-and-save']) {
        waiting = gate();
        const [here, there] = await open({
          ...handlers,
          '/switch': (req, res) => {
            data(req).user = 'eve';
            res.end();
          },
        });
        const ada = await here.visit('/login');
        const slow = here.visit(path, cookieOf(ada));
        await waiting.reached;
        const eve = await there.visit('/switch', cookieOf(ada));
        waiting.open();
        const dropped = await slow;
        assert.equal(setCookie(dropped), undefined);
        if (path === '/slow-and-save') assert.equal(dropped.text, 'false');
        assert.equal((await here.visit('/who', cookieOf(eve))).text, 'eve');
        assert.deepEqual(await lateErrors(here), []);
      }
    });

    it(`a write without a change of claims is dropped: no error, no cookie, ${name} (B247)`, async () => {
      const [here, there] = await open({
        ...handlers,
        '/slow': slowly(waiting, countHits),
      });
      const first = await here.visit('/');
      const slow = here.visit('/slow', cookieOf(first));
      await waiting.reached;
      const ada = await there.visit('/login', cookieOf(first));
      waiting.open();
      assert.equal(setCookie(await slow), undefined);
      assert.deepEqual(await lateErrors(here), []);
      assert.equal((await here.visit('/', cookieOf(ada))).text, '3');
    });
  }

  it('both succeed with a session of express-session, the later one with a session of its own (B232 B247)', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 1 });
    const site = await serve({ ...options, store, secret: legacySecret }, handlers);
    const slow = site.visit('/slow', legacy.cookie);
    await waiting.reached;
    const ada = await site.visit('/login', legacy.cookie);
    waiting.open();
    const bob = await slow;
    assert.deepEqual(sesOf(ada), { lid: legacy.id, gen: 2 });
    assert.deepEqual([sesOf(bob).lid, sesOf(bob).gen, bob.text], [undefined, 1, '2']);
    assert.equal((await site.visit('/who', cookieOf(ada))).text, 'ada');
    assert.equal((await site.visit('/who', cookieOf(bob))).text, 'bob');
    assert.equal((await site.visit('/who', legacy.cookie)).text, 'undefined');
  });

  it('of which the later one would get too long a token: an error, and nothing of it is stored (B214 B247)', async () => {
    const store = new ComparingStore();
    let size = 0;
    const claims = (req: object) => {
      const { user } = claimsOfSession(req) ?? {};
      return user === undefined ? null : { user, list: user === 'bob' ? 'x'.repeat(size) : '' };
    };
    const errors: unknown[] = [];
    const site = await serve(
      { store, genid: () => 'a', jwtFromReq: claims, saveUninitialized: true },
      {
        ...handlers,
        '/alone': (req, res) => {
          data(req).user = 'bob';
          res.end();
        },
        '/slow-and-save': async (req, res) => {
          await waiting.pass();
          data(req).user = 'bob';
          errors.push(await req.session.save().catch((error: unknown) => error));
          res.end();
        },
      },
    );
    const alone = async () => cookieOf(await site.visit('/alone', cookieOf(await site.visit('/'))));
    // Just short enough with this handle, and too long with a random one.
    size = Math.floor(((4096 - (await alone()).length) * 3) / 4) - 3;
    assert.ok((await alone()).length > 4080);
    for (const path of ['/slow', '/slow-and-save']) {
      waiting = gate();
      store.records.clear();
      const first = await site.visit('/');
      const slow = site.visit(path, cookieOf(first));
      await waiting.reached;
      await site.visit('/login', cookieOf(first));
      waiting.open();
      assert.equal(setCookie(await slow), undefined);
      assert.deepEqual([...store.records.keys()], [idOf(first)]);
    }
    const [late] = await lateErrors(site);
    assert.match(String(late), /too many claims/);
    assert.deepEqual(
      errors.map((error) => (error as { code?: unknown }).code),
      ['ERR_SESSION_TOKEN_UNDELIVERABLE'],
    );
  });
});
