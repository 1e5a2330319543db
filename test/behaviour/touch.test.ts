/** A touch never brings back what a write or a logout has put an end to, however a store touches. */
import assert from 'node:assert/strict';
import { withFrozenClock } from '../support/clock';
import { record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { meanwhilePages } from '../support/pages';
import { type Handler } from '../support/server';
import { idOf, stateOf } from '../support/session-tokens';
import { asStore, claimsOfSession, countHits, gate, type Gate, serve, turn } from '../support/site';
import type { ForeignStore } from '../support/stores';
import { touchingStores } from '../support/touching-stores';

/** A page that reads, and waits at a gate before it ends; and pages that change the session meanwhile. */
function pages(slow: Gate): Record<string, Handler> {
  return {
    ...meanwhilePages(slow),
    '/regenerate': async (req, res) => {
      await req.session.regenerate();
      countHits(req, res);
    },
  };
}

async function openPages(store: ForeignStore, slow = gate()) {
  const options = { store: asStore(store), cookie: { maxAge: 60_000 }, jwtFromReq: claimsOfSession };
  const here = await serve(options, pages(slow));
  const there = await serve(options, pages(slow));
  const first = await here.visit('/');
  return { here, there, first, cookie: cookieOf(first), id: idOf(first) };
}

const expiresOf = (store: ForeignStore, id: string): number =>
  Date.parse((record(store, id)?.cookie as { expires: string }).expires);

for (const [kind, create] of touchingStores) {
  describe(`A touch that ${kind}`, () => {
    it('moves the expiry of a session on (B142 B226)', () =>
      withFrozenClock(async (clock) => {
        const store = create();
        const { here, cookie, id } = await openPages(store);
        const before = expiresOf(store, id);
        clock.tick(1000);
        await here.visit('/look', cookie);
        assert.equal(expiresOf(store, id), before + 1000);
        assert.equal(record(store, id)?.hits, 1);
      }));

    it('keeps what another request has stored since the session was read (B226)', async () => {
      const store = create();
      const slow = gate();
      const { here, there, cookie, id } = await openPages(store, slow);
      const ending = here.visit('/slow-look', cookie);
      await slow.reached;
      assert.equal((await there.visit('/', cookie)).text, '2');
      slow.open();
      assert.equal((await ending).text, '1', 'what it had read');
      assert.equal(store.calls.at(-1)?.method, 'touch');
      assert.equal(record(store, id)?.hits, 2);
      assert.equal((await here.visit('/', cookie)).text, '3');
    });

    it('keeps the generation of a sign-in since the session was read (B226)', async () => {
      const store = create();
      const slow = gate();
      const { here, there, cookie, id } = await openPages(store, slow);
      const ending = here.visit('/slow-look', cookie);
      await slow.reached;
      const login = await there.visit('/login', cookie);
      slow.open();
      assert.equal(setCookie(await ending), undefined);
      assert.deepEqual([stateOf(store, id).gen, record(store, id)?.user], [2, 'ada']);
      assert.equal((await there.visit('/look', cookieOf(login))).text, '2');
    });

    for (const [path, gen] of [
      ['/', 1],
      ['/login', 2],
    ] as const) {
      it(`that is under way is waited for by a write that comes meanwhile: ${path} (B226)`, async () => {
        const store = create();
        const { here, there, cookie, id } = await openPages(store);
        const held = store.hold('touch');
        const touching = here.visit('/look', cookie);
        await held.reached;
        const writing = there.visit(path, cookie);
        await there.visit('/elsewhere');
        await turn();
        assert.equal(store.count('set'), 1, 'that of the first visit');
        held.release();
        await Promise.all([touching, writing]);
        assert.deepEqual([stateOf(store, id).gen, record(store, id)?.hits], [gen, 2]);
      });

      it(`waits for a write that is under way, and takes on what that has stored: ${path} (B226)`, async () => {
        const store = create();
        const slow = gate();
        const { here, there, cookie, id } = await openPages(store, slow);
        const ending = here.visit('/slow-look', cookie);
        await slow.reached;
        const held = store.hold('set');
        const writing = there.visit(path, cookie);
        await held.reached;
        slow.open();
        await here.visit('/elsewhere');
        await turn();
        assert.equal(store.count('touch'), 0);
        held.release();
        await Promise.all([ending, writing]);
        assert.deepEqual([stateOf(store, id).gen, record(store, id)?.hits], [gen, 2]);
      });
    }

    for (const path of ['/logout', '/regenerate']) {
      it(`does not bring a session back that ${path} has ended since it was read (B226)`, async () => {
        const store = create();
        const slow = gate();
        const { here, there, cookie, id } = await openPages(store, slow);
        const ending = here.visit('/slow-look', cookie);
        await slow.reached;
        await there.visit(path, cookie);
        slow.open();
        assert.equal((await ending).text, '1');
        assert.equal(store.records.has(id), false);
      });

      it(`that is under way is over before ${path} ends the session (B226)`, async () => {
        const store = create();
        const { here, there, cookie, id } = await openPages(store);
        const held = store.hold('touch');
        const touching = here.visit('/look', cookie);
        await held.reached;
        const ending = there.visit(path, cookie);
        await there.visit('/elsewhere');
        await turn();
        assert.equal(store.count('destroy'), 0);
        held.release();
        await Promise.all([touching, ending]);
        assert.equal(store.records.has(id), false);
      });
    }
  });
}
