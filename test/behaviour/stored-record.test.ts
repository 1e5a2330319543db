/** What a stored record holds, and which records are read as ours. */
import assert from 'node:assert/strict';
import type session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { cookieOf, setCookie, tokenOf } from '../support/cookies';
import { recordOf } from '../support/forge';
import { lateErrors } from '../support/late-errors';
import { legacyCookie, legacySecret } from '../support/legacy';
import { loose } from '../support/loose';
import type { Handler } from '../support/server';
import { idOf, recordWith, stateOf } from '../support/session-tokens';
import { asStore, claimsOfSession, countHits, data, gate, serve, showHits } from '../support/site';
import { ForeignStore } from '../support/stores';

const pages: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/other': (req, res) => {
    data(req).other = Number(data(req).other ?? 0) + 1;
    res.end();
  },
  '/login': (req, res) => {
    data(req).user = data(req).user === 'bob' ? 'eve' : 'bob';
    res.end();
  },
  '/inside': (req, res) =>
    res.end(
      JSON.stringify({
        keys: Object.keys(req.session),
        has: '__session' in req.session,
        json: req.session,
        jwt: req.session.jwt,
      }),
    ),
  '/own': (req, res) => {
    data(req).__session = 'of the application';
    return countHits(req, res);
  },
};

async function siteOf(options: Record<string, unknown> = {}, more: Record<string, Handler> = {}) {
  const store = new ComparingStore();
  const open = (on: ForeignStore = store) =>
    serve(loose({ store: on, secret: legacySecret, ...options }), { ...pages, ...more });
  return { store, site: await open(), open };
}

const membersOf = (store: ForeignStore, id: string): Record<string, unknown> =>
  JSON.parse(store.records.get(id) ?? '{}') as Record<string, unknown>;

describe('a stored record', () => {
  it('has cookie, data and __session, with gen, tag and created (B242)', async () => {
    const { store, site } = await siteOf();
    const before = Date.now();
    const id = idOf(await site.visit('/'));
    assert.deepEqual(Object.keys(membersOf(store, id)).sort(), ['__session', 'cookie', 'hits']);
    const { gen, tag, created, ...others } = stateOf(store, id);
    assert.equal(gen, 1);
    assert.ok(typeof tag === 'string' && tag.length >= 14);
    assert.ok(Number.isInteger(created) && created >= before && created <= Date.now());
    assert.deepEqual(others, {});
  });

  it('says when it has rotated, and has another tag then, but not with other writes (B242)', async () => {
    const { store, site } = await siteOf({ jwtFromReq: claimsOfSession });
    const first = await site.visit('/');
    const id = idOf(first);
    const state = stateOf(store, id);
    await site.visit('/', cookieOf(first));
    assert.deepEqual(stateOf(store, id), state);

    const before = Date.now();
    const second = await site.visit('/login', cookieOf(first));
    const { rotatedAt = 0, tag, ...rotated } = stateOf(store, id);
    assert.deepEqual(rotated, { gen: 2, created: state.created });
    assert.notEqual(tag, state.tag);
    assert.ok(rotatedAt >= before && rotatedAt <= Date.now());

    await site.visit('/', cookieOf(second));
    assert.deepEqual(stateOf(store, id), { ...rotated, tag, rotatedAt });
    await site.visit('/login', cookieOf(second));
    const third = stateOf(store, id);
    assert.equal(third.gen, 3);
    assert.equal(new Set([state.tag, tag, third.tag]).size, 3);
    assert.ok(third.rotatedAt !== undefined && third.rotatedAt >= rotatedAt);
  });

  it('has another tag with each write where merge is on (B242)', async () => {
    const { store, site } = await siteOf({ merge: true });
    const first = await site.visit('/');
    const id = idOf(first);
    const { created } = stateOf(store, id);
    const tags = new Set([stateOf(store, id).tag]);
    for (let round = 0; round < 3; round++) {
      await site.visit('/', cookieOf(first));
      const { tag, ...state } = stateOf(store, id);
      assert.deepEqual(state, { gen: 1, created });
      tags.add(tag);
    }
    assert.equal(tags.size, 4);
    await site.visit('/show', cookieOf(first));
    assert.ok(tags.has(stateOf(store, id).tag), 'a touch is no write');
  });

  for (const merge of [false, true]) {
    it(`keeps the state that the store has, not that which a request had loaded: merge ${String(merge)} (B242)`, async () => {
      const { pass, reached, open: release } = gate();
      const slowly: Handler = async (req, res) => {
        await pass();
        data(req).slow = true;
        res.end();
      };
      const { store, site, open } = await siteOf({ merge }, { '/slow': slowly });
      const other = await open(store.twin());
      store.records.set('old-id', recordOf({ hits: 2 }));
      const slow = site.visit('/slow', legacyCookie('old-id'));
      await reached;
      await other.visit('/', legacyCookie('old-id'));
      const { gen, created, adopted, tag } = stateOf(store, 'old-id');
      release();
      assert.ok(setCookie(await slow));
      const after = stateOf(store, 'old-id');
      assert.deepEqual([after.gen, after.created, after.adopted], [gen, created, adopted]);
      assert.equal(after.tag === tag, !merge);
      const { slow: stored, hits } = membersOf(store, 'old-id');
      assert.deepEqual([stored, hits], [true, merge ? 3 : 2]);
      assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('shows nothing of it to clients, nor on req.session (B242)', async () => {
    const { store, site } = await siteOf({ jwtFromReq: claimsOfSession });
    let cookie: string | undefined;
    for (const path of ['/', '/login', '/', '/inside', '/login', '/inside']) {
      const res = await site.visit(path, cookie);
      if (setCookie(res)) cookie = cookieOf(res);
      const id = idOf((cookie ?? '').slice(12));
      const { tag } = stateOf(store, id);
      const seen = [res.text, JSON.stringify(res.headers)];
      if (setCookie(res))
        seen.push(
          ...tokenOf(res)
            .split('.')
            .map((part) => Buffer.from(part, 'base64url').toString()),
        );
      for (const text of seen) assert.ok(!text.includes(tag) && !text.includes('__session'), text);
      if (path !== '/inside') continue;
      const { keys, has } = JSON.parse(res.text) as { keys: string[]; has: boolean };
      assert.deepEqual([keys.sort(), has], [['cookie', 'hits', 'user'], false]);
    }
  });

  it('has none of the application’s data of that name, which nobody reads either (B242)', async () => {
    const { store, site } = await siteOf();
    const first = await site.visit('/own');
    const id = idOf(first);
    const state = stateOf(store, id);
    assert.equal(state.gen, 1);
    assert.equal((await site.visit('/own', cookieOf(first))).text, '2');
    assert.deepEqual(stateOf(store, id), state);
    const { json } = JSON.parse((await site.visit('/inside', cookieOf(first))).text) as { json: object };
    assert.deepEqual(Object.keys(json).sort(), ['cookie', 'hits']);
  });

  for (const [name, text] of [
    ['without it', recordOf({ hits: 5 })],
    ['with a text in its place', recordOf({ hits: 5, __session: 'text' })],
    ['with null in its place', recordOf({ hits: 5, __session: null })],
    ['without a generation', recordWith({ hits: 5 }, { gen: undefined as never })],
    ['with a generation of 0', recordWith({ hits: 5 }, { gen: 0 })],
    ['without a tag', recordWith({ hits: 5 }, { tag: undefined as never })],
    ['without its age', recordWith({ hits: 5 }, { created: undefined as never })],
  ] as const) {
    it(`under an id of ours ${name} is not found, and one warning names the store (B242)`, async () => {
      const warnings: string[] = [];
      const listen = ({ message }: Error) => warnings.push(message);
      process.on('warning', listen);
      try {
        const { store, site } = await siteOf();
        const first = await site.visit('/');
        store.records.set(idOf(first), text);
        for (let round = 0; round < 3; round++) {
          const res = await site.visit('/show', cookieOf(first));
          assert.equal(res.text, 'undefined');
          assert.equal(setCookie(res), undefined);
        }
        assert.equal((await site.visit('/', cookieOf(first))).text, '1');
        assert.equal(store.records.get(idOf(first)), text);
        assert.equal(warnings.length, 1);
        assert.match(warnings[0] ?? '', /ComparingStore: .*without its member __session/);
      } finally {
        process.off('warning', listen);
      }
    });
  }

  it('without a cookie is the error that every store’s users know, whether __session is there or not (B127, B242)', async () => {
    for (const text of ['{"hits":5}', JSON.stringify({ __session: { gen: 1, tag: 't', created: 1 } })]) {
      const { store, site } = await siteOf();
      const first = await site.visit('/');
      store.records.set(idOf(first), text);
      const res = await site.get('/show', cookieOf(first));
      assert.equal(res.status, 500);
      assert.match(res.text, /Cannot read prop/);
    }
  });

  it('is handed to the store as one object whose member __session serializers see (B042, B242)', async () => {
    const handed: Record<string, unknown>[] = [];
    class Watching extends ForeignStore {
      override set(...args: Parameters<ForeignStore['set']>): void {
        handed.push(args[1] as Record<string, unknown>);
        super.set(...args);
      }
    }
    const options: session.SessionOptions = { store: asStore(new Watching()) };
    const site = await serve(options, pages);
    await site.visit('/');
    const [record] = handed;
    assert.ok(record);
    const property = Object.getOwnPropertyDescriptor(record, '__session');
    assert.equal(property?.enumerable, true);
    assert.ok(Object.keys(record).includes('__session'));
  });
});
