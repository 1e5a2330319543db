/** The option touchAfter: how often the expiry of an unchanged session is stored. */
import assert from 'node:assert/strict';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { idOf } from '../support/session-tokens';
import { serve } from '../support/site';
import { ForeignStore } from '../support/stores';
import { visits } from '../support/visits';

const HOUR = 3_600_000;
const MINUTE = 60_000;

/** A session whose record was renewed so many ms ago, and a request that only reads it. */
async function readAfter(age: number, options: session.SessionOptions) {
  const store = new ForeignStore();
  const site = await serve(
    { store, cookie: { maxAge: HOUR }, ...options },
    {
      '/': visits,
      '/read': visits,
    },
  );
  const first = await site.visit('/');
  const id = idOf(first);
  const record = JSON.parse(store.records.get(id) ?? '') as { cookie: { expires: string | null } };
  if (record.cookie.expires !== null) {
    record.cookie.expires = new Date(Date.parse(record.cookie.expires) - age).toISOString();
    store.records.set(id, JSON.stringify(record));
  }
  const response = await site.visit('/read', cookieOf(first));
  return { store, site, response, cookie: cookieOf(first) };
}

describe('touchAfter', () => {
  it('leaves touch out while the stored expiry is younger than that', async () => {
    const { store, site, cookie } = await readAfter(4 * MINUTE, { touchAfter: 5 * MINUTE });
    assert.equal(store.count('touch'), 0);
    assert.equal((await site.visit('/', cookie)).text, '2');
    assert.equal(store.count('set'), 2, 'a change is saved');
  });

  it('touches when the stored expiry is older', async () => {
    assert.equal((await readAfter(6 * MINUTE, { touchAfter: 5 * MINUTE })).store.count('touch'), 1);
  });

  it('touches each time without the option, and with 0', async () => {
    assert.equal((await readAfter(0, {})).store.count('touch'), 1);
    assert.equal((await readAfter(0, { touchAfter: 0 })).store.count('touch'), 1);
  });

  it('touches a session without a lifetime each time: its record does not say when it was renewed', async () => {
    const { store } = await readAfter(0, { touchAfter: 5 * MINUTE, cookie: {} });
    assert.equal(store.count('touch'), 1);
  });

  it('touches after half of the lifetime at the latest', async () => {
    assert.equal((await readAfter(29 * MINUTE, { touchAfter: 10 * HOUR })).store.count('touch'), 0);
    assert.equal((await readAfter(31 * MINUTE, { touchAfter: 10 * HOUR })).store.count('touch'), 1);
  });

  it('leaves rolling cookies as they are: sent each time, with their whole lifetime', async () => {
    const { store, response } = await readAfter(MINUTE, { touchAfter: 5 * MINUTE, rolling: true });
    assert.equal(store.count('touch'), 0);
    const expires = Date.parse(/Expires=([^;]+)/.exec(setCookie(response) ?? '')?.[1] ?? '');
    assert.ok(expires > Date.now() + HOUR - MINUTE / 2, String(expires));
  });

  it('touches a session whose record expires, and whose cookie does not any more', async () => {
    const { store, site, cookie } = await readAfter(0, { touchAfter: 5 * MINUTE });
    for (const [id, text] of store.records) {
      const record = JSON.parse(text) as { cookie: object };
      store.records.set(
        id,
        JSON.stringify({ ...record, cookie: { ...record.cookie, originalMaxAge: null } }),
      );
    }
    await site.visit('/read', cookie);
    assert.equal(store.count('touch'), 1);
  });

  for (const touchAfter of [-1, 0.5, NaN, '60', 2 ** 31]) {
    it(`is refused: ${String(touchAfter)} (${typeof touchAfter})`, () => {
      assert.throws(() => session({ touchAfter: touchAfter as number }), {
        name: 'TypeError',
        message: 'touchAfter option must be a whole number of milliseconds, from 0 to 2147483647',
      });
    });
  }
});
