/** A session that is destroyed while another request has it is never stored again. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';
import originalSession from 'express-session';
import session from '../../src';
import { contents, record } from '../support/contents';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { InsertingStore } from '../support/inserting-store';
import { logOut, meanwhilePages, unset } from '../support/pages';
import { type Handler } from '../support/server';
import { idOf } from '../support/session-tokens';
import { collectGarbage } from '../support/collect-garbage';
import { holdAnswer } from '../support/hold-answer';
import {
  answer,
  asStore,
  claimsOfSession,
  countHits,
  data,
  gate,
  type Gate,
  isPending,
  serve,
  type Site,
} from '../support/site';
import { ForeignStore } from '../support/stores';

const stores = [
  ['own MemoryStore', () => new session.MemoryStore()],
  ['foreign store', () => new ForeignStore()],
  ['foreign store whose touch inserts', () => new InsertingStore()],
  ['MemoryStore of express-session', () => new originalSession.MemoryStore()],
] as const;

/** Pages that wait at a gate between loading a session and ending, and pages that end sessions meanwhile. */
function pages(slow: Gate): Record<string, Handler> {
  return {
    ...meanwhilePages(slow),
    '/slow': async (req, res) => {
      const hits = Number(data(req).hits) + 1;
      data(req).hits = hits;
      await slow.pass();
      res.end(String(hits));
    },
    '/slow-save': async (req, res) => {
      data(req).hits = 10;
      await slow.pass();
      res.end(String(await req.session.save()));
    },
    '/slow-promote': async (req, res) => {
      await slow.pass();
      data(req).role = 'admin';
      res.end('promoted');
    },
    '/slow-write': async (req, res) => {
      await slow.pass();
      const facade = req.sessionStore as session.Store & Record<'touch', (...args: unknown[]) => void>;
      const [touchError] = await answer((done) => facade.touch(req.sessionID, req.session, done));
      const [setError] = await answer((done) => facade.set(req.sessionID, req.session, done));
      res.end(JSON.stringify([touchError ?? null, setError ?? null]));
    },
    '/promote': (req, res) => {
      data(req).role = 'admin';
      res.end();
    },
    '/unset': unset,
    '/store-destroy': async (req, res) => {
      await answer((done) => req.sessionStore.destroy(req.sessionID, done));
      (req as { session: unknown }).session = undefined;
      res.end();
    },
  };
}

/** One more middleware, of its own options and on its own server, for this store. */
function openPages(store: object, slow: Gate, options: session.SessionOptions = {}): Promise<Site> {
  const middleware = {
    store: asStore(store),
    cookie: { maxAge: 60_000 },
    jwtFromReq: claimsOfSession,
    ...options,
  };
  return serve(middleware, pages(slow));
}

describe('A session destroyed while another request has it', () => {
  for (const [kind, create] of stores.slice(1)) {
    it(`stays out of a ${kind}, and its late response has no cookie (B224 B260)`, async () => {
      const store = create();
      const slow = gate();
      const site = await openPages(store, slow);
      const first = await site.visit('/');
      const ending = site.visit('/slow', cookieOf(first));
      await slow.reached;
      assert.equal((await site.visit('/logout', cookieOf(first))).text, 'bye');
      slow.open();
      const response = await ending;
      assert.equal(response.text, '2');
      assert.equal(setCookie(response), undefined, 'a cookie of a session that is gone (B260)');
      assert.equal(contents(store).size, 0);
      const again = await site.visit('/', cookieOf(first));
      assert.equal(again.text, '1');
      assert.notEqual(tokenOf(again), tokenOf(first));
      assert.deepEqual(site.lateErrors, []);
    });
  }

  describe('with a write under way', () => {
    /** Starts a slow write, destroys while the store holds it, lets go, and gives the store's ids in the end. */
    const destroyDuring = async (
      store: ForeignStore,
      method: 'set' | 'touch',
      path: string,
      options: session.SessionOptions = {},
      start = '/',
    ) => {
      const slow = gate();
      slow.open();
      const site = await openPages(store, slow, options);
      const other = await openPages(store, slow, options);
      const cookie = cookieOf(await site.visit(start));
      const held = store.hold(method);
      const writing = site.visit(path, cookie);
      await held.reached;
      const destroying = other.visit('/logout', cookie);
      await site.visit('/elsewhere');
      assert.ok(await isPending(destroying), 'answered before the write');
      assert.equal(store.count('destroy'), 0, 'the destroy waits for the write');
      held.release();
      const [promoted] = await Promise.all([writing, destroying]);
      return { ids: [...contents(store).keys()], site, cookie, promoted };
    };

    it('set: no entry is left once both are done (B225)', async () => {
      const { ids, site, cookie } = await destroyDuring(new ForeignStore(), 'set', '/slow');
      assert.deepEqual(ids, []);
      assert.equal((await site.visit('/', cookie)).text, '1');
    });

    it('set by an explicit save: no entry is left once both are done (B225)', async () => {
      const { ids } = await destroyDuring(new ForeignStore(), 'set', '/slow-save');
      assert.deepEqual(ids, []);
    });

    it('set because of resave: no entry is left once both are done (B225)', async () => {
      const { ids } = await destroyDuring(new ForeignStore(), 'set', '/slow-look', { resave: true });
      assert.deepEqual(ids, []);
    });

    it('touch that inserts: no entry is left once both are done (B226)', async () => {
      const { ids } = await destroyDuring(new InsertingStore(), 'touch', '/slow-look');
      assert.deepEqual(ids, []);
    });

    it('set of a rotation: the data do not come back under the new token either (B225 B252)', async () => {
      const store = new ForeignStore();
      const { ids, site, promoted } = await destroyDuring(store, 'set', '/slow-promote', {}, '/login');
      assert.deepEqual(ids, []);
      assert.equal(setCookie(promoted), undefined, 'the session was destroyed meanwhile');
      assert.equal((await site.visit('/')).text, '1');
    });

    it('destroy: a set that comes before the store has destroyed leaves no entry (B225)', async () => {
      const store = new ForeignStore();
      const slow = gate();
      const site = await openPages(store, slow);
      const cookie = cookieOf(await site.visit('/'));
      const writing = site.visit('/slow', cookie);
      await slow.reached;
      const held = store.hold('destroy');
      const destroying = site.visit('/logout', cookie);
      await held.reached;
      slow.open();
      await site.visit('/elsewhere');
      await isPending(writing);
      held.release();
      await Promise.all([writing, destroying]);
      assert.equal(store.records.size, 0);
    });

    it('set that fails: no entry is left once both are done (B225)', async () => {
      const store = new ForeignStore();
      const slow = gate();
      slow.open();
      const site = await openPages(store, slow);
      const cookie = cookieOf(await site.visit('/'));
      store.failures.set = new Error('boom!');
      const held = store.hold('set');
      const writing = site.visit('/slow', cookie);
      await held.reached;
      const destroying = site.visit('/logout', cookie);
      await site.visit('/elsewhere');
      held.release();
      await Promise.all([writing, destroying]);
      assert.equal(store.records.size, 0);
    });
  });

  for (const [kind, create] of stores) {
    it(`is not brought back by a touch, on the ${kind} (B226)`, async () => {
      const store = create();
      const slow = gate();
      const site = await openPages(store, slow);
      const cookie = cookieOf(await site.visit('/'));
      const ending = site.visit('/slow-look', cookie);
      await slow.reached;
      await site.visit('/logout', cookie);
      slow.open();
      assert.equal((await ending).text, '1');
      assert.equal(contents(store).size, 0);
      assert.equal((await site.visit('/', cookie)).text, '1');
    });
  }

  const retirements = {
    destroy: '/logout',
    regenerate: '/regenerate',
    rotation: '/promote',
    "unset 'destroy'": '/unset',
    'req.sessionStore.destroy': '/store-destroy',
  };
  for (const [kind, create] of stores) {
    for (const [how, path] of Object.entries(retirements)) {
      for (const page of ['/slow', '/slow-look', '/slow-save']) {
        it(`by ${how} in another middleware is not stored by ${page}, on the ${kind} (B227)`, async () => {
          const store = create();
          const slow = gate();
          const here = await openPages(store, slow);
          const there = await openPages(store, slow, { unset: 'destroy', resave: true });
          const first = await here.visit('/');
          const ending = here.visit(page, cookieOf(first));
          await slow.reached;
          const retired = await there.visit(path, cookieOf(first));
          const left = setCookie(retired) === undefined ? [] : [idOf(retired)];
          assert.equal(left.length, how === 'regenerate' || how === 'rotation' ? 1 : 0);
          slow.open();
          const late = await ending;
          assert.deepEqual([...contents(store).keys()], left);
          if (how === 'rotation')
            assert.equal(record(store, idOf(first))?.hits, 1, 'data of the older generation');
          const isDestroyed = how !== 'regenerate' && how !== 'rotation';
          if (kind !== 'own MemoryStore' || !isDestroyed) assert.equal(setCookie(late), undefined);
          if (page === '/slow-save') assert.equal(late.text, 'false');
          assert.equal((await here.visit('/', cookieOf(first))).text, '1');
        });
      }
    }

    it(`is not brought back by a rotation of somebody who was signed in, on the ${kind} (B227)`, async () => {
      const store = create();
      const slow = gate();
      const site = await openPages(store, slow);
      const cookie = cookieOf(await site.visit('/login'));
      const ending = site.visit('/slow-promote', cookie);
      await slow.reached;
      await site.visit('/logout', cookie);
      slow.open();
      assert.equal(setCookie(await ending), undefined);
      assert.equal(contents(store).size, 0);
    });

    it(`by a rotation gets no dead cookie from another rotation that comes too late, on the ${kind} (B227)`, async () => {
      const store = create();
      const slow = gate();
      const site = await openPages(store, slow);
      const cookie = cookieOf(await site.visit('/login'));
      const ending = site.visit('/slow-promote', cookie);
      await slow.reached;
      const promoted = await site.visit('/promote', cookie);
      slow.open();
      assert.equal(setCookie(await ending), undefined);
      assert.deepEqual([...contents(store).keys()], [idOf(promoted)]);
      assert.equal((await site.visit('/look', cookieOf(promoted))).text, '1');
    });

    it(`is not put back on the request by a reload that was under way, on the ${kind} (B227)`, async () => {
      const store = create();
      const slow = gate();
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/reload': async (req, res) => {
            const before = req.session;
            await slow.pass();
            const [error] = await answer((done) => req.session.reload(done));
            assert.match(String(error), /failed to load session/);
            assert.equal(req.session, before);
            data(req).hits = 10;
            res.end(String(await req.session.save()));
          },
          '/logout': logOut,
        },
      );
      const cookie = cookieOf(await site.visit('/'));
      const ending = site.visit('/reload', cookie);
      await slow.reached;
      const held = holdAnswer(store);
      slow.open();
      await held.reached;
      await site.visit('/logout', cookie);
      held.release();
      assert.equal((await ending).text, 'false');
      assert.equal(contents(store).size, 0);
    });

    for (const page of ['/slow', '/slow-look', '/slow-save']) {
      it(`stays out of the ${kind}, however often garbage is collected before ${page} ends (B227)`, async () => {
        const store = create();
        const slow = gate();
        const here = await openPages(store, slow);
        const there = await openPages(store, slow);
        const cookie = cookieOf(await here.visit('/'));
        const ending = here.visit(page, cookie);
        await slow.reached;
        await collectGarbage();
        await there.visit('/logout', cookie);
        await collectGarbage();
        slow.open();
        await ending;
        assert.equal(contents(store).size, 0);
      });
    }

    it(`stays out of the ${kind} when many others were destroyed after it (B227)`, async () => {
      const store = create();
      const slow = gate();
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/slow': async (req, res) => {
            data(req).hits = 2;
            await slow.pass();
            res.end();
          },
          '/purge': async (req, res) => {
            await req.session.destroy();
            const purging: Promise<unknown>[] = [];
            for (let n = 0; n < 20_000; n++) {
              purging.push(answer((done) => req.sessionStore.destroy(`session ${String(n)}`, done)));
            }
            await Promise.all(purging);
            res.end();
          },
        },
      );
      const cookie = cookieOf(await site.visit('/'));
      const ending = site.visit('/slow', cookie);
      await slow.reached;
      await site.visit('/purge', cookie);
      slow.open();
      await ending;
      assert.equal(contents(store).size, 0);
    });

    it(`stays out of the ${kind} a day later (B227)`, async () => {
      const store = create();
      const slow = gate();
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/slow': async (req, res) => {
            data(req).hits = 2;
            await slow.pass();
            res.end();
          },
          '/logout': logOut,
        },
      );
      const cookie = cookieOf(await site.visit('/'));
      const ending = site.visit('/slow', cookie);
      await slow.reached;
      await site.visit('/logout', cookie);
      const clocks = [Date, performance].map((clock: { now: () => number }) => {
        const real = clock.now.bind(clock);
        return mock.method(clock, 'now', () => real() + 86_400_000);
      });
      try {
        // Other destructions, by which an implementation might take the occasion to forget old marks.
        await site.visit('/logout');
        slow.open();
        await ending;
      } finally {
        for (const clock of clocks) clock.mock.restore();
      }
      assert.equal(contents(store).size, 0);
    });
  }

  for (const [by, id] of [
    ['token', (token: string) => token],
    ['id', idOf],
  ] as const) {
    it(`by MemoryStore's own destroy, by ${by}, is not stored again (B227)`, async () => {
      const store = new session.MemoryStore();
      const slow = gate();
      const site = await openPages(store, slow);
      const first = await site.visit('/');
      const ending = site.visit('/slow', cookieOf(first));
      await slow.reached;
      await answer((done) => store.destroy(id(tokenOf(first)), done));
      slow.open();
      assert.equal((await ending).text, '2');
      assert.equal(contents(store).size, 0);
    });
  }

  for (const [kind, create] of stores) {
    for (const [page, body] of [
      ['/slow-save', 'false'],
      ['/slow-write', '[null,null]'],
      ['/slow-look', '1'],
    ] as const) {
      it(`is refused without an error for ${page}, on the ${kind} (B228)`, async () => {
        const store = create();
        const slow = gate();
        const site = await openPages(store, slow);
        const cookie = cookieOf(await site.visit('/'));
        const ending = site.visit(page, cookie);
        await slow.reached;
        await site.visit('/logout', cookie);
        slow.open();
        assert.equal((await ending).text, body);
        assert.deepEqual(site.lateErrors, []);
        assert.equal(contents(store).size, 0);
      });
    }
  }

  it('is refused without an error by MemoryStore itself, called directly meanwhile (B228)', async () => {
    const store = new session.MemoryStore();
    const slow = gate();
    const site = await openPages(store, slow);
    const first = await site.visit('/');
    const ending = site.visit('/slow', cookieOf(first));
    await slow.reached;
    const entry = { cookie: new session.Cookie({ maxAge: 60_000 }) };
    const touch = store.touch.bind(store) as (...args: unknown[]) => void;
    await answer((done) => store.destroy(tokenOf(first), done));
    for (const id of [tokenOf(first), idOf(first)]) {
      const [setError] = await answer((done) => store.set(id, entry, done));
      assert.equal(setError ?? null, null);
      const [touchError] = await answer((done) => touch(id, entry, done));
      assert.equal(touchError ?? null, null);
      assert.equal(contents(store).size, 0);
    }
    slow.open();
    await ending;
    assert.equal(contents(store).size, 0);
  });

  const clearable = stores.filter(([, create]) => 'clear' in create());
  for (const [kind, create] of clearable) {
    it(`stays refused after a clear of the ${kind} (B228)`, async () => {
      const store = create() as session.MemoryStore;
      const slow = gate();
      const site = await openPages(store, slow);
      const cookie = cookieOf(await site.visit('/'));
      const ending = site.visit('/slow', cookie);
      await slow.reached;
      await site.visit('/logout', cookie);
      await answer((done) => store.clear(done));
      slow.open();
      await ending;
      assert.equal(contents(store).size, 0);
    });

    it(`is another matter than one cleared from the ${kind}, which may be stored again (B228)`, async () => {
      const store = create() as session.MemoryStore;
      const slow = gate();
      const site = await openPages(store, slow);
      const first = await site.visit('/');
      const ending = site.visit('/slow', cookieOf(first));
      await slow.reached;
      await answer((done) => store.clear(done));
      slow.open();
      await ending;
      assert.equal(record(store, idOf(first))?.hits, 2);
    });
  }
});
