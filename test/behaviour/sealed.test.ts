/** The entry `sealed`: what the middleware does on a store that keeps sessions encrypted, and what a dump of it shows. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import session from '../../src';
import { sealed, type SealOptions, type SealSecret } from '../../src/sealed';
import type { AnyStore, SessionRecord } from '../../src/types';
import { ComparingStore } from '../support/comparing-store';
import { contents, record } from '../support/contents';
import { cookieOf, setCookie } from '../support/cookies';
import { debugLines } from '../support/debug-lines';
import { grade } from '../support/grade-store';
import { lateErrors } from '../support/late-errors';
import { legacySecret, startLegacySession } from '../support/legacy';
import type { Handler } from '../support/server';
import { idOf, stateOf } from '../support/session-tokens';
import { asStore, claimsOfSession, countHits, data, serve, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';
import { touchingStores } from '../support/touching-stores';

const [secret, newSecret] = [randomBytes(32), randomBytes(32)];

/** A text of a session's data that no other part of a record can contain. */
const SENTINEL = 'sentinel-of-the-data';

const countSecretly: Handler = (req, res) => {
  data(req)[`${SENTINEL}-name`] = [`${SENTINEL}-value`, { deep: SENTINEL }];
  return countHits(req, res);
};

const pages: Record<string, Handler> = {
  '/': countSecretly,
  '/look': (req, res) => res.end(`${String(data(req).hits)} ${String(data(req).user)}`),
  '/login': (req, res) => {
    data(req).user = SENTINEL;
    return countSecretly(req, res);
  },
  '/save': async (req, res) => {
    data(req).saved = SENTINEL;
    const isStored = await req.session.save();
    await req.session.reload();
    res.end(`${String(isStored)} ${String(data(req).saved)}`);
  },
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    return countSecretly(req, res);
  },
  '/logout': async (req, res) => {
    await req.session.destroy();
    res.end('bye');
  },
};

const maxAge = 60_000;

function siteOn(store: object, options: session.SessionOptions = {}): Promise<Site> {
  return serve({ store: asStore(store), jwtFromReq: claimsOfSession, cookie: { maxAge }, ...options }, pages);
}

function sealedSite(
  store: object,
  secrets: SealSecret | SealSecret[] = secret,
  sealOptions?: SealOptions,
  options?: session.SessionOptions,
): Promise<Site> {
  return siteOn(sealed(store as AnyStore, secrets, sealOptions), options);
}

/** All that is stored, and all that a store that notes its calls was ever given. */
function everythingIn(store: object): string {
  const { calls = [] } = store as Partial<ForeignStore>;
  return JSON.stringify([[...contents(store)], calls]);
}

/** A store with a Map as its database, by async functions. */
function mapStore(records = new Map<string, string>()) {
  const find = (id: string): SessionRecord | undefined => {
    const found = JSON.parse(records.get(id) ?? 'null') as SessionRecord | null;
    const { expires } = (found?.cookie ?? {}) as { expires?: string };
    return found && !(new Date(expires ?? Infinity) <= new Date()) ? found : undefined;
  };
  const set = (id: string, value: object): true => {
    records.set(id, JSON.stringify(value));
    return true;
  };
  const store = session.Store.from({
    get: async (id) => Promise.resolve(find(id)),
    set: async (id, value) => Promise.resolve(set(id, value)),
    destroy: async (id) => Promise.resolve(records.delete(id)),
    touch: async (id, { cookie }) => {
      const found = find(id);
      return Promise.resolve(found && set(id, { ...found, cookie }));
    },
    compareAndSet: async (id, value, tag) => {
      const text = find(id) && records.get(id);
      const fits = text?.includes(tag ?? '"__session":') === (tag !== null);
      return Promise.resolve(fits && set(id, value));
    },
  });
  return Object.assign(store, { records });
}

const stores: [kind: string, create: () => object][] = [
  ['a store that compares', () => new ComparingStore()],
  ['our MemoryStore', () => new session.MemoryStore()],
  ['a store of async functions', () => mapStore()],
  ...touchingStores.map(
    ([kind, create]) => [`a store whose touch ${kind}`, create] as [string, () => object],
  ),
];

describe('On a sealed store', () => {
  for (const [kind, create] of stores) {
    it(`sessions live, rotate and end, and a dump shows none of their data: ${kind} (B273)`, async () => {
      const store = create();
      const site = await sealedSite(store, secret, {}, { rolling: true });
      let cookie = cookieOf(await site.visit('/'));
      const shown: string[] = [];
      for (const path of ['/', '/look', '/login', '/save', '/look', '/regenerate', '/look', '/logout']) {
        const response = await site.visit(path, cookie);
        shown.push(response.text);
        if (setCookie(response) !== undefined) cookie = cookieOf(response);
        const dump = everythingIn(store);
        assert.equal(dump.includes(SENTINEL), false, path);
        assert.equal(dump.includes('hits'), false, path);
        if (path !== '/logout') assert.match(dump, /__sealed/);
      }
      assert.deepEqual(shown, [
        '2',
        '2 undefined',
        '3',
        `true ${SENTINEL}`,
        `3 ${SENTINEL}`,
        '1',
        '1 undefined',
        'bye',
      ]);
      assert.equal(contents(store).size, 0);
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('the cookie and __session can be read in the record, and its expiry moves with each touch (B273)', async () => {
    const store = new ForeignStore();
    const site = await sealedSite(store);
    const first = await site.visit('/');
    const before = record(store, idOf(first));
    assert.deepEqual(Object.keys(before ?? {}), ['cookie', '__session', '__sealed']);
    assert.equal((before?.cookie as { originalMaxAge: number }).originalMaxAge, maxAge);
    assert.equal(stateOf(store, idOf(first)).gen, 1);
    await site.visit('/look', cookieOf(first));
    assert.equal(store.count('touch'), 1);
    assert.equal(record(store, idOf(first))?.__sealed, before?.__sealed, 'this store moves only the expiry');
  });

  for (const [kind, create, graded] of [
    ['compares', () => mapStore(), { grade: 'everywhere', compareAndSet: 'works', touch: 'expiry' }],
    [
      'is plain',
      () => new ForeignStore(),
      { grade: 'in this process', compareAndSet: 'none', touch: 'expiry' },
    ],
    [
      'is our MemoryStore',
      () => new session.MemoryStore(),
      { grade: 'in this process', compareAndSet: 'none', touch: 'expiry' },
    ],
  ] as const) {
    it(`the test kit finds what it finds on the store itself, which ${kind} (B273)`, async function () {
      this.timeout(30_000);
      for (const wrap of [false, true]) {
        const { report, failures } = await grade(() => (wrap ? sealed(create(), secret) : create()));
        assert.deepEqual(failures, []);
        assert.deepEqual({ ...report, ...graded }, report);
      }
    });
  }

  it('the guarantee is that of the store: a logout in another process is final (B252 B273)', async () => {
    const store = new ComparingStore();
    assert.equal(
      session({ keys: session.generateKeys(), store: sealed(store, secret) }).guarantee,
      'everywhere',
    );
    const [here, there] = [await sealedSite(store), await sealedSite(store.twin())];
    const cookie = cookieOf(await here.visit('/'));
    const writing = store.hold('compareAndSet');
    const late = here.visit('/', cookie);
    await writing.reached;
    assert.equal((await there.visit('/logout', cookie)).text, 'bye');
    writing.release();
    assert.deepEqual([(await late).text, store.records.size], ['2', 0]);
    assert.deepEqual(await lateErrors(here), []);
  });

  it('the middleware goes on without sessions while the store is disconnected (B125 B273)', async () => {
    const store = new ForeignStore();
    const site = await serve(
      { store: sealed(store, secret) },
      { '/': (req, res) => res.end(String((req as { session?: unknown }).session)) },
    );
    store.emit('disconnect');
    assert.equal((await site.visit('/')).text, 'undefined');
    store.emit('connect');
    assert.equal((await site.visit('/')).text, '[object Object]');
  });

  it('sessions.check() finds no fault, and leaves nothing behind (B269 B273)', async () => {
    const store = mapStore();
    const sessions = session({ keys: session.generateKeys(), store: sealed(store, secret) });
    const { ok, checks } = await sessions.check();
    assert.equal(ok, true, JSON.stringify(checks));
    assert.equal(checks.find(({ name }) => name === 'compareAndSet')?.outcome, 'ok');
    assert.equal(store.records.size, 0);
  });
});

describe('A sealed record', () => {
  /** A site with Ann and Bob, and their records. */
  async function annAndBob() {
    const store = new ForeignStore();
    const site = await sealedSite(store);
    const [ann, bob] = [await site.visit('/login'), await site.visit('/login')];
    return { store, site, ann: cookieOf(ann), annId: idOf(ann), bobId: idOf(bob) };
  }

  /** The request gets an error, and neither a session nor a cookie. */
  async function refuses(site: Site, cookie: string): Promise<string> {
    const response = await site.get('/', cookie);
    assert.equal(response.status, 500);
    assert.equal(setCookie(response), undefined);
    assert.match(response.text, /^sealed: a stored session cannot be opened/);
    assert.equal(response.text.includes(SENTINEL), false);
    return response.text;
  }

  it('that was copied to another id does not open: an error, and never an empty session (B273)', async () => {
    const { store, site, ann, annId, bobId } = await annAndBob();
    const { __session } = record(store, annId) ?? {};
    store.records.set(annId, JSON.stringify({ ...record(store, bobId), __session }));
    assert.match(await refuses(site, ann), /belongs to another id/);
    assert.equal(store.records.size, 2);
  });

  for (const [part, at] of [
    ['nonce', 0],
    ['tag', 12],
    ['data', 28],
  ] as const) {
    it(`whose ${part} was changed does not open (B273)`, async () => {
      const { store, site, ann, annId } = await annAndBob();
      const stored = record(store, annId) ?? {};
      const bytes = Buffer.from(String(stored.__sealed).slice(3), 'base64url');
      bytes[at] = Number(bytes[at]) ^ 0x80;
      stored.__sealed = `v1.${bytes.toString('base64url')}`;
      store.records.set(annId, JSON.stringify(stored));
      await refuses(site, ann);
    });
  }

  it('of a later version does not open (B273)', async () => {
    const { store, site, ann, annId } = await annAndBob();
    store.records.set(annId, JSON.stringify({ ...record(store, annId), __sealed: 'v2.AAAA' }));
    assert.match(await refuses(site, ann), /Update the package/);
  });

  it('opens with no other secret, and can be destroyed all the same (B273)', async () => {
    const { store, ann, annId } = await annAndBob();
    const site = await sealedSite(store, newSecret);
    await refuses(site, ann);
    const sessions = session({ store: sealed(store, newSecret), keys: session.generateKeys() });
    await new Promise((resolve) => sessions.store.destroy(annId, resolve));
    assert.equal((await site.visit('/', ann)).text, '1');
  });

  it('shows nothing in debug lines, whether it opens or not (B188 B273)', async () => {
    const { store, site, ann } = await annAndBob();
    const wrong = await sealedSite(store, newSecret);
    const lines = await debugLines(async () => {
      await site.visit('/', ann);
      await refuses(wrong, ann);
    });
    assert.ok(lines.length > 4);
    const bare = [secret, newSecret].flatMap((one) => [one.toString('hex'), one.toString('base64')]);
    for (const text of [SENTINEL, 'v1.', ...bare]) assert.equal(lines.join('\n').includes(text), false, text);
  });
});

describe('Sealing', () => {
  it('begins under traffic: what is stored already is read, and sealed when it is written next (B273)', async () => {
    const store = new ComparingStore();
    const cookie = cookieOf(await (await siteOn(store)).visit('/login'));
    const [id = ''] = store.records.keys();
    assert.ok(store.records.get(id)?.includes(SENTINEL));
    const site = await sealedSite(store);
    assert.equal((await site.visit('/look', cookie)).text, `1 ${SENTINEL}`);
    assert.ok(store.records.get(id)?.includes(SENTINEL), 'a touch does not write it');
    assert.equal((await site.visit('/', cookie)).text, '2');
    assert.equal(store.records.get(id)?.includes(SENTINEL), false);
    assert.equal((await site.visit('/look', cookie)).text, `2 ${SENTINEL}`);
    assert.deepEqual(await lateErrors(site), []);
  });

  it('takes over sessions of express-session, sealed from their first write on (B229 B273)', async () => {
    const store = new ComparingStore();
    const legacy = await startLegacySession(store, { hits: 4, user: SENTINEL });
    const site = await sealedSite(store, secret, {}, { secret: legacySecret });
    const first = await site.visit('/', legacy.cookie);
    assert.equal(first.text, '5');
    assert.equal(store.records.get(legacy.id)?.includes(SENTINEL), false);
    assert.equal(stateOf(store, legacy.id).adopted, true);
    assert.equal((await site.visit('/look', cookieOf(first))).text, `5 ${SENTINEL}`);
  });

  it('changes its secret: the first of the list seals, all of them open (B273)', async () => {
    const store = new ForeignStore();
    const cookies: string[] = [];
    const before = await sealedSite(store, secret);
    for (let count = 0; count < 2; count++) cookies.push(cookieOf(await before.visit('/login')));
    const [written = '', read = ''] = cookies;
    const between = await sealedSite(store, [newSecret, secret]);
    assert.equal((await between.visit('/', written)).text, '2');
    assert.equal((await between.visit('/look', read)).text, `1 ${SENTINEL}`);
    const after = await sealedSite(store, [newSecret]);
    assert.equal((await after.visit('/look', written)).text, `2 ${SENTINEL}`);
    assert.equal((await after.get('/look', read)).status, 500);
    assert.equal((await before.get('/look', written)).status, 500);
  });

  it('ends, and begins in two steps, with onlyOpen: sealed records are read, and stored without a seal (B273)', async () => {
    const store = new ComparingStore();
    const sealing = await sealedSite(store);
    const cookie = cookieOf(await sealing.visit('/login'));
    const opening = await sealedSite(store.twin(), secret, { onlyOpen: true });
    assert.equal((await opening.visit('/', cookie)).text, '2');
    assert.ok([...store.records.values()].join('').includes(SENTINEL));
    assert.equal((await sealing.visit('/', cookie)).text, '3');
    assert.equal([...store.records.values()].join('').includes(SENTINEL), false);
    assert.equal((await opening.visit('/look', cookie)).text, `3 ${SENTINEL}`);
    assert.deepEqual(await lateErrors(opening), []);
  });
});
