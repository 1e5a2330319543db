import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { sign } from 'cookie-signature';
import originalSession from 'express-session';
import session from '../src';
import { contents, reachableStrings, record } from './support/contents';
import { cookieOf, digest, setCookie, tokenOf } from './support/cookies';
import { answer, asStore, claimsOfSession, closeSites, countHits, data, openSite } from './support/site';
import { ForeignStore, SmartStore, SyncStore } from './support/stores';

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
  return openSite(
    {
      store: asStore(store),
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
      '/regenerate': async (req, res) => {
        await req.session.regenerate();
        res.end();
      },
      '/unset': (req, res) => {
        (req as { session: unknown }).session = null;
        res.end();
      },
      '/logout': async (req, res) => {
        await req.session.destroy();
        res.end();
      },
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

describe('Ids at rest', () => {
  let store: CuriousStore;
  beforeEach(() => {
    store = new CuriousStore();
  });
  afterEach(closeSites);

  it('are the SHA-256 of the token as 64 lower-case hex digits, in every call (B220)', async () => {
    const tokens = await tour(store);
    assert.equal(tokens.length, 5);
    assert.deepEqual([...new Set(store.calls.map(({ method }) => method))].sort(), [
      'destroy',
      'get',
      'set',
      'touch',
    ]);
    const digests = tokens.map((token) => createHash('sha256').update(token).digest('hex'));
    for (const { method, id } of store.calls) {
      assert.match(id, /^[0-9a-f]{64}$/, method);
      assert.ok(digests.includes(id), `${method} of an id that is no token's digest`);
    }
  });

  it('and the data beside them never yield a token nor a segment of one (B220)', async () => {
    const segments = (await tour(store)).flatMap((token) => [token, ...token.split('.')]);
    assert.ok(store.strings.includes('hits'), 'the store has seen data');
    for (const text of store.strings) {
      for (const segment of segments) assert.equal(text.includes(segment), false, text);
    }
  });

  it('are verbatim for the one get, and the destroy, of a legacy id alone (B220)', async () => {
    const legacyId = 'ZxB-Ru9D3mTqWv5LyP0aKs_7HfJcE2nG';
    const tokens = await tour(store, plantLegacySession(store, legacyId));
    assert.deepEqual(
      store.calls.filter(({ id }) => id === legacyId).map(({ method }) => method),
      ['get', 'destroy'],
    );
    for (const { id } of store.calls) assert.ok(id === legacyId || /^[0-9a-f]{64}$/.test(id), id);
    const segments = tokens.flatMap((token) => [token, ...token.split('.')]);
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
      await site.visit('/promote', cookieOf(first));
      const dump = [...contents(store)].flatMap(([id, text]) => [
        id,
        text,
        ...reachableStrings(JSON.parse(text)),
      ]);
      assert.ok(dump.some((text) => /^[0-9a-f]{64}$/.test(text)));
      for (const text of new Set(dump)) {
        const attempt = await site.visit('/', `connect.sid=${encodeURIComponent(text)}`);
        assert.equal(attempt.text, '1', text);
        assert.notEqual(digest(tokenOf(attempt)), text);
      }
    });
  }

  for (const [kind, create] of [
    ['own MemoryStore', () => new session.MemoryStore()],
    ['foreign store', () => new ForeignStore()],
    ['MemoryStore of express-session', () => new originalSession.MemoryStore()],
    ['store on our base class', () => new SmartStore()],
    ['store that answers at once', () => new SyncStore()],
  ] as const) {
    it(`are no concern of a handler that asks req.sessionStore for its record, on the ${kind} (B222)`, async () => {
      const site = await openSite(
        { store: asStore(create()) },
        {
          '/': countHits,
          '/record': async (req, res) => {
            const [error, found] = await answer((done) => req.sessionStore.get(req.sessionID, done));
            assert.equal(error ?? null, null);
            res.end(JSON.stringify((found as { hits: number }).hits));
          },
        },
      );
      const first = await site.visit('/');
      assert.equal((await site.visit('/record', cookieOf(first))).text, '1');
    });
  }

  it('belong to the session a handler has saved (B222)', async () => {
    const site = await openSite(
      { store: asStore(store) },
      {
        '/': async (req, res) => {
          data(req).user = 'ann';
          await req.session.save();
          const [, found] = await answer((done) => req.sessionStore.get(req.sessionID, done));
          assert.deepEqual(found, record(store, digest(req.sessionID)));
          res.end((found as { user: string }).user);
        },
      },
    );
    assert.equal((await site.visit('/')).text, 'ann');
  });
});
