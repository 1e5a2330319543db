/** The option secret: sessions of express-session are read and upgraded. */
import assert from 'node:assert/strict';
import { createSecretKey, type CipherKey } from 'node:crypto';
import type { Request } from 'express';
import type { Response } from 'supertest';
import session from '../../src';
import { ComparingStore } from '../support/comparing-store';
import { contents } from '../support/contents';
import { attributes, cookieOf, digest, setCookie, tokenOf } from '../support/cookies';
import { isSignedBy, recordOf } from '../support/forge';
import { keys } from '../support/keys';
import {
  legacyCookie,
  legacySecret,
  PickyStore,
  startLegacySession,
  type LegacySession,
} from '../support/legacy';
import { lateErrors } from '../support/late-errors';
import { loose } from '../support/loose';
import { logOut, unset } from '../support/pages';
import { createServer, serverOf, type Handler } from '../support/server';
import { idOf, idOfHandle, sesOf, stateOf } from '../support/session-tokens';
import {
  asStore,
  claimsOfSession,
  countHits,
  data,
  gate,
  isPending,
  open,
  routes,
  serve,
  showHits,
  type Site,
} from '../support/site';
import { ForeignStore, type StoreCall } from '../support/stores';

const handlers: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/data': (req, res) => res.end(JSON.stringify(req.session)),
  '/id': (req, res) => res.end(JSON.stringify([req.sessionID, req.session.id])),
  '/login': (req, res) => {
    data(req).user = 'bob';
    res.end();
  },
  '/store-destroy': (req, res) => {
    req.sessionStore.destroy(req.sessionID, () => res.end());
  },
  '/destroy': logOut,
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    data(req).hits = 100;
    res.end();
  },
  '/null': unset,
};

/** A site whose `req.secret` was set by earlier code, as cookie-parser does. */
function siteAfterCookieParser(secret: unknown, options: Record<string, unknown>): Promise<Site> {
  const middleware = session(loose({ keys, ...options }));
  return open(
    serverOf((req, res, next) => {
      Object.assign(req, { secret });
      middleware(req, res, next);
    }, routes(handlers)),
  );
}

interface Upgrade {
  store: PickyStore;
  legacy: LegacySession;
  site: Site;
  /** Store calls as `method id` since the legacy session was written. */
  calls: () => string[];
}

const callText = ({ method, id }: StoreCall): string => `${method} ${id}`;

/** A session with 2 hits that express-session wrote, and a site of this package over the same store. */
async function upgradeSite(
  options: session.SessionOptions = {},
  legacyOptions: Parameters<typeof startLegacySession>[2] = {},
): Promise<Upgrade> {
  const store = new PickyStore();
  const legacy = await startLegacySession(store, { hits: 2 }, legacyOptions);
  const written = store.calls.length;
  const site = await serve({ secret: legacySecret, store, ...options }, handlers);
  return { store, legacy, site, calls: () => store.calls.slice(written).map(callText) };
}

/** What lies in the store under this id. */
function stored(store: ForeignStore, id: string): Record<string, unknown> {
  return JSON.parse(store.records.get(id) ?? 'null') as Record<string, unknown>;
}

describe('the secret option', () => {
  const bytes = Buffer.from('a secret of any kind');
  const hmacKeys: [string, CipherKey][] = [
    ['a string', 'a secret of any kind'],
    ['a Buffer', bytes],
    ['a Uint8Array', new Uint8Array(bytes)],
    ['a DataView', new DataView(new Uint8Array(bytes).buffer)],
    ['a KeyObject', createSecretKey(bytes)],
  ];
  for (const [name, secret] of hmacKeys) {
    for (const listed of [false, true]) {
      it(`verifies legacy cookies with ${name}${listed ? ' in an array' : ''} (B113)`, async () => {
        const store = new ForeignStore();
        const legacy = await startLegacySession(store, { hits: 2 }, { secret });
        const site = await serve(loose({ secret: listed ? [secret] : secret, store }), handlers);
        assert.equal((await site.visit('/', legacy.cookie)).text, '3');
      });
    }
  }

  it('has no part in tokens: servers with other secrets read each other (B114)', async () => {
    const store = new ForeignStore();
    const secrets = ['keyboard cat', 'nyan cat', ['nyan cat', 'keyboard cat'], undefined];
    const sites = await Promise.all(secrets.map((secret) => serve(loose({ secret, store }), handlers)));
    for (const issuer of sites) {
      const first = await issuer.visit('/');
      for (const reader of sites) assert.equal((await reader.visit('/show', cookieOf(first))).text, '1');
    }
  });
});

describe('a legacy cookie', () => {
  const vector = 's:apple.D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU';

  /** A site over a store in which these ids lead to sessions with 2 hits. */
  async function siteKnowing(ids: string[], options: Record<string, unknown>) {
    const store = new ForeignStore();
    for (const id of ids) store.records.set(id, recordOf({ hits: 2 }));
    const site = await serve(loose({ store, ...options }), handlers);
    return { store, site };
  }

  async function assertIgnored(site: Site, store: ForeignStore, cookie: string): Promise<void> {
    const res = await site.visit('/', cookie);
    assert.equal(res.text, '1');
    assert.ok(isSignedBy(tokenOf(res), keys.public));
    assert.equal(store.count('get'), 0);
    assert.deepEqual(await lateErrors(site), []);
  }

  for (const [name, value] of [
    ['plain', vector],
    ['percent-encoded', encodeURIComponent(vector)],
  ] as const) {
    it(`is the id and its HMAC in base64 without padding, ${name} (B115)`, async () => {
      const { site } = await siteKnowing(['apple'], { secret: 'keyboard cat' });
      assert.equal((await site.visit('/', `connect.sid=${value}`)).text, '3');
    });
  }

  it('is as the vector says for an id signed by cookie-signature (B115)', () => {
    assert.equal(legacyCookie('apple', 'keyboard cat'), `connect.sid=${encodeURIComponent(vector)}`);
  });

  it('is not accepted with padding (B115)', async () => {
    const { store, site } = await siteKnowing(['apple'], { secret: 'keyboard cat' });
    await assertIgnored(site, store, `connect.sid=${encodeURIComponent(`${vector}=`)}`);
  });

  for (const id of ['a.b', 'a.', '.', 'user:7.x.y', 's:apple']) {
    it(`is split at its last dot: ${id} (B115)`, async () => {
      const { store, site } = await siteKnowing([id, 'a', 'user:7', ''], { secret: 'keyboard cat' });
      assert.equal((await site.visit('/', legacyCookie(id))).text, '3');
      assert.equal(store.calls[0]?.id, id);
    });
  }

  for (const position of [0, 1, 2]) {
    it(`matches any of several secrets, here number ${String(position + 1)} (B115)`, async () => {
      const secrets = ['one', 'two', Buffer.from('three')];
      const { site } = await siteKnowing(['apple'], { secret: secrets });
      assert.equal((await site.visit('/', legacyCookie('apple', secrets[position]))).text, '3');
    });
  }

  it('is verified by the option alone where req.secret is another (B116)', async () => {
    const store = new ForeignStore();
    store.records.set('apple', recordOf({ hits: 2 }));
    const site = await siteAfterCookieParser('keyboard cat', { secret: 'nyan cat', store });
    await assertIgnored(site, store, legacyCookie('apple', 'keyboard cat'));
    assert.equal((await site.visit('/', legacyCookie('apple', 'nyan cat'))).text, '3');
  });

  for (const [name, options] of [
    ['is not given', {}],
    ['is an empty string', { secret: '' }],
  ] as const) {
    it(`is not verified by req.secret where the option ${name} (B111, B116)`, async () => {
      const store = new ForeignStore();
      store.records.set('apple', recordOf({ hits: 2 }));
      const site = await siteAfterCookieParser('keyboard cat', { ...options, store });
      await assertIgnored(site, store, legacyCookie('apple', 'nyan cat'));
      await assertIgnored(site, store, legacyCookie('apple', 'keyboard cat'));
    });
  }

  for (const parserSecret of [42, null, {}, '', ['keyboard cat'], () => 'keyboard cat']) {
    it(`is verified whatever is in req.secret: ${typeof parserSecret} ${JSON.stringify(parserSecret)} (B116)`, async () => {
      const store = new ForeignStore();
      store.records.set('apple', recordOf({ hits: 2 }));
      const site = await siteAfterCookieParser(parserSecret, { secret: 'keyboard cat', store });
      await assertIgnored(site, store, legacyCookie('apple', 'nyan cat'));
      assert.equal((await site.visit('/', legacyCookie('apple', 'keyboard cat'))).text, '3');
    });
  }

  for (const [name, options] of [
    ['undefined', {}],
    ['empty', { secret: '' }],
  ] as const) {
    it(`is ignored where there is no secret anywhere, the option ${name} (B117)`, async () => {
      const { store, site } = await siteKnowing(['apple'], options);
      await assertIgnored(site, store, legacyCookie('apple'));
      await assertIgnored(site, store, `connect.sid=${vector.replace(/\..*/, '.')}`);
    });
  }

  for (const [name, value] of [
    ['the signature of another secret', decodeURIComponent(legacyCookie('apple', 'nyan cat').slice(12))],
    ['the signature of another id', vector.replace('apple', 'pear')],
    ['one character more', `${vector}A`],
    ['one character less', vector.slice(0, -1)],
    ['base64url letters in its signature', vector.replaceAll('+', '-').replaceAll('/', '_')],
    ['an empty signature', 's:apple.'],
    ['no signature', 's:apple'],
    ['nothing after its prefix', 's:'],
    ['a dot after its prefix', 's:.'],
  ] as const) {
    it(`with ${name} is ignored, the store is not asked (B118)`, async () => {
      const ids = ['apple', 'pear', 'appl', 's:apple', ''];
      const { store, site } = await siteKnowing(ids, { secret: 'keyboard cat' });
      await assertIgnored(site, store, `connect.sid=${encodeURIComponent(value)}`);
    });
  }
});

/** The records of a store that has upgraded a session: the one that was there. */
function assertOnly(store: ForeignStore, legacy: LegacySession): void {
  assert.deepEqual([...store.records.keys()], [legacy.id]);
}

describe('upgrading an express-session session', () => {
  it('works on the own MemoryStore as well (B229, B230)', async () => {
    const store = new session.MemoryStore();
    Object.assign((store as unknown as { sessions: object }).sessions, {
      apple: recordOf({ hits: 2 }),
      pear: recordOf({ hits: 2 }),
    });
    const site = await serve({ secret: legacySecret, store }, handlers);
    for (const [id, path, text] of [
      ['apple', '/', '3'],
      ['pear', '/show', '2'],
    ] as const) {
      const first = await site.visit(path, legacyCookie(id));
      assert.equal(first.text, text);
      assert.equal((await site.visit('/show', cookieOf(first))).text, text);
      assert.equal((await site.visit('/show', legacyCookie(id))).text, text);
    }
    assert.deepEqual([...contents(store).keys()].sort(), ['apple', 'pear']);
  });

  describe('asks of the store', () => {
    const ids: [string, string][] = [
      ['short', 'a'],
      ['of the usual length', 'x'.repeat(32)],
      ['that looks like a digest', digest('anything')],
      ['of 300 characters', 'long/id'.repeat(43).slice(0, 300)],
    ];
    for (const [name, id] of ids) {
      for (const [path, write] of [
        ['/show', 'touch'],
        ['/', 'set'],
      ] as const) {
        it(`a get and a ${write} of the id as it is, ${name} (B232)`, async () => {
          const { legacy, site, calls } = await upgradeSite({}, { genid: () => id });
          assert.equal(legacy.id, id);
          const res = await site.visit(path, legacy.cookie);
          assert.deepEqual(calls(), [`get ${id}`, `${write} ${id}`]);
          assert.deepEqual(sesOf(res), { lid: id, gen: 1 });
        });
      }
    }

    it('the write of a session that nothing of the library is in yet, where it compares (B232)', async () => {
      const store = new ComparingStore();
      const legacy = await startLegacySession(store, { hits: 2 });
      const site = await serve({ secret: legacySecret, store }, handlers);
      store.calls.length = 0;
      const first = await site.visit('/', legacy.cookie);
      assert.deepEqual(store.calls.map(callText), [`get ${legacy.id}`, `compareAndSet ${legacy.id}`]);
      const { tag } = stateOf(store, legacy.id);
      await site.visit('/', cookieOf(first));
      assert.deepEqual(store.expected, [null, tag]);
    });

    it('a touch and a second look where it compares and the request changes nothing (B232, B260)', async () => {
      const store = new ComparingStore();
      const legacy = await startLegacySession(store, { hits: 2 });
      const site = await serve({ secret: legacySecret, store }, handlers);
      store.calls.length = 0;
      assert.equal((await site.visit('/show', legacy.cookie)).text, '2');
      const [first, ...others] = store.calls.map(callText);
      assert.equal(first, `get ${legacy.id}`);
      assert.deepEqual(others.sort(), [`get ${legacy.id}`, `touch ${legacy.id}`]);
    });

    it('that the session is stored before the response leaves (B232)', async () => {
      const { store, legacy, site } = await upgradeSite();
      const { reached, release } = store.hold('set');
      const pending = site.visit('/', legacy.cookie);
      await reached;
      assert.ok(await isPending(pending));
      release();
      assert.equal((await site.visit('/show', cookieOf(await pending))).text, '3');
    });
  });

  it('says in the record with the first write that it may be opened so, and not before (B232)', async () => {
    const { store, legacy, site } = await upgradeSite();
    const first = await site.visit('/show', legacy.cookie);
    assert.equal(stored(store, legacy.id).__session, undefined);
    const before = Date.now();
    await site.visit('/', cookieOf(first));
    const { tag, created, ...state } = stateOf(store, legacy.id);
    assert.deepEqual(state, { gen: 1, adopted: true });
    assert.ok(tag.length > 10 && created >= before);
    await site.visit('/', legacy.cookie);
    assert.deepEqual(stateOf(store, legacy.id), { ...state, tag, created });
  });

  it('leaves req.sessionID what it was, in the first request and in later ones (B232)', async () => {
    const { legacy, site } = await upgradeSite();
    const first = await site.visit('/id', legacy.cookie);
    for (const cookie of [cookieOf(first), legacy.cookie]) {
      assert.deepEqual(JSON.parse((await site.visit('/id', cookie)).text), [legacy.id, legacy.id]);
    }
    assert.deepEqual(JSON.parse(first.text), [legacy.id, legacy.id]);
  });

  it('happens under defaults to an unmodified session as well, whose record is touched (B233)', async () => {
    const { store, legacy, site, calls } = await upgradeSite();
    const res = await site.visit('/show', legacy.cookie);
    assert.ok(setCookie(res));
    assert.deepEqual(calls(), [`get ${legacy.id}`, `touch ${legacy.id}`]);
    assert.equal(stored(store, legacy.id).hits, 2);
  });

  describe('leaves data and cookie as they are', () => {
    const month = 30 * 86_400_000;
    const today = { cookie: { maxAge: 60_000, sameSite: 'strict' } } as const;

    it('of a user who is to be remembered for 30 days (B234)', async () => {
      const store = new ForeignStore();
      const fields = { hits: 2, user: { name: 'bob', roles: ['a', 'b'] }, flag: false, nothing: null };
      const legacy = await startLegacySession(store, fields, {
        cookie: { maxAge: month, httpOnly: false, domain: 'old.test', sameSite: 'lax' },
      });
      const before = stored(store, legacy.id).cookie as { originalMaxAge: number };
      const site = await serve({ secret: legacySecret, store, ...today }, handlers);
      const res = await site.visit('/data', legacy.cookie);
      const { cookie, ...copied } = JSON.parse(res.text) as Record<string, unknown>;
      assert.deepEqual(copied, fields);
      const { expires, ...settings } = cookie as Record<string, unknown>;
      const kept = { httpOnly: false, domain: 'old.test', sameSite: 'lax', path: '/' };
      assert.deepEqual(settings, { ...kept, originalMaxAge: before.originalMaxAge });
      assert.ok(Math.abs(Date.parse(String(expires)) - Date.now() - month) < 5_000);
      const sent = attributes(setCookie(res) ?? '');
      assert.ok(Math.abs(Date.parse(String(sent.expires)) - Date.now() - month) < 5_000);
      assert.deepEqual(
        [sent.samesite, sent.httponly, sent.domain, sent.path],
        ['Lax', undefined, 'old.test', '/'],
      );

      await site.visit('/', cookieOf(res));
      const { cookie: after, __session: state, ...saved } = stored(store, legacy.id);
      assert.ok(state);
      assert.deepEqual(saved, { ...fields, hits: 3 });
      const { expires: renewed, ...same } = after as Record<string, unknown>;
      assert.deepEqual(same, settings);
      assert.ok(Date.parse(String(renewed)) >= Date.parse(String(expires)));
    });

    it('of a user who has declined that (B234)', async () => {
      const store = new ForeignStore();
      const legacy = await startLegacySession(store, { hits: 2 });
      const site = await serve({ secret: legacySecret, store, ...today }, handlers);
      const res = await site.visit('/', legacy.cookie);
      assert.deepEqual(attributes(setCookie(res) ?? ''), { path: '/', httponly: true });
      const { cookie } = stored(store, legacy.id) as { cookie: Record<string, unknown> };
      assert.deepEqual([cookie.expires, cookie.originalMaxAge], [null, null]);
    });
  });

  it('skips reserved names in the legacy record (B234)', async () => {
    const store = new ForeignStore();
    const reserved = {
      ...{ save: 'nope', touch: 1, reload: 1, regenerate: 1, destroy: 1, resetMaxAge: 1, renewToken: 1 },
      ...{ id: 'x', req: {}, jwt: { role: 'admin' }, constructor: 1, toString: 1, hasOwnProperty: 1 },
    };
    const text = recordOf({ hits: 2, ...reserved });
    store.records.set('apple', text.replace('{', '{"__proto__":{"admin":true},'));
    const seen: unknown[] = [];
    const look = (req: Request) => {
      const { save, jwt, admin } = data(req);
      seen.push(typeof save, (jwt as Record<string, unknown> | undefined)?.role, admin);
    };
    const site = await serve(
      { secret: legacySecret, store },
      {
        '/': (req, res) => {
          look(req);
          return countHits(req, res);
        },
      },
    );
    const res = await site.visit('/', legacyCookie('apple'));
    assert.equal(res.text, '3');
    assert.deepEqual(seen, ['function', undefined, undefined]);
    const { cookie, __session: state, ...saved } = stored(store, 'apple');
    assert.ok(cookie && state);
    assert.deepEqual(saved, { hits: 3 });
    assert.equal((await site.visit('/', cookieOf(res))).text, '4');
  });

  it('does not happen for an id that the store does not know: a plain new session (B235)', async () => {
    const { store, site, calls } = await upgradeSite();
    const untouched = await site.visit('/show', legacyCookie('unknown'));
    assert.equal(untouched.text, 'undefined');
    assert.equal(setCookie(untouched), undefined);
    assert.deepEqual(calls(), ['get unknown']);

    const modified = await site.visit('/', legacyCookie('unknown'));
    assert.equal(modified.text, '1');
    assert.deepEqual(calls().slice(1), ['get unknown', `set ${idOf(modified)}`]);
    assert.equal(sesOf(modified).lid, undefined);
    assert.ok(!store.records.has('unknown'));
    assert.equal((await site.visit('/', cookieOf(modified))).text, '2');
  });

  it('goes on from an id that the store does not know to the next candidate (B235)', async () => {
    const { legacy, site } = await upgradeSite();
    const res = await site.visit('/', `${legacyCookie('unknown')}; ${legacy.cookie}`);
    assert.equal(res.text, '3');
    assert.deepEqual(sesOf(res), { lid: legacy.id, gen: 1 });
  });

  for (const [name, path, options] of [
    ['destroy', '/destroy', {}],
    ['regenerate', '/regenerate', {}],
    ["unset 'destroy'", '/null', { unset: 'destroy' }],
    ['store.destroy of the application', '/store-destroy', {}],
  ] as const) {
    it(`after ${name} in the upgrading request the legacy cookie opens nothing (B236)`, async () => {
      const { store, legacy, site } = await upgradeSite(options);
      const ended = await site.visit(path, legacy.cookie);
      assert.ok(!store.records.has(legacy.id));
      if (name === 'regenerate') assert.match(idOf(ended), /^[\w-]{32}$/);
      if (setCookie(ended)) assert.equal(sesOf(ended).lid, undefined);
      const again = await site.visit('/', legacy.cookie);
      assert.equal(again.text, '1');
      assert.equal(sesOf(again).lid, undefined);
      assert.equal((await site.visit('/', cookieOf(again))).text, '2');
      assert.deepEqual(await lateErrors(site), []);
    });

    it(`after ${name} in a later request neither the legacy cookie nor a token opens anything (B236)`, async () => {
      const { store, legacy, site } = await upgradeSite(options);
      const upgraded = await site.visit('/', legacy.cookie);
      await site.visit('/', cookieOf(upgraded));
      await site.visit(path, cookieOf(upgraded));
      assert.ok(!store.records.has(legacy.id));
      for (const cookie of [legacy.cookie, cookieOf(upgraded)]) {
        assert.equal((await site.visit('/show', cookie)).text, 'undefined');
        const again = await site.visit('/', cookie);
        assert.equal(again.text, '1');
        assert.equal(sesOf(again).lid, undefined);
      }
      assert.deepEqual(await lateErrors(site), []);
    });

    it(`after ${name} by way of the legacy cookie itself it opens nothing (B236)`, async () => {
      const { legacy, site } = await upgradeSite(options);
      const upgraded = await site.visit('/', legacy.cookie);
      await site.visit(path, legacy.cookie);
      assert.equal((await site.visit('/show', legacy.cookie)).text, 'undefined');
      assert.equal((await site.visit('/show', cookieOf(upgraded))).text, 'undefined');
    });
  }

  it('gives the session that regenerate makes an id of its own (B236)', async () => {
    const { store, legacy, site } = await upgradeSite();
    const res = await site.visit('/regenerate', legacy.cookie);
    const { id: handle = '' } = sesOf(res);
    assert.deepEqual([...store.records.keys()], [idOfHandle(handle)]);
    assert.equal(stateOf(store, idOfHandle(handle)).adopted, undefined);
    assert.equal((await site.visit('/show', cookieOf(res))).text, '100');
  });

  it('a logout ends the session for a slower request that upgrades it at the same time (B236)', async () => {
    const { pass, reached, open: release } = gate();
    const store = new ForeignStore();
    const legacy = await startLegacySession(store, { hits: 2 });
    const slowly: Handler = async (req, res) => {
      await pass();
      return countHits(req, res);
    };
    const options = { secret: legacySecret, store: asStore(store) };
    const site = await serve(options, { ...handlers, '/slow': slowly });
    const slow = site.visit('/slow', legacy.cookie);
    await reached;
    await site.visit('/destroy', legacy.cookie);
    release();
    assert.equal(setCookie(await slow), undefined);
    assert.equal(store.records.size, 0);
    assert.equal((await site.visit('/show', legacy.cookie)).text, 'undefined');
    assert.deepEqual(await lateErrors(site), []);
  });
});

describe('a legacy cookie used again', () => {
  it('goes on in the session and gets a token of it each time (B237)', async () => {
    const { store, legacy, site } = await upgradeSite();
    const first = await site.visit('/', legacy.cookie);
    for (const [path, cookie, text] of [
      ['/', legacy.cookie, '4'],
      ['/show', legacy.cookie, '4'],
      ['/', cookieOf(first), '5'],
      ['/', legacy.cookie, '6'],
    ] as const) {
      const res = await site.visit(path, cookie);
      assert.equal(res.text, text);
      if (cookie === legacy.cookie) assert.deepEqual(sesOf(res), { lid: legacy.id, gen: 1 });
      else assert.equal(setCookie(res), undefined);
    }
    assertOnly(store, legacy);
  });

  it('opens nothing any more once somebody has signed in (B237)', async () => {
    const { store, legacy, site } = await upgradeSite({ jwtFromReq: claimsOfSession });
    const first = await site.visit('/', legacy.cookie);
    const login = await site.visit('/login', cookieOf(first));
    assert.deepEqual(sesOf(login), { lid: legacy.id, gen: 2 });
    const { adopted, gen } = stateOf(store, legacy.id);
    assert.deepEqual([adopted, gen], [true, 2]);
    const assertDead = async () => {
      for (const cookie of [legacy.cookie, cookieOf(first)]) {
        const res = await site.visit('/show', cookie);
        assert.equal(res.text, 'undefined');
        assert.equal(setCookie(res), undefined);
      }
    };
    await assertDead();
    const text = store.records.get(legacy.id) ?? '';
    store.records.set(legacy.id, text.replace(/"rotatedAt":\d+/, '"rotatedAt":1'));
    assert.notEqual(store.records.get(legacy.id), text);
    await assertDead();
    assert.equal((await site.visit('/show', cookieOf(login))).text, '3');
  });

  it('may itself be the one that signs in (B237)', async () => {
    const { legacy, site } = await upgradeSite({ jwtFromReq: claimsOfSession });
    const login = await site.visit('/login', legacy.cookie);
    assert.deepEqual(sesOf(login), { lid: legacy.id, gen: 2 });
    assert.equal((await site.visit('/show', legacy.cookie)).text, 'undefined');
    assert.equal((await site.visit('/show', cookieOf(login))).text, '2');
  });

  it('goes on at another server over the same store too (B237)', async () => {
    const { store, legacy, site } = await upgradeSite();
    await site.visit('/', legacy.cookie);
    const other = await serve({ secret: legacySecret, store }, handlers);
    const second = await other.visit('/', legacy.cookie);
    assert.equal(second.text, '4');
    assert.deepEqual(sesOf(second), { lid: legacy.id, gen: 1 });
  });

  const siteAt = (sites: Site[], at: number): Site => sites[at % sites.length] ?? assert.fail();

  /** Upgrade sites that share a store; `arrived` resolves once they have got this many requests in all. */
  async function busySites(number: number, requests: number) {
    const store = new PickyStore();
    const legacy = await startLegacySession(store, { hits: 2 });
    let got = 0;
    let resolve = (): void => undefined;
    const arrived = new Promise<void>((resolved) => (resolve = resolved));
    const sites = await Promise.all(
      Array.from({ length: number }, () => {
        const server = createServer({ secret: legacySecret, store }, routes(handlers));
        server.on('request', () => {
          if (++got === requests) resolve();
        });
        return open(server);
      }),
    );
    return { store, legacy, sites, arrived };
  }

  async function assertAllGood(site: Site, legacy: LegacySession, responses: Response[]): Promise<void> {
    for (const cookie of new Set(responses.map((res) => cookieOf(res)))) {
      assert.deepEqual(sesOf(cookie.slice(cookie.indexOf('=') + 1)), { lid: legacy.id, gen: 1 });
      assert.notEqual((await site.visit('/show', cookie)).text, 'undefined');
    }
  }

  for (const [name, number] of [
    ['one middleware', 1],
    ['two middlewares of one process', 2],
  ] as const) {
    for (const [path, text] of [
      ['/show', '2'],
      ['/', '3'],
    ] as const) {
      it(`by 20 requests at once at ${path} and ${name}: one session, and each token is good (B237)`, async () => {
        const { store, legacy, sites, arrived } = await busySites(number, 20);
        // All of them read the legacy record, which none has upgraded yet.
        store.gate = arrived;
        const pending = Array.from({ length: 20 }, (_, at) => siteAt(sites, at).visit(path, legacy.cookie));
        const responses = await Promise.all(pending);
        assertOnly(store, legacy);
        assert.deepEqual(new Set(responses.map((res) => res.text)), new Set([text]));
        for (const site of sites) assert.deepEqual(await lateErrors(site), []);
        await assertAllGood(siteAt(sites, 0), legacy, responses);
        const next = await siteAt(sites, 0).visit('/', cookieOf(responses[0] ?? assert.fail()));
        assert.equal(next.text, String(Number(text) + 1));
      });
    }

    it(`by 20 requests of which one is slow, ${name}: it does not take the others back (B237)`, async () => {
      const { store, legacy, sites } = await busySites(number, 20);
      const { reached, release } = store.hold('get');
      const slow = siteAt(sites, 0).visit('/show', legacy.cookie);
      await reached;
      const pending = Array.from({ length: 19 }, (_, at) => siteAt(sites, at).visit('/', legacy.cookie));
      const quick = await Promise.all(pending);
      const { hits } = stored(store, legacy.id);
      assert.ok(Number(hits) >= 3);
      release();
      await assertAllGood(siteAt(sites, 0), legacy, [...quick, await slow]);
      assertOnly(store, legacy);
      assert.equal(stored(store, legacy.id).hits, hits);
      for (const site of sites) assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('while the set of the first request is under way: nothing is lost (B237)', async () => {
    const { store, legacy, sites, arrived } = await busySites(1, 2);
    const [site] = sites;
    assert.ok(site);
    const { reached, release } = store.hold('set');
    const one = site.visit('/', legacy.cookie);
    await reached;
    const two = site.visit('/show', legacy.cookie);
    await arrived;
    release();
    const [first, second] = await Promise.all([one, two]);
    assert.equal(first.text, '3');
    assertOnly(store, legacy);
    assert.deepEqual(await lateErrors(site), []);
    // Read by the second before the first had stored it, or after: it must not have written that back.
    for (const res of [first, second]) assert.equal((await site.visit('/show', cookieOf(res))).text, '3');
  });

  it('by a slow request that changes nothing: what a quicker one has stored stays (B237)', async () => {
    const { pass, reached, open: release } = gate();
    const store = new PickyStore();
    const legacy = await startLegacySession(store, { hits: 2 });
    const slowly: Handler = async (req, res) => {
      await pass();
      return showHits(req, res);
    };
    const options = { secret: legacySecret, store: asStore(store) };
    const site = await serve(options, { ...handlers, '/slow': slowly });
    const slow = site.visit('/slow', legacy.cookie);
    await reached;
    const quick = await site.visit('/', legacy.cookie);
    assert.equal(quick.text, '3');
    release();
    assert.deepEqual(sesOf(await slow), sesOf(quick));
    const { hits, __session: state } = stored(store, legacy.id);
    assert.equal(hits, 3);
    assert.ok(state);
    assert.equal((await site.visit('/', legacy.cookie)).text, '4');
    assertOnly(store, legacy);
  });

  describe('after a store error', () => {
    it('in the get of the legacy record: the request fails, the next one is upgraded (B237)', async () => {
      const { store, legacy, site } = await upgradeSite();
      store.refuse = (method) => method === 'get';
      const failed = await site.get('/', legacy.cookie);
      assert.equal(failed.status, 500);
      assert.equal(failed.text, 'boom!');
      assert.equal(setCookie(failed), undefined);
      store.refuse = () => false;
      assert.equal((await site.visit('/', legacy.cookie)).text, '3');
    });

    it('in the set of the session: record and cookie go on working (B237)', async () => {
      const { store, legacy, site, calls } = await upgradeSite();
      const before = store.records.get(legacy.id);
      store.refuse = (method) => method === 'set';
      const failed = await site.get('/', legacy.cookie);
      assert.equal(failed.text, '3');
      assert.deepEqual(await lateErrors(site), ['boom!']);
      assert.equal(calls()[0], `get ${legacy.id}`);
      assert.equal(store.records.get(legacy.id), before);
      store.refuse = () => false;
      const next = await site.visit('/', legacy.cookie);
      assert.equal(next.text, '3');
      assert.equal((await site.visit('/', cookieOf(next))).text, '4');
    });

    it('in the touch of the session: the error is told, and the token is good (B237)', async () => {
      const { store, legacy, site } = await upgradeSite();
      store.failures.touch = new Error('boom!');
      const upgraded = await site.visit('/show', legacy.cookie);
      assert.deepEqual(await lateErrors(site), ['boom!']);
      assert.equal((await site.visit('/', cookieOf(upgraded))).text, '3');
    });

    it('in one set of 20 requests at once: it is made once more, and all are upgraded (B237)', async () => {
      const { store, legacy, sites, arrived } = await busySites(1, 20);
      const [site] = sites;
      assert.ok(site);
      store.gate = arrived;
      let sets = 0;
      store.refuse = (method) => method === 'set' && ++sets === 1;
      const responses = await Promise.all(Array.from({ length: 20 }, () => site.get('/', legacy.cookie)));
      assert.ok(sets > 1);
      assert.deepEqual(new Set(responses.map((res) => res.text)), new Set(['3']));
      assert.deepEqual(await lateErrors(site), []);
      const next = await site.visit('/', legacy.cookie);
      assert.equal(next.text, '4');
      assert.equal((await site.visit('/', cookieOf(next))).text, '5');
    });
  });
});
