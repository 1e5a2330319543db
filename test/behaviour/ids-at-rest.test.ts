/** The ids in a store are no credentials: no cookie can be made of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { sign } from 'cookie-signature';
import originalSession from 'express-session';
import session from '../../src';
import { contents, reachableStrings, record } from '../support/contents';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { keys } from '../support/keys';
import { loose } from '../support/loose';
import { logOut, regenerate, unset } from '../support/pages';
import { idOf, sesOf } from '../support/session-tokens';
import { answer, asStore, claimsOfSession, countHits, data, serve } from '../support/site';
import { ForeignStore, SmartStore, SyncStore } from '../support/stores';

const secret = 'keyboard cat';

/** A foreign store that also notes every string it could read off what it is given. */
class CuriousStore extends ForeignStore {
  readonly strings: string[] = [];

  override get(...args: Parameters<ForeignStore['get']>): void {
    this.strings.push(...reachableStrings(args));
    super.get(...args);
  }

  override set(...args: Parameters<ForeignStore['set']>): void {
    this.strings.push(...reachableStrings(args));
    super.set(...args);
  }

  override touch(...args: Parameters<ForeignStore['touch']>): void {
    this.strings.push(...reachableStrings(args));
    super.touch(...args);
  }

  override destroy(...args: Parameters<ForeignStore['destroy']>): void {
    this.strings.push(...reachableStrings(args));
    super.destroy(...args);
  }
}

function openTour(store: object) {
  return serve(
    {
      store,
      secret,
      cookie: { maxAge: 60_000 },
      unset: 'destroy',
      jwtFromReq: claimsOfSession,
    },
    {
      '/': countHits,
      '/look': (req, res) => res.end(String(data(req).hits)),
      '/save': async (req, res) => {
        data(req).saved = true;
        await req.session.save();
        await req.session.reload();
        res.end();
      },
      '/direct': async (req, res) => {
        const { sessionStore: facade, sessionID: id } = req;
        const touch = facade.touch?.bind(facade);
        await answer((done) => facade.get(id, done));
        await answer((done) => facade.load(id, done));
        await answer((done) => facade.set(id, req.session, done));
        if (touch) await answer((done) => touch(id, req.session, done));
        res.end();
      },
      '/promote': (req, res) => {
        data(req).role = 'admin';
        res.end();
      },
      '/regenerate': regenerate,
      '/unset': unset,
      '/logout': logOut,
    },
  );
}

/** Visits every page with the newest cookie and gives all tokens that were ever sent. */
async function tour(store: object, start?: string): Promise<string[]> {
  const site = await openTour(store);
  const tokens: string[] = [];
  let cookie = start;
  const paths = ['/', '/', '/look', '/save', '/direct', '/promote', '/', '/regenerate', '/', '/unset'];
  for (const path of [...paths, '/', '/logout', '/']) {
    const response = await site.visit(path, cookie);
    if (setCookie(response) === undefined) continue;
    cookie = cookieOf(response);
    tokens.push(tokenOf(response));
  }
  return [...new Set(tokens)];
}

/** A session as express-session made it: its cookie, its record in the store. */
function plantLegacySession(store: ForeignStore, id: string): string {
  store.records.set(id, JSON.stringify({ cookie: new session.Cookie({ maxAge: 60_000 }), hits: 2 }));
  return `connect.sid=${encodeURIComponent(`s:${sign(id, secret)}`)}`;
}

/** What a store must never see of a token. */
function secretsOf(token: string): string[] {
  const { id } = sesOf(token);
  return [token, ...token.split('.'), ...(id === undefined ? [] : [id])];
}

describe('Ids at rest', () => {
  let store: CuriousStore;
  beforeEach(() => {
    store = new CuriousStore();
  });

  it('are 32 characters of the SHA-256 of the handle, in every call (B220)', async () => {
    const tokens = await tour(store);
    assert.deepEqual([...new Set(store.calls.map(({ method }) => method))].sort(), [
      'destroy',
      'get',
      'set',
      'touch',
    ]);
    const handles = new Set(tokens.map((token) => String(sesOf(token).id)));
    assert.equal(handles.size, 4, 'a rotation keeps the handle');
    assert.equal(tokens.length, 5);
    const ids = [...handles].map((handle) => {
      const bytes = createHash('sha256').update(handle).digest().subarray(0, 24);
      return bytes.toString('base64url');
    });
    for (const { method, id } of store.calls) {
      assert.match(id, /^[\w-]{32}$/, method);
      assert.ok(ids.includes(id), `${method} of an id that is no handle's`);
    }
  });

  it('are made of tenant, a zero byte and handle where keysProvider names a tenant (B220)', async () => {
    const site = await serve(
      loose({
        store,
        keys: undefined,
        keysProvider: () => Promise.resolve({ keys, tenant: 'acme' }),
      }),
      { '/': countHits },
    );
    const first = await site.visit('/');
    await site.visit('/', cookieOf(first));
    const text = `acme\0${String(sesOf(first).id)}`;
    const id = createHash('sha256').update(text).digest('base64url').slice(0, 32);
    assert.deepEqual(
      store.calls.map((call) => [call.method, call.id]),
      [
        ['set', id],
        ['get', id],
        ['set', id],
      ],
    );
  });

  it('and the data beside them never yield a token, a segment of one, nor a handle (B220)', async () => {
    const segments = (await tour(store)).flatMap(secretsOf);
    assert.ok(store.strings.includes('hits'), 'the store has seen data');
    for (const text of store.strings) {
      for (const segment of segments) assert.equal(text.includes(segment), false, text);
    }
  });

  it('of an upgraded session stay what they were, until it is regenerated (B220)', async () => {
    const legacyId = 'ZxB-Ru9D3mTqWv5LyP0aKs_7HfJcE2nG';
    const tokens = await tour(store, plantLegacySession(store, legacyId));
    const [first, ...others] = new Set(store.calls.map(({ id }) => id));
    assert.equal(first, legacyId);
    const regenerated = tokens.filter((token) => sesOf(token).id !== undefined).map((token) => idOf(token));
    assert.deepEqual(new Set(others), new Set(regenerated));
    for (const id of others) assert.match(id, /^[\w-]{32}$/);
    const segments = tokens.flatMap(secretsOf);
    for (const text of store.strings) {
      for (const segment of segments) assert.equal(text.includes(segment), false, text);
    }
  });

  for (const [kind, create] of [
    ['own MemoryStore', () => new session.MemoryStore()],
    ['foreign store', () => new ForeignStore()],
  ] as const) {
    it(`and all else a dump of the ${kind} shows are no accepted cookies (B221)`, async () => {
      const store = create();
      const site = await openTour(store);
      const first = await site.visit('/');
      const promoted = await site.visit('/promote', cookieOf(first));
      const dump = [...contents(store)].flatMap(([id, text]) => [
        id,
        text,
        ...reachableStrings(JSON.parse(text)),
      ]);
      assert.ok(dump.includes(idOf(first)));
      for (const text of new Set(dump)) {
        for (const value of [text, `s:${sign(text, secret)}`]) {
          const attempt = await site.visit('/', `connect.sid=${encodeURIComponent(value)}`);
          assert.equal(attempt.text, '1', value);
          assert.notEqual(idOf(attempt), text);
        }
      }
      assert.equal((await site.visit('/look', cookieOf(promoted))).text, '1', 'the session is there');
    });
  }

  for (const [kind, create] of [
    ['own MemoryStore', () => new session.MemoryStore()],
    ['foreign store', () => new ForeignStore()],
    ['MemoryStore of express-session', () => new originalSession.MemoryStore()],
    ['store on our base class', () => new SmartStore()],
    ['store that answers at once', () => new SyncStore()],
  ] as const) {
    it(`are what a handler knows, for the store and for req.sessionStore, on the ${kind} (B222)`, async () => {
      const store = create();
      const site = await serve(
        { store },
        {
          '/': countHits,
          '/record': async (req, res) => {
            const [error, found] = await answer((done) => req.sessionStore.get(req.sessionID, done));
            assert.equal(error ?? null, null);
            const [, direct] = await answer((done) => asStore(store).get(req.sessionID, done));
            assert.equal((direct as { hits: number }).hits, 1);
            res.end(JSON.stringify((found as { hits: number }).hits));
          },
        },
      );
      const first = await site.visit('/');
      assert.equal((await site.visit('/record', cookieOf(first))).text, '1');
    });
  }

  it('belong to the session a handler has saved (B222)', async () => {
    const site = await serve(
      { store },
      {
        '/': async (req, res) => {
          data(req).user = 'ann';
          await req.session.save();
          const [, found] = await answer((done) => req.sessionStore.get(req.sessionID, done));
          const { __session, ...stored } = record(store, req.sessionID) ?? {};
          assert.equal(typeof __session, 'object');
          assert.deepEqual(found, stored);
          res.end((found as { user: string }).user);
        },
      },
    );
    assert.equal((await site.visit('/')).text, 'ann');
  });
});
