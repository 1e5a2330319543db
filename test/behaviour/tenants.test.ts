/** Tenants share a store, and a key of one opens nothing of another. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, setCookie } from '../support/cookies';
import { isSignedBy, issue, recordOf, seconds } from '../support/forge';
import { keys, otherKeys, type KeyPair } from '../support/keys';
import { lateErrors } from '../support/late-errors';
import { legacyCookie, legacySecret } from '../support/legacy';
import { logOut } from '../support/pages';
import { recordWith, sesOf, stateOf } from '../support/session-tokens';
import { answer, countHits, gate, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';
import { startSession02 } from '../support/token02';

const pairs: Record<string, KeyPair> = { a: keys, b: otherKeys };

/** The tenant is the first segment of the path; `named`: whether the provider says so. */
function siteOf(store: ForeignStore, named = true, pass: () => Promise<void> = () => Promise.resolve()) {
  const keysProvider: session.KeysProvider = (req) => {
    const tenant = req.url.slice(1, 2);
    const pair = pairs[tenant] ?? assert.fail();
    return Promise.resolve(named ? { keys: pair, tenant } : pair);
  };
  return serve(
    { keys: undefined, keysProvider, secret: legacySecret, store },
    {
      '/a': countHits,
      '/b': countHits,
      '/a/show': showHits,
      '/b/show': showHits,
      '/a/slow': async (req, res) => {
        await pass();
        return countHits(req, res);
      },
      '/a/destroy': logOut,
      '/a/rename': async (req, res) => {
        const { sessionStore } = req;
        const [, record] = await answer((callback) => {
          sessionStore.get('old-id', callback);
        });
        const [error] = await answer((callback) => {
          sessionStore.set('old-id', { ...(record as session.SessionData), hits: 40 } as never, callback);
        });
        res.end(error instanceof Error ? error.message : 'done');
      },
    },
  );
}

const forged = (ses: object, pair: KeyPair): string => `connect.sid=${issue({ iat: seconds(), ses }, pair)}`;

describe('tenants of one store', () => {
  it("open no session with another one's handle in a token of their own (B253)", async () => {
    const store = new ForeignStore();
    const site = await siteOf(store);
    const ofB = await site.visit('/b');
    const { id: handle = '' } = sesOf(ofB);
    assert.deepEqual(
      [...store.records.keys()],
      [createHash('sha256').update(`b\0${handle}`).digest('base64url').slice(0, 32)],
    );
    assert.equal((await site.visit('/a', forged(sesOf(ofB), keys))).text, '1');
    assert.equal((await site.visit('/a', cookieOf(ofB))).text, '1');
    await site.visit('/a/destroy', forged(sesOf(ofB), keys));
    assert.equal((await site.visit('/b', cookieOf(ofB))).text, '2');
  });

  it('share one name space of ids where the provider does not name them (B253)', async () => {
    const store = new ForeignStore();
    const site = await siteOf(store, false);
    const ofB = await site.visit('/b');
    assert.equal((await site.visit('/a', cookieOf(ofB))).text, '1', 'the key of b is not one of a');
    assert.equal((await site.visit('/a', forged(sesOf(ofB), keys))).text, '2');
    store.records.set('old-id', recordOf({ hits: 2 }));
    assert.equal((await site.visit('/a', legacyCookie('old-id'))).text, '3');
    assert.equal((await site.visit('/b', legacyCookie('old-id'))).text, '4');
  });

  for (const [name, path, text] of [
    ['reads', '/show', '2'],
    ['changes', '', '3'],
  ] as const) {
    it(`adopt a record of express-session in the first request, which ${name} it (B253)`, async () => {
      const store = new ComparingStore();
      store.records.set('old-id', recordOf({ hits: 2 }));
      const site = await siteOf(store);
      const first = await site.visit(`/a${path}`, legacyCookie('old-id'));
      assert.equal(first.text, text);
      assert.ok(isSignedBy(cookieOf(first).slice(12), keys.public));
      assert.deepEqual(store.expected, [null]);
      assert.equal(stateOf(store, 'old-id').adopted, 'a');
      for (const cookie of [legacyCookie('old-id'), forged({ lid: 'old-id', gen: 1 }, otherKeys)]) {
        const other = await site.visit('/b/show', cookie);
        assert.equal(other.text, 'undefined');
        assert.equal(setCookie(other), undefined);
      }
      for (const cookie of [legacyCookie('old-id'), cookieOf(first)]) {
        assert.equal((await site.visit('/a/show', cookie)).text, text);
      }
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('adopt a record of 0.2.2 likewise (B237, B253)', async () => {
    const store = new ForeignStore();
    const { id, cookie } = await startSession02(store, { hits: 2 });
    const site = await siteOf(store);
    assert.equal((await site.visit('/a/show', cookie)).text, '2');
    assert.equal(stateOf(store, id).adopted, 'a');
    assert.equal((await site.visit('/b/show', cookie)).text, 'undefined');
    assert.equal((await site.visit('/a/show', cookie)).text, '2');
  });

  it('give out no token for a record that they have not adopted, so such a token opens nothing (B253)', async () => {
    const store = new ForeignStore();
    store.records.set('old-id', recordOf({ hits: 2 }));
    const site = await siteOf(store);
    const res = await site.visit('/a/show', forged({ lid: 'old-id', gen: 1 }, keys));
    assert.equal(res.text, 'undefined');
    assert.equal((await site.visit('/b/show', legacyCookie('old-id'))).text, '2');
  });

  for (const Store of [ForeignStore, ComparingStore]) {
    it(`do not both adopt it at the same time: ${Store.name} (B253)`, async () => {
      const store = new Store();
      store.records.set('old-id', recordOf({ hits: 2 }));
      const waiting = gate();
      const site = await siteOf(store, true, waiting.pass);
      const slow = site.visit('/a/slow', legacyCookie('old-id'));
      await waiting.reached;
      assert.equal((await site.visit('/b', legacyCookie('old-id'))).text, '3');
      waiting.open();
      assert.equal(setCookie(await slow), undefined);
      assert.equal(stateOf(store, 'old-id').adopted, 'b');
      assert.equal((await site.visit('/a/show', legacyCookie('old-id'))).text, 'undefined');
      assert.equal((await site.visit('/b/show', legacyCookie('old-id'))).text, '3');
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('do not both adopt it at the same time in two processes on a store that compares (B253)', async () => {
    const store = new ComparingStore();
    store.records.set('old-id', recordOf({ hits: 2 }));
    const waiting = gate();
    const [one, two] = [await siteOf(store, true, waiting.pass), await siteOf(store.twin())];
    const slow = one.visit('/a/slow', legacyCookie('old-id'));
    await waiting.reached;
    assert.equal((await two.visit('/b', legacyCookie('old-id'))).text, '3');
    waiting.open();
    assert.equal(setCookie(await slow), undefined);
    assert.equal(stateOf(store, 'old-id').adopted, 'b');
    assert.equal((await one.visit('/b/show', legacyCookie('old-id'))).text, '3');
  });

  it('open nothing that was adopted before they had names (B253)', async () => {
    const store = new ForeignStore();
    store.records.set('old-id', recordWith({ hits: 2 }, { adopted: true }));
    const site = await siteOf(store);
    for (const cookie of [legacyCookie('old-id'), forged({ lid: 'old-id', gen: 1 }, keys)]) {
      assert.equal((await site.visit('/a/show', cookie)).text, 'undefined');
    }
  });

  it('find a record that the application has stored by its id as open as it was (B175, B253)', async () => {
    const store = new ForeignStore();
    store.records.set('old-id', recordOf({ hits: 2 }));
    const site = await siteOf(store);
    assert.equal((await site.visit('/a/rename')).text, 'done');
    assert.equal((await site.visit('/b', legacyCookie('old-id'))).text, '41');
    assert.equal(stateOf(store, 'old-id').adopted, 'b');
  });
});
