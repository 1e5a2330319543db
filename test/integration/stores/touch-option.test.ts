/** The option `touch` on a store that there is an adapter for: its table shows which expiry is stored. */
import assert from 'node:assert/strict';
import libsql from 'libsql';
import session from '../../../src';
import { type Clock, withFrozenClock } from '../../support/clock';
import { cookieOf, setCookie } from '../../support/cookies';
import type { Handler } from '../../support/server';
import { idOf } from '../../support/session-tokens';
import { countHits, gate, type Gate, serve, showHits } from '../../support/site';
import { knownStore } from './known-stores';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** Where slow handlers wait. */
let slow: Gate;

const pages: Record<string, Handler> = {
  '/': showHits,
  '/count': countHits,
  '/poll-count': countHits,
  '/poll-slowly': async (req, res) => {
    await slow.pass();
    return countHits(req, res);
  },
};

async function setUp(store: object, options: session.SessionOptions = {}) {
  const site = await serve(
    {
      store,
      cookie: { maxAge: HOUR },
      touch: (req) => !req.url.startsWith('/poll'),
      ...options,
    },
    pages,
  );
  const first = await site.visit('/count');
  return { site, cookie: cookieOf(first), id: idOf(first) };
}

function adapted() {
  const client = new libsql(':memory:');
  const { store } = knownStore(client);
  const rowOf = (id: string): { expires: number; sess: { cookie: { expires: string }; hits: number } } => {
    const row = client.prepare('SELECT sess, expire FROM sessions WHERE sid = ?').get(id) as {
      sess: string;
      expire: string;
    };
    return { expires: Date.parse(row.expire), sess: JSON.parse(row.sess) as never };
  };
  return { store, rowOf };
}

/** The store has a clock of its own. */
function near(time: number, expected: number): void {
  assert.ok(Math.abs(time - expected) < MINUTE / 2, `${String(time)} is not ${String(expected)}`);
}

/** A request that changes the session, and goes on only when another one has prolonged it. */
async function prolongMeanwhile(
  { site, cookie }: Awaited<ReturnType<typeof setUp>>,
  { tick }: Clock,
): Promise<void> {
  slow = gate();
  const pending = site.visit('/poll-slowly', cookie);
  await slow.reached;
  tick(20 * MINUTE);
  await site.visit('/', cookie);
  tick(20 * MINUTE);
  slow.open();
  await pending;
}

describe('touch, on a store that there is an adapter for', () => {
  it('leaves the stored expiry as it is when it stores changes', async () => {
    await withFrozenClock(async ({ tick }) => {
      const { store, rowOf } = adapted();
      const { site, cookie, id } = await setUp(store);
      const { expires } = rowOf(id);
      tick(10 * MINUTE);
      assert.equal(setCookie(await site.visit('/poll-count', cookie)), undefined);
      assert.deepEqual([rowOf(id).sess.hits, rowOf(id).expires], [2, expires]);
      await site.visit('/count', cookie);
      assert.equal(rowOf(id).sess.hits, 3);
      near(rowOf(id).expires, expires + 10 * MINUTE);
    });
  });

  it('keeps what another request has prolonged meanwhile', async () => {
    await withFrozenClock(async (clock) => {
      const { store, rowOf } = adapted();
      const made = await setUp(store);
      const { expires } = rowOf(made.id);
      await prolongMeanwhile(made, clock);
      assert.equal(rowOf(made.id).sess.hits, 2);
      near(rowOf(made.id).expires, expires + 20 * MINUTE);
    });
  });

  it('does not let touchAfter take the expiry for a new one', async () => {
    await withFrozenClock(async ({ tick }) => {
      const { store, rowOf } = adapted();
      const { site, cookie, id } = await setUp(store, { touchAfter: 5 * MINUTE });
      const { expires } = rowOf(id);
      tick(10 * MINUTE);
      await site.visit('/poll-count', cookie);
      near(Date.parse(rowOf(id).sess.cookie.expires), expires);
      tick(MINUTE);
      await site.visit('/', cookie);
      near(rowOf(id).expires, expires + 11 * MINUTE);
    });
  });

  it('prolongs once the store turns out to be one that cannot compare', async () => {
    await withFrozenClock(async ({ tick, now }) => {
      const { store, rowOf } = adapted();
      const { site, cookie, id } = await setUp(store);
      const set = store.set.bind(store);
      store.set = (...args) => set(...args);
      tick(10 * MINUTE);
      await site.visit('/poll-count', cookie);
      assert.equal(rowOf(id).sess.hits, 2);
      assert.equal(Date.parse(rowOf(id).sess.cookie.expires), now() + HOUR);
    });
  });
});
