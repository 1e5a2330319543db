import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import session from '../src';
import { cookieOf, tokenOf } from './support/cookies';
import { byHand } from './support/by-hand';
import { keys } from './support/keys';
import { legacyCookie, legacySecret, startLegacySession } from './support/legacy';
import { answer, asStore, claimsOfSession, closeSites, data, openSite, turn } from './support/site';
import { ForeignStore } from './support/stores';
import { visits } from './support/visits';

const storeKey = (token: string): string =>
  createHash('sha256').update(token).digest('base64url').slice(0, 22);

/** Refuses ids that do not fit its column. */
class NarrowStore extends ForeignStore {
  override set(...args: Parameters<ForeignStore['set']>): void {
    if (args[0].length > 36) args[2]?.(new Error('value too long for type character varying(36)'));
    else super.set(...args);
  }
}

describe('storeKey', () => {
  afterEach(closeSites);

  async function serve(store: object, options: session.SessionOptions = {}) {
    return openSite(
      { store: asStore(store), storeKey, jwtFromReq: claimsOfSession, secret: legacySecret, ...options },
      {
        '/': visits,
        '/read': visits,
        '/login': (req, res) => {
          data(req).user = 'ann';
          res.end();
        },
        '/logout': async (req, res) => {
          await req.session.destroy();
          res.end();
        },
        '/reload': async (req, res) => {
          await req.session.reload();
          await req.session.save();
          res.end(String(data(req).visits));
        },
        '/store': async (req, res) => {
          const [, record] = await answer((done) => req.sessionStore.get(req.sessionID, done as never));
          res.end(String((record as { visits: number }).visits));
        },
      },
    );
  }

  it('names records from the first to the last call: new session, new token, reload, touch, destroy', async () => {
    const store = new NarrowStore();
    const site = await serve(store);
    const first = await site.visit('/');
    assert.deepEqual([...store.records.keys()], [storeKey(tokenOf(first))]);
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    assert.equal((await site.visit('/read', cookieOf(first))).text, '2');
    assert.equal((await site.visit('/reload', cookieOf(first))).text, '2');
    assert.equal((await site.visit('/store', cookieOf(first))).text, '2');
    const login = await site.visit('/login', cookieOf(first));
    assert.deepEqual([...store.records.keys()], [storeKey(tokenOf(login))]);
    await site.visit('/logout', cookieOf(login));
    assert.deepEqual([...store.records.keys()], []);
    const ids = new Set(store.calls.map(({ id }) => id));
    assert.deepEqual(ids, new Set([storeKey(tokenOf(first)), storeKey(tokenOf(login))]));
    assert.deepEqual(site.lateErrors, []);
  });

  it('names forwarding records, too', async () => {
    const store = new NarrowStore();
    const site = await serve(store);
    const { id, cookie } = await startLegacySession(store, { visits: 1 });
    const upgraded = await site.visit('/', cookie);
    await turn();
    assert.deepEqual([...store.records.keys()].sort(), [storeKey(tokenOf(upgraded)), storeKey(id)].sort());
    const again = await site.visit('/', cookie);
    assert.equal(again.text, '3');
    assert.equal(cookieOf(again), cookieOf(upgraded));
    assert.deepEqual(site.lateErrors, []);
  });

  it('serves a MemoryStore through req.sessionStore', async () => {
    const site = await serve(new session.MemoryStore());
    const cookie = cookieOf(await site.visit('/'));
    assert.equal((await site.visit('/store', cookie)).text, '1');
  });

  it('finds no session under the keys of another storeKey', async () => {
    const store = new ForeignStore();
    const [narrow, usual] = [await serve(store), await serve(store, { storeKey: undefined })];
    const cookie = cookieOf(await narrow.visit('/'));
    assert.equal((await usual.visit('/', cookie)).text, '1');
    assert.equal((await narrow.visit('/', cookie)).text, '2');
  });

  const digestOf = (token: string) => createHash('sha256').update(token).digest('hex');
  let count = 0;
  const refusals: [label: string, storeKey: unknown, message: RegExp][] = [
    ['no function', 'sha1', /^storeKey option must be a function$/],
    ['null', null, /^storeKey option must be a function$/],
    ['no string', (token: string) => token.length, /must return a string of 128 bits or more/],
    ['a promise', (token: string) => Promise.resolve(digestOf(token)), /must return a string of 128 bits/],
    [
      'too short',
      (token: string) => digestOf(token).slice(0, 15),
      /must return a string of 128 bits or more/,
    ],
    ['empty', () => '', /must return a string of 128 bits or more/],
    ['the token', (token: string) => token, /must return a digest, not the token or its signature/],
    ['the token in something', (token: string) => `sess:${token}`, /must return a digest, not the token/],
    ['the signature', (token: string) => token.split('.').pop(), /must return a digest, not the token/],
    ['always the same', () => 'x'.repeat(32), /must return another string for another token/],
    [
      'of the payload alone',
      (token: string) => digestOf(token.split('.')[1] ?? token),
      /must return another string for another token, signature included/,
    ],
    ['never the same', () => digestOf(String(count++)), /must return the same string for the same token/],
  ];
  for (const [label, given, message] of refusals) {
    it(`is refused at start: ${label}`, () => {
      assert.throws(() => session({ storeKey: given as never }), { name: 'TypeError', message });
    });
  }

  it('makes an error for next where it fails on a request, whatever the cookie', async () => {
    const store = new ForeignStore();
    let fails = false;
    const options = {
      storeKey: (token: string) => (fails ? '' : storeKey(token)),
      keysProvider: () => Promise.resolve(keys),
    };
    const site = await openSite(
      { keys: undefined, store: asStore(store), secret: legacySecret, ...options },
      { '/': visits },
    );
    fails = true;
    for (const cookie of [`connect.sid=${byHand()}`, legacyCookie('unknown')]) {
      const res = await site.get('/', cookie);
      assert.equal(res.status, 500);
      assert.match(res.text, /^storeKey option must return a string of 128 bits/);
    }
  });
});
