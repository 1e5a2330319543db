import assert from 'node:assert/strict';
import type session from '../src';
import { seal } from '../src/seal';
import { withFrozenClock } from './support/clock';
import { cookieOf, digest, setCookie, tokenOf } from './support/cookies';
import { issue, recordOf, seconds } from './support/forge';
import { keys } from './support/keys';
import type { Handler } from './support/server';
import { asStore, closeSites, countHits, data, gate, openSite, showHits, type Site } from './support/site';
import { ForeignStore } from './support/stores';

/*
 * Replacements of a token (src/replacement.ts) that meet each other, a logout, or a store that fails.
 */

const LIFE = 600;
type Method = 'get' | 'set' | 'destroy';

/** Runs something before or after the next call of a method that fits: as if another process had come in between. */
class Interrupted extends ForeignStore {
  before: { method: Method; fits: (id: string, data?: unknown) => boolean; act: () => unknown } | undefined;

  override get(...args: Parameters<ForeignStore['get']>): void {
    void this.#interrupt('get', args[0]).then(() => super.get(...args));
  }

  override set(...args: Parameters<ForeignStore['set']>): void {
    void this.#interrupt('set', args[0], args[1]).then(() => super.set(...args));
  }

  async #interrupt(method: Method, id: string, record?: unknown): Promise<void> {
    const { before } = this;
    if (before?.method !== method || !before.fits(id, record)) return;
    this.before = undefined;
    await before.act();
  }
}

const logout: Handler = (req, res) => {
  req.session.destroy(() => res.end());
};

function serve(store: ForeignStore, options: session.SessionOptions = {}): Promise<Site> {
  return openSite(
    { store: asStore(store), jwt: { expiresIn: LIFE }, ...options },
    {
      '/': showHits,
      '/count': countHits,
      '/logout': logout,
      '/both': (req, res) => {
        data(req).hits = 5;
        req.session.save(() => res.end());
      },
    },
  );
}

function old(store: ForeignStore, claims: object = {}): { token: string; cookie: string } {
  const iat = seconds() - LIFE - 1;
  const token = issue({ iat, jti: `old ${String(Math.random())}`, exp: iat + LIFE, ...claims });
  store.records.set(digest(token), recordOf({ hits: 1 }));
  return { token, cookie: `connect.sid=${token}` };
}

const leadsOn = (record: unknown): boolean =>
  typeof (record as { __successor?: unknown } | undefined)?.__successor === 'object';

describe('two processes that replace a token at the same time', () => {
  let one: Interrupted;
  let two: ForeignStore;
  let sites: [Site, Site];
  beforeEach(async () => {
    one = new Interrupted();
    two = Object.assign(new ForeignStore(), { records: one.records });
    sites = [await serve(one), await serve(two)];
  });
  afterEach(closeSites);

  it('agree on the one that was first, if the other sees it in time', async () => {
    const { token, cookie } = old(one);
    let first = '';
    let gets = 0;
    one.before = {
      method: 'get',
      fits: (id) => id === digest(token) && ++gets === 2,
      act: async () => (first = tokenOf(await sites[1].visit('/', cookie))),
    };
    assert.equal(tokenOf(await sites[0].visit('/', cookie)), first);
    assert.equal(one.records.size, 2);
  });

  it('agree on the one that came last, if the other sees it then', async () => {
    const { token, cookie } = old(one);
    const held = two.hold('set');
    const last = sites[1].visit('/', cookie);
    await held.reached;
    let gets = 0;
    one.before = {
      method: 'get',
      fits: (id) => id === digest(token) && ++gets === 3,
      act: async () => {
        // The other one reads, and writes what it has made of that.
        const forwards = two.records.get(digest(token)) ?? '';
        two.records.set(digest(token), recordOf({ hits: 1 }));
        held.release();
        await last;
        assert.notEqual(two.records.get(digest(token)), forwards);
      },
    };
    const first = await sites[0].visit('/', cookie);
    assert.equal(tokenOf(first), tokenOf(await last));
    assert.equal(one.records.size, 2);
  });

  for (const used of [0, 1] as const) {
    it(`end one token by the first use of the other, should each have given out its own (${String(used)})`, async () => {
      const { token, cookie } = old(one);
      const text = one.records.get(digest(token)) ?? '';
      const first = await sites[0].visit('/', cookie);
      // What the second process has read by now.
      const forwards = one.records.get(digest(token)) ?? '';
      one.records.set(digest(token), text);
      const second = await sites[1].visit('/', cookie);
      assert.notEqual(tokenOf(first), tokenOf(second));
      assert.notEqual(one.records.get(digest(token)), forwards);
      const [winner, loser] = used === 0 ? [first, second] : [second, first];
      assert.equal((await sites[0].visit('/', cookieOf(winner))).text, '1');
      if (used === 0) assert.equal((await sites[1].visit('/', cookieOf(loser))).text, 'undefined');
      assert.equal((await sites[0].visit('/', cookieOf(winner))).text, '1');
    });
  }

  it('do not take a token for a rival that was itself replaced just now', async () => {
    await withFrozenClock(async (clock) => {
      const { token, cookie } = old(one);
      const fresh = tokenOf(await sites[0].visit('/', cookie));
      clock.tick((LIFE / 2 + 1) * 1000);
      let newest = '';
      let gets = 0;
      clock.tick(-2000);
      one.before = {
        method: 'get',
        fits: (id) => id === digest(token) && ++gets === 1,
        act: async () => {
          clock.tick(2000);
          newest = tokenOf(await sites[1].visit('/', cookie));
          clock.tick(-2000);
        },
      };
      await sites[0].visit('/', `connect.sid=${fresh}`);
      assert.equal((await sites[1].visit('/', `connect.sid=${newest}`)).text, '1');
    });
  });

  it('end a session that a slow writer has put back under the old token', async () => {
    const { token, cookie } = old(one);
    const text = one.records.get(digest(token)) ?? '';
    const fresh = cookieOf(await sites[0].visit('/', cookie));
    one.records.set(digest(token), text);
    assert.equal((await sites[0].visit('/', fresh)).text, '1');
    assert.equal((await sites[1].visit('/', cookie)).text, 'undefined');
  });
});

describe('a logout while a token is replaced', () => {
  afterEach(closeSites);

  for (const when of [2, 3]) {
    it(`ends the session (before get ${String(when)})`, async () => {
      const store = new Interrupted();
      const site = await serve(store);
      const { token, cookie } = old(store);
      let gets = 0;
      store.before = {
        method: 'get',
        fits: (id) => id === digest(token) && ++gets === when,
        act: () => {
          store.records.delete(digest(token));
        },
      };
      const res = await site.visit('/', cookie);
      assert.equal(res.text, 'undefined');
      assert.equal(setCookie(res), undefined);
      assert.equal(store.records.size, 0);
    });
  }

  it('by a request that had loaded it before ends the session', async () => {
    await withFrozenClock(async (clock) => {
      const store = new ForeignStore();
      const waiting = gate();
      const site = await openSite(
        { store: asStore(store), jwt: { expiresIn: LIFE } },
        {
          '/': showHits,
          '/slow': async (...args: Parameters<Handler>) => {
            await waiting.pass();
            return logout(...args);
          },
        },
      );
      const iat = seconds();
      const token = issue({ iat, jti: 'young', exp: iat + LIFE });
      const cookie = `connect.sid=${token}`;
      store.records.set(digest(token), recordOf({ hits: 1 }));
      const slow = site.visit('/slow', cookie);
      await waiting.reached;
      clock.tick((LIFE / 2 + 1) * 1000);
      const held = store.hold('set');
      const reading = site.visit('/', cookie);
      await held.reached;
      waiting.open();
      await slow;
      held.release();
      const res = await reading;
      assert.equal(res.text, 'undefined');
      assert.equal(setCookie(res), undefined);
      // What is left leads to nothing.
      assert.equal((await site.visit('/', cookie)).text, 'undefined');
    });
  });

  it('in another process ends the session, on a store that can update', async () => {
    const store = new Interrupted();
    const withUpdate = Object.assign(store, {
      update(id: string, record: unknown, callback: (error?: unknown, saved?: boolean) => void) {
        if (!store.records.has(id)) callback(null, false);
        else store.set(id, record, (error) => callback(error, true));
      },
    });
    const site = await serve(withUpdate);
    const { token, cookie } = old(store);
    store.before = {
      method: 'set',
      fits: (id) => id !== digest(token),
      act: () => {
        store.records.delete(digest(token));
      },
    };
    assert.equal((await site.visit('/', cookie)).text, 'undefined');
    assert.equal(store.records.size, 0);
    const fine = old(store);
    const res = await site.visit('/count', fine.cookie);
    assert.equal((await site.visit('/', cookieOf(res))).text, '2');
  });
});

describe('a store that fails while a token is replaced', () => {
  let store: Interrupted;
  let site: Site;
  beforeEach(async () => {
    store = new Interrupted();
    site = await serve(store);
  });
  afterEach(closeSites);

  it('leaves the session under the old one, and it is tried again', async () => {
    const { cookie } = old(store);
    store.failures.set = new Error('down');
    const res = await site.visit('/', cookie);
    assert.equal(res.text, '1');
    assert.equal(setCookie(res), undefined);
    delete store.failures.set;
    assert.ok(setCookie(await site.visit('/', cookie)));
  });

  it('leaves the old one working when it does not store what would lead on', async () => {
    const { cookie } = old(store);
    store.before = {
      method: 'set',
      fits: (_id, record) => leadsOn(record),
      act: () => {
        store.failures.set = new Error('down');
      },
    };
    assert.equal((await site.visit('/', cookie)).text, '1');
    delete store.failures.set;
    assert.ok(setCookie(await site.visit('/', cookie)));
  });

  it('ends the old one with a later request when it fails at the first use of the new one', async () => {
    await withFrozenClock(async (clock) => {
      const { token, cookie } = old(store);
      const fresh = cookieOf(await site.visit('/', cookie));
      store.failures.set = new Error('down');
      assert.equal((await site.visit('/', fresh)).text, '1');
      delete store.failures.set;
      await site.visit('/', fresh);
      clock.tick(30_001);
      assert.ok(leadsOn(JSON.parse(store.records.get(digest(token)) ?? '{}')));
      assert.equal((await site.visit('/', cookie)).text, 'undefined');
    });
  });

  it('that loses the record of the old one ends nothing else', async () => {
    const { token, cookie } = old(store);
    const fresh = cookieOf(await site.visit('/', cookie));
    store.records.delete(digest(token));
    assert.equal((await site.visit('/', fresh)).text, '1');
  });

  it('that says ENOENT for a record that is gone has not failed', async () => {
    class Files extends ForeignStore {
      override get(...[id, callback]: Parameters<ForeignStore['get']>): void {
        super.get(id, (error, record) => {
          if (error || record) callback(error, record);
          else callback(Object.assign(new Error('no such file'), { code: 'ENOENT' }));
        });
      }
    }
    const files = new Files();
    const other = await serve(files);
    const { token, cookie } = old(files);
    const fresh = cookieOf(await other.visit('/', cookie));
    files.records.delete(digest(token));
    assert.equal((await other.visit('/', fresh)).text, '1');
    assert.equal((await other.visit('/', cookie)).text, 'undefined');
  });

  it('gives up on a record that changes again and again, with the old token still good', async () => {
    const { token, cookie } = old(store);
    const text = store.records.get(digest(token)) ?? '';
    const put = () => {
      store.before = {
        method: 'get',
        fits: (id) => id === digest(token),
        act: () => {
          store.records.set(digest(token), text);
          put();
        },
      };
    };
    put();
    const res = await site.get('/', cookie);
    store.before = undefined;
    assert.equal(res.text, '1');
    assert.equal(setCookie(res), undefined);
    assert.equal((await site.visit('/', cookie)).text, '1');
  });

  it('answers for a session that may have moved with its error', async () => {
    await withFrozenClock(async (clock) => {
      const token = issue({ iat: seconds(), jti: 'young', exp: seconds() + LIFE });
      store.records.set(digest(token), recordOf({ hits: 1 }));
      for (const path of ['/count', '/', '/logout', '/both']) {
        let gets = 0;
        store.before = {
          method: 'get',
          fits: (id) => id === digest(token) && ++gets === 2,
          act: () => {
            store.failures.get = new Error('down');
          },
        };
        clock.tick(LIFE * 450);
        await site.get(path, `connect.sid=${token}`);
        delete store.failures.get;
        clock.tick(-LIFE * 450);
        store.records.set(digest(token), recordOf({ hits: 1 }));
      }
      assert.ok(site.lateErrors.some(({ message }) => message === 'down'));
    });
  });
});

describe('a forwarding record', () => {
  afterEach(closeSites);

  it('leads a service without a private key to the session, and that sets no cookie', async () => {
    const store = new ForeignStore();
    const issuer = await serve(store);
    const verifier = await openSite(
      { store: asStore(store), keys: { public: keys.public }, jwt: { expiresIn: LIFE } },
      { '/': showHits },
    );
    const age = LIFE * 0.6;
    const token = issue({ iat: seconds() - age, jti: 'x', exp: seconds() - age + LIFE });
    store.records.set(digest(token), recordOf({ hits: 1 }));
    const cookie = `connect.sid=${token}`;
    assert.notEqual(tokenOf(await issuer.visit('/', cookie)), token);
    const res = await verifier.visit('/', cookie);
    assert.equal(res.text, '1');
    assert.equal(setCookie(res), undefined);
  });

  it('outlives the session, whose lifetime starts anew with each request, by the life of a token', () =>
    withFrozenClock(async () => {
      const store = new ForeignStore();
      const site = await serve(store, { cookie: { maxAge: 60_000 } });
      const { token, cookie } = old(store);
      const expires = new Date(Date.now() + 5000).toISOString();
      store.records.set(digest(token), recordOf({ hits: 1, cookie: { originalMaxAge: 60_000, expires } }));
      assert.equal((await site.visit('/', cookie)).text, '1');
      const record = JSON.parse(store.records.get(digest(token)) ?? '') as { cookie: { expires: string } };
      assert.ok(leadsOn(record));
      assert.equal(Date.parse(record.cookie.expires), Date.now() + 60_000 + LIFE * 1000);
    }));
});

describe('a token that cannot be replaced', () => {
  afterEach(closeSites);

  it('because the new one would be too long stays as it is', async () => {
    const store = new ForeignStore();
    const site = await serve(store, { jwtFromReq: () => ({ text: 'x'.repeat(2850) }) });
    const { cookie } = old(store, { text: 'x'.repeat(2850) });
    const res = await site.visit('/', cookie);
    assert.equal(res.text, '1');
    assert.equal(setCookie(res), undefined);
  });

  it('because another tenant has replaced it leads nowhere', async () => {
    const store = new ForeignStore();
    const site = await serve(store);
    const { token, cookie } = old(store);
    await site.visit('/', cookie);
    const text = store.records.get(digest(token)) ?? '{}';
    const record = JSON.parse(text) as { __successor: { id: string; token: string } };
    record.__successor.token = Buffer.alloc(60, 1).toString('base64url');
    store.records.set(digest(token), JSON.stringify(record));
    assert.equal((await site.visit('/', cookie)).text, 'undefined');
  });

  it('because tokens lead to each other in a circle leads nowhere', async () => {
    const store = new ForeignStore();
    const site = await serve(store);
    const [a, b] = [old(store), old(store)];
    const lead = (from: { token: string }, to: { token: string }): void => {
      const __successor = { id: digest(to.token), token: seal(to.token, from.token) };
      store.records.set(digest(from.token), recordOf({ __successor }));
    };
    lead(a, b);
    lead(b, a);
    assert.equal((await site.visit('/', a.cookie)).text, 'undefined');
  });

  describe('while a request is under way', () => {
    /** What happens to the store before a request saves its change; the token is old enough to have been replaced. */
    const saveAfter = async (act: (store: ForeignStore, id: string) => void): Promise<void> => {
      const store = new ForeignStore();
      const site = await openSite(
        { store: asStore(store), jwt: { expiresIn: LIFE } },
        {
          '/': async (req, res) => {
            act(store, digest(req.sessionID));
            data(req).hits = 7;
            await req.session.save();
            res.end();
          },
        },
      );
      const age = LIFE * 0.45;
      const token = issue({ iat: seconds() - age, jti: 'x', exp: seconds() - age + LIFE });
      store.records.set(digest(token), recordOf({ hits: 1 }));
      await site.visit('/', `connect.sid=${token}`);
      assert.match(store.records.get(digest(token)) ?? '', /"hits":7/);
      assert.deepEqual(site.lateErrors, []);
    };

    it('keeps what that has changed, though its record leads to itself', () =>
      saveAfter((store, id) => {
        store.records.set(id, recordOf({ __successor: { id, token: 'x' } }));
      }));

    it('keeps what that has changed, though its store says ENOENT', () =>
      saveAfter((store) => {
        store.failures.get = Object.assign(new Error('no such file'), { code: 'ENOENT' });
      }));
  });

  it('any more is not found by the application once its time is over', async () => {
    const store = new ForeignStore();
    const found: unknown[] = [];
    const gone = issue({ iat: seconds(), jti: 'gone', exp: seconds() + LIFE });
    const __successor = { id: 'x', token: 'y', until: Date.now() - 1 };
    store.records.set(digest(gone), recordOf({ __successor }));
    const site = await openSite(
      { store: asStore(store) },
      {
        '/': (req, res) => {
          req.sessionStore.get(gone, (error: unknown, record: unknown) => {
            found.push(error, record);
            res.end();
          });
        },
      },
    );
    await site.visit('/');
    assert.deepEqual(found, [null, undefined]);
  });

  for (const successor of [null, 'text', {}, { id: 1, token: 'y' }, { id: 'a'.repeat(64) }]) {
    it(`is not confused by data of the application: ${JSON.stringify(successor)}`, async () => {
      const store = new ForeignStore();
      const site = await serve(store);
      const token = issue({ iat: seconds(), jti: 'x', exp: seconds() + LIFE });
      store.records.set(digest(token), recordOf({ hits: 1, successor, __successor: successor }));
      assert.equal((await site.visit('/', `connect.sid=${token}`)).text, '1');
    });
  }
});
