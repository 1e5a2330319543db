import assert from 'node:assert/strict';
import { createSecretKey, type CipherKey } from 'node:crypto';
import type { Request } from 'express';
import type { Response } from 'supertest';
import session from '../src';
import { contents } from './support/contents';
import { attributes, cookieOf, decode, digest, setCookie, tokenOf } from './support/cookies';
import { isSignedBy, recordOf } from './support/forge';
import { keys } from './support/keys';
import {
  legacyCookie,
  legacySecret,
  PickyStore,
  startLegacySession,
  type LegacySession,
} from './support/legacy';
import { lateErrors } from './support/late-errors';
import { loose } from './support/loose';
import { createServer, serverOf, type Handler } from './support/server';
import {
  asStore,
  closeSites,
  countHits,
  data,
  gate,
  open,
  openSite,
  routes,
  showHits,
  type Site,
} from './support/site';
import { ForeignStore, type StoreCall } from './support/stores';

const handlers: Record<string, Handler> = {
  '/': countHits,
  '/show': showHits,
  '/data': (req, res) => res.end(JSON.stringify(req.session)),
  '/destroy': async (req, res) => {
    await req.session.destroy();
    res.end();
  },
  '/regenerate': async (req, res) => {
    await req.session.regenerate();
    data(req).hits = 100;
    res.end();
  },
  '/null': (req, res) => {
    Object.assign(req, { session: null });
    res.end();
  },
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
  const site = await openSite({ secret: legacySecret, store: asStore(store), ...options }, handlers);
  return { store, legacy, site, calls: () => store.calls.slice(written).map(callText) };
}

/** What lies in the store under this id. */
function stored(store: ForeignStore, id: string): Record<string, unknown> {
  return JSON.parse(store.records.get(id) ?? 'null') as Record<string, unknown>;
}

describe('the secret option', () => {
  afterEach(closeSites);

  it('is not needed (B111)', async () => {
    const site = await openSite({}, handlers);
    const first = await site.visit('/');
    assert.ok(isSignedBy(tokenOf(first), keys.public));
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
  });

  it('is not needed where earlier code set req.secret (B111)', async () => {
    const site = await siteAfterCookieParser(legacySecret, {});
    const res = await site.get('/unknown');
    assert.equal(res.status, 200);
    assert.equal(res.text, '');
    const first = await site.visit('/');
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
  });

  it('is refused by the factory when it is an empty array (B112)', () => {
    assert.throws(
      () => session({ keys, secret: [] }),
      (error: unknown) =>
        error instanceof TypeError &&
        error.message.includes('secret option array must contain one or more strings'),
    );
  });

  const bob: Record<string, Handler> = {
    '/': (req, res) => {
      if (data(req).user === undefined) {
        data(req).user = 'bob';
        res.end('set');
      } else res.end(`get:${JSON.stringify(data(req).user)}`);
    },
  };
  for (const [name, secret] of [
    ['a string', 'awesome cat'],
    ['a Buffer', Buffer.from('awesome cat')],
    ['an array', ['keyboard cat', 'nyan cat']],
  ] as const) {
    it(`may be ${name} (B113)`, async () => {
      const site = await openSite(loose({ secret }), bob);
      const first = await site.visit('/');
      assert.ok(setCookie(first));
      assert.equal(first.text, 'set');
      assert.equal((await site.visit('/', cookieOf(first))).text, 'get:"bob"');
    });
  }

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
        const site = await openSite(loose({ secret: listed ? [secret] : secret, store }), handlers);
        assert.equal((await site.visit('/', legacy.cookie)).text, '3');
      });
    }
  }

  it('has no part in tokens: servers with other secrets read each other (B114)', async () => {
    const store = new ForeignStore();
    const secrets = ['keyboard cat', 'nyan cat', ['nyan cat', 'keyboard cat'], undefined];
    const sites = await Promise.all(secrets.map((secret) => openSite(loose({ secret, store }), handlers)));
    for (const issuer of sites) {
      const first = await issuer.visit('/');
      for (const reader of sites) assert.equal((await reader.visit('/show', cookieOf(first))).text, '1');
    }
  });
});

describe('a legacy cookie', () => {
  afterEach(closeSites);

  const vector = 's:apple.D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU';

  /** A site over a store in which these ids lead to sessions with 2 hits. */
  async function siteKnowing(ids: string[], options: Record<string, unknown>) {
    const store = new ForeignStore();
    for (const id of ids) store.records.set(id, recordOf({ hits: 2 }));
    const site = await openSite(loose({ store, ...options }), handlers);
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
    it(`is verified by req.secret alone where the option ${name} (B116)`, async () => {
      const store = new ForeignStore();
      store.records.set('apple', recordOf({ hits: 2 }));
      const site = await siteAfterCookieParser('keyboard cat', { ...options, store });
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

describe('upgrading an express-session session', () => {
  afterEach(closeSites);

  it('goes on counting under a token when the request modifies it (B229)', async () => {
    const { store, legacy, site } = await upgradeSite();
    const third = await site.visit('/', legacy.cookie);
    assert.equal(third.text, '3');
    const token = tokenOf(third);
    assert.ok(isSignedBy(token, keys.public));
    assert.equal((await site.visit('/', cookieOf(third))).text, '4');
    assert.deepEqual([...store.records.keys()].sort(), [digest(token), digest(legacy.id)].sort());
    assert.equal(stored(store, digest(token)).hits, 4);
  });

  it('sends a token when the request does not modify it, and only once (B230)', async () => {
    const { store, legacy, site } = await upgradeSite({ cookie: { maxAge: 60_000 } });
    const first = await site.visit('/show', legacy.cookie);
    assert.equal(first.text, '2');
    assert.ok(isSignedBy(tokenOf(first), keys.public));
    const second = await site.visit('/show', cookieOf(first));
    assert.equal(second.text, '2');
    assert.equal(setCookie(second), undefined);
    assert.deepEqual([...store.records.keys()].sort(), [digest(tokenOf(first)), digest(legacy.id)].sort());
  });

  it('works on the own MemoryStore, which then holds session and forwarding record (B229, B230)', async () => {
    const store = new session.MemoryStore();
    Object.assign((store as unknown as { sessions: object }).sessions, {
      apple: recordOf({ hits: 2 }),
      pear: recordOf({ hits: 2 }),
    });
    const site = await openSite({ secret: legacySecret, store }, handlers);
    for (const [id, path, text] of [
      ['apple', '/', '3'],
      ['pear', '/show', '2'],
    ] as const) {
      const first = await site.visit(path, legacyCookie(id));
      assert.equal(first.text, text);
      assert.equal((await site.visit('/show', cookieOf(first))).text, text);
      assert.equal((await site.visit('/show', legacyCookie(id))).text, text);
      const held = [...contents(store).keys()];
      assert.ok(held.includes(digest(id)) && held.includes(digest(tokenOf(first))) && !held.includes(id));
    }
    assert.equal(contents(store).size, 4);
  });

  it('does not happen for an s: cookie stripped of its signature (B231)', async () => {
    const { store, legacy, site } = await upgradeSite();
    const first = await site.visit('/', legacy.cookie.slice(0, legacy.cookie.lastIndexOf('.')));
    assert.equal(first.text, '1');
    assert.ok(isSignedBy(tokenOf(first), keys.public));
    assert.equal((await site.visit('/', cookieOf(first))).text, '2');
    assert.deepEqual([...store.records.keys()].sort(), [digest(tokenOf(first)), legacy.id].sort());
  });

  describe('asks of the store', () => {
    const ids: [string, string][] = [
      ['short', 'a'],
      ['of the usual length', 'x'.repeat(32)],
      ['that looks like a digest', digest('anything')],
      ['of 300 characters', 'long/id'.repeat(43).slice(0, 300)],
    ];
    for (const [name, id] of ids) {
      for (const path of ['/show', '/']) {
        it(`a get, a set, the forwarding record and a destroy for an id ${name}, at ${path} (B232)`, async () => {
          const { legacy, site, calls } = await upgradeSite({}, { genid: () => id });
          assert.equal(legacy.id, id);
          const res = await site.visit(path, legacy.cookie);
          assert.deepEqual(calls(), [
            `get ${id}`,
            `set ${digest(tokenOf(res))}`,
            `set ${digest(id)}`,
            `destroy ${id}`,
          ]);
        });
      }
    }

    it('nothing of the legacy record before the session is stored (B232)', async () => {
      const { store, legacy, site, calls } = await upgradeSite();
      const { reached, release } = store.hold('set');
      const pending = site.visit('/', legacy.cookie);
      await reached;
      assert.equal(calls().length, 2);
      assert.ok(store.records.has(legacy.id));
      release();
      const res = await pending;
      assert.equal(calls().length, 4);
      assert.deepEqual(calls().slice(2), [`set ${digest(legacy.id)}`, `destroy ${legacy.id}`]);
      assert.equal((await site.visit('/show', cookieOf(res))).text, '3');
    });
  });

  describe('leaves a forwarding record', () => {
    for (const [name, maxAge] of [
      ['a lifetime', 3_600_000],
      ['no lifetime', undefined],
    ] as const) {
      it(`that expires as the legacy session's cookie with ${name} does (B232)`, async () => {
        const { store, legacy, site } = await upgradeSite(
          { cookie: { maxAge: 5_000 } },
          { cookie: maxAge === undefined ? {} : { maxAge } },
        );
        const before = stored(store, legacy.id).cookie as Record<string, unknown>;
        await site.visit('/', legacy.cookie);
        const after = stored(store, digest(legacy.id)).cookie as Record<string, unknown>;
        assert.equal(after.expires, before.expires);
        assert.equal(after.originalMaxAge, before.originalMaxAge);
        assert.equal(after.originalMaxAge === null, maxAge === undefined);
      });
    }

    it('whose cookie a store can ask for its lifetime (B232)', async () => {
      const { store, legacy, site } = await upgradeSite({}, { cookie: { maxAge: 3_600_000 } });
      // express-session reads the clock twice: its own originalMaxAge can be a millisecond short.
      const before = stored(store, legacy.id).cookie as Record<string, unknown>;
      await site.visit('/', legacy.cookie);
      const { cookie } = store.handedOver.get(digest(legacy.id)) as {
        cookie: { expires: unknown; maxAge: unknown; originalMaxAge: unknown };
      };
      assert.ok(cookie.expires instanceof Date);
      assert.equal(cookie.expires.toISOString(), before.expires);
      assert.ok(Number(cookie.maxAge) > 3_500_000 && Number(cookie.maxAge) <= 3_600_000);
      assert.equal(cookie.originalMaxAge, before.originalMaxAge);
    });

    it('from which, as from the rest of the store, neither token nor legacy id can be read (B232)', async () => {
      const { store, legacy, site } = await upgradeSite({ jwtFromReq: () => ({ role: 'admin' }) });
      const token = tokenOf(await site.visit('/', legacy.cookie));
      const dump = JSON.stringify([...store.records]);
      for (const trace of [...token.split('.'), legacy.id, String(decode(token).payload.jti)]) {
        for (const form of ['utf8', 'hex', 'base64', 'base64url'] as const) {
          // Without the last characters, which in base64 depend on what comes next.
          const text = Buffer.from(trace).toString(form).slice(0, -3);
          assert.ok(!dump.includes(text), `${text} is in the store`);
        }
      }
    });

    it('none of whose texts, used as a cookie, opens the session (B232)', async () => {
      const { store, legacy, site } = await upgradeSite();
      const token = tokenOf(await site.visit('/', legacy.cookie));
      const texts = [...store.records].flatMap(([id, text]) => [id, ...strings(JSON.parse(text))]);
      assert.ok(texts.length > 3);
      for (const text of texts) {
        const res = await site.visit('/', `connect.sid=${encodeURIComponent(text)}`);
        assert.equal(res.text, '1');
        assert.notEqual(tokenOf(res), token);
      }
    });

    it("that another holder's legacy cookie cannot open (B232)", async () => {
      const { store, legacy, site } = await upgradeSite();
      const other = await startLegacySession(store, { hits: 50 });
      const token = tokenOf(await site.visit('/', legacy.cookie));
      await site.visit('/', other.cookie);
      store.records.set(digest(other.id), store.records.get(digest(legacy.id)) ?? '');
      const res = await site.visit('/', other.cookie);
      assert.equal(res.text, '1');
      assert.notEqual(tokenOf(res), token);
      assert.deepEqual(await lateErrors(site), []);
    });

    it('that is of no use once it was tampered with (B232)', async () => {
      const { store, legacy, site } = await upgradeSite();
      const token = tokenOf(await site.visit('/', legacy.cookie));
      const { cookie, ...sealed } = stored(store, digest(legacy.id));
      const original = JSON.stringify(sealed);
      const places = strings(sealed).flatMap((text) =>
        [0, text.length >> 1].map((at) => original.indexOf(text) + at),
      );
      assert.ok(places.length > 0);
      for (const at of places) {
        const flipped = original[at] === 'b' ? 'c' : 'b';
        const tampered = JSON.parse(original.slice(0, at) + flipped + original.slice(at + 1)) as object;
        store.records.set(digest(legacy.id), JSON.stringify({ cookie, ...tampered }));
        const res = await site.visit('/', legacy.cookie);
        assert.equal(res.text, '1');
        assert.notEqual(tokenOf(res), token);
      }
      store.records.set(digest(legacy.id), JSON.stringify({ cookie, ...sealed }));
      assert.equal(tokenOf(await site.visit('/show', legacy.cookie)), token);
    });

    it('different for each upgrade, though the legacy id is the same (B232)', async () => {
      const texts: string[] = [];
      for (let round = 0; round < 2; round++) {
        const { store, site } = await upgradeSite({ genid: () => 'same' }, { genid: () => 'apple' });
        await site.visit('/', legacyCookie('apple'));
        texts.push(store.records.get(digest('apple')) ?? '');
      }
      assert.notEqual(texts[0], '');
      assert.notEqual(texts[0], texts[1]);
    });
  });

  it('happens under defaults to an unmodified session as well (B233)', async () => {
    const store = new ForeignStore();
    const legacy = await startLegacySession(store, { hits: 2 });
    const sets = store.count('set');
    const site = await openSite({ secret: legacySecret, store: asStore(store) }, handlers);
    const res = await site.visit('/show', legacy.cookie);
    assert.ok(setCookie(res));
    assert.equal(store.count('set'), sets + 2);
    assert.equal(stored(store, digest(tokenOf(res))).hits, 2);
    assert.equal(store.count('touch'), 0);
  });

  it("copies the data and builds the cookie from today's options (B234)", async () => {
    const store = new ForeignStore();
    const fields = { hits: 2, user: { name: 'bob', roles: ['a', 'b'] }, flag: false, nothing: null };
    const legacy = await startLegacySession(store, fields, {
      cookie: { maxAge: 3_600_000, httpOnly: false, domain: 'old.test' },
    });
    const site = await openSite(
      { secret: legacySecret, store: asStore(store), cookie: { maxAge: 60_000, sameSite: 'strict' } },
      handlers,
    );
    const res = await site.visit('/data', legacy.cookie);
    const { cookie, ...copied } = JSON.parse(res.text) as Record<string, unknown>;
    assert.deepEqual(copied, fields);
    assert.equal((cookie as Record<string, unknown>).originalMaxAge, 60_000);

    const { cookie: kept, ...saved } = stored(store, digest(tokenOf(res)));
    assert.deepEqual(saved, { ...fields, __forwardedBy: digest(legacy.id) });
    const { expires, ...settings } = kept as Record<string, unknown>;
    assert.deepEqual(settings, { originalMaxAge: 60_000, httpOnly: true, path: '/', sameSite: 'strict' });
    const sent = attributes(setCookie(res) ?? '');
    assert.equal(sent.expires, new Date(String(expires)).toUTCString());
    assert.ok(Math.abs(Date.parse(String(expires)) - Date.now() - 60_000) < 5_000);
    assert.equal(sent.samesite, 'Strict');
    assert.equal(sent.httponly, true);
    assert.equal(sent.domain, undefined);
  });

  it('skips reserved names in the legacy record (B234)', async () => {
    const store = new ForeignStore();
    const reserved = {
      ...{ save: 'nope', touch: 1, reload: 1, regenerate: 1, destroy: 1, resetMaxAge: 1 },
      ...{ id: 'x', req: {}, jwt: { role: 'admin' }, constructor: 1, toString: 1, hasOwnProperty: 1 },
    };
    const text = recordOf({ hits: 2, ...reserved });
    store.records.set('apple', text.replace('{', '{"__proto__":{"admin":true},'));
    const seen: unknown[] = [];
    const look = (req: Request) => {
      const { save, jwt, admin } = data(req);
      seen.push(typeof save, (jwt as Record<string, unknown>).role, admin, req.session.id === req.sessionID);
    };
    const site = await openSite(
      { secret: legacySecret, store: asStore(store) },
      {
        '/': (req, res) => {
          look(req);
          return countHits(req, res);
        },
      },
    );
    const res = await site.visit('/', legacyCookie('apple'));
    assert.equal(res.text, '3');
    assert.deepEqual(seen, ['function', undefined, undefined, true]);
    const { cookie, ...saved } = stored(store, digest(tokenOf(res)));
    assert.ok(cookie);
    assert.deepEqual(saved, { hits: 3, __forwardedBy: digest('apple') });
    assert.equal((await site.visit('/', cookieOf(res))).text, '4');
  });

  it('does not happen for an id that the store does not know: a plain new session (B235)', async () => {
    const { store, site, calls } = await upgradeSite();
    const untouched = await site.visit('/show', legacyCookie('unknown'));
    assert.equal(untouched.text, 'undefined');
    assert.equal(setCookie(untouched), undefined);
    assert.equal(calls()[0], 'get unknown');
    assert.ok(calls().every((call) => call.startsWith('get ')));

    const before = calls().length;
    const modified = await site.visit('/', legacyCookie('unknown'));
    assert.equal(modified.text, '1');
    const writes = calls()
      .slice(before)
      .filter((call) => !call.startsWith('get '));
    assert.deepEqual(writes, [`set ${digest(tokenOf(modified))}`]);
    assert.ok(!store.records.has(digest('unknown')));
    assert.equal((await site.visit('/', cookieOf(modified))).text, '2');
  });

  for (const [name, path, options] of [
    ['destroy', '/destroy', {}],
    ['regenerate', '/regenerate', {}],
    ["unset 'destroy'", '/null', { unset: 'destroy' }],
  ] as const) {
    it(`after ${name} in the upgrading request the legacy cookie opens nothing (B236)`, async () => {
      const { store, legacy, site } = await upgradeSite(options);
      const ended = await site.visit(path, legacy.cookie);
      assert.ok(!store.records.has(legacy.id));
      const again = await site.visit('/', legacy.cookie);
      assert.equal(again.text, '1');
      assert.notEqual(setCookie(again), setCookie(ended));
      assert.equal((await site.visit('/', cookieOf(again))).text, '2');
      assert.deepEqual(await lateErrors(site), []);
    });

    it(`after ${name} in a later request the legacy cookie opens nothing (B236)`, async () => {
      const { store, legacy, site } = await upgradeSite(options);
      const upgraded = await site.visit('/', legacy.cookie);
      await site.visit('/', cookieOf(upgraded));
      const ended = await site.visit(path, cookieOf(upgraded));
      assert.ok(!store.records.has(legacy.id));
      assert.ok(!store.records.has(digest(tokenOf(upgraded))));
      const again = await site.visit('/', legacy.cookie);
      assert.equal(again.text, '1');
      assert.notEqual(tokenOf(again), tokenOf(upgraded));
      assert.notEqual(setCookie(again), setCookie(ended));
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

  it('a logout ends the session for a slower request that upgrades it at the same time (B236)', async () => {
    const { pass, reached, open: release } = gate();
    const store = new PickyStore();
    const legacy = await startLegacySession(store, { hits: 2 });
    const slowly: Handler = async (req, res) => {
      await pass();
      return countHits(req, res);
    };
    const options = { secret: legacySecret, store: asStore(store) };
    const site = await openSite(options, { ...handlers, '/slow': slowly });
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
  afterEach(closeSites);

  it('goes on in the upgraded session and repeats its token (B237)', async () => {
    const { store, legacy, site } = await upgradeSite();
    const first = await site.visit('/', legacy.cookie);
    const token = tokenOf(first);
    for (const [path, cookie, text] of [
      ['/', legacy.cookie, '4'],
      ['/show', legacy.cookie, '4'],
      ['/', cookieOf(first), '5'],
      ['/', legacy.cookie, '6'],
    ] as const) {
      const res = await site.visit(path, cookie);
      assert.equal(res.text, text);
      if (cookie === legacy.cookie) assert.equal(tokenOf(res), token);
    }
    assert.deepEqual([...store.records.keys()].sort(), [digest(token), digest(legacy.id)].sort());
  });

  it('is forwarded by another server over the same store too (B237)', async () => {
    const { store, legacy, site } = await upgradeSite();
    const first = await site.visit('/', legacy.cookie);
    const other = await openSite({ secret: legacySecret, store: asStore(store) }, handlers);
    const second = await other.visit('/', legacy.cookie);
    assert.equal(second.text, '4');
    assert.equal(tokenOf(second), tokenOf(first));
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
        const server = createServer({ secret: legacySecret, store: asStore(store) }, routes(handlers));
        server.on('request', () => {
          if (++got === requests) resolve();
        });
        return open(server);
      }),
    );
    return { store, legacy, sites, arrived };
  }

  /** One token for all of these responses, one session and one forwarding record, from one upgrade. */
  function assertSharedUpgrade(store: PickyStore, legacy: LegacySession, responses: Response[]): string {
    const tokens = new Set(responses.map((res) => tokenOf(res)));
    assert.equal(tokens.size, 1);
    const [token = ''] = tokens;
    assert.deepEqual([...store.records.keys()].sort(), [digest(token), digest(legacy.id)].sort());
    const calls = store.calls.map(callText);
    assert.equal(calls.filter((call) => call === `set ${digest(legacy.id)}`).length, 1);
    assert.equal(calls.filter((call) => call === `destroy ${legacy.id}`).length, 1);
    return token;
  }

  for (const [name, number] of [
    ['one middleware', 1],
    ['two middlewares of one process', 2],
  ] as const) {
    for (const [path, text] of [
      ['/show', '2'],
      ['/', '3'],
    ] as const) {
      it(`by 20 requests at once at ${path} and ${name}: one session, one token (B237)`, async () => {
        const { store, legacy, sites, arrived } = await busySites(number, 20);
        // All of them read the legacy record, which none has upgraded yet.
        store.gate = arrived;
        const pending = Array.from({ length: 20 }, (_, at) => siteAt(sites, at).visit(path, legacy.cookie));
        const responses = await Promise.all(pending);
        const token = assertSharedUpgrade(store, legacy, responses);
        assert.deepEqual(new Set(responses.map((res) => res.text)), new Set([text]));
        for (const site of sites) assert.deepEqual(await lateErrors(site), []);

        const next = await siteAt(sites, 0).visit('/', `connect.sid=${token}`);
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
      const token = tokenOf(quick[0] ?? assert.fail());
      const { hits } = stored(store, digest(token));
      assert.ok(Number(hits) >= 3);
      release();
      const responses = [...quick, await slow];
      assert.equal(assertSharedUpgrade(store, legacy, responses), token);
      assert.equal(stored(store, digest(token)).hits, hits);
      for (const site of sites) assert.deepEqual(await lateErrors(site), []);
    });
  }

  it('by 20 requests at once after the upgrade: the same session and token (B237)', async () => {
    const { store, legacy, site } = await upgradeSite();
    const token = tokenOf(await site.visit('/', legacy.cookie));
    const responses = await Promise.all(Array.from({ length: 20 }, () => site.visit('/show', legacy.cookie)));
    assert.deepEqual(new Set(responses.map((res) => tokenOf(res))), new Set([token]));
    assert.deepEqual(new Set(responses.map((res) => res.text)), new Set(['3']));
    assert.equal(store.records.size, 2);
  });

  for (const method of ['set', 'destroy'] as const) {
    it(`while the ${method} of the upgrade is under way: the same token, nothing lost (B237)`, async () => {
      const { store, legacy, sites, arrived } = await busySites(1, 2);
      const [site] = sites;
      assert.ok(site);
      const { reached, release } = store.hold(method);
      const one = site.visit('/', legacy.cookie);
      await reached;
      const two = site.visit('/show', legacy.cookie);
      await arrived;
      release();
      const [first, second] = await Promise.all([one, two]);
      assert.equal(first.text, '3');
      assert.equal(tokenOf(second), tokenOf(first));
      const token = tokenOf(first);
      assert.deepEqual([...store.records.keys()].sort(), [digest(token), digest(legacy.id)].sort());
      assert.deepEqual(await lateErrors(site), []);
      // Read by the second before the first had stored it, or after: it must not have written that back.
      assert.equal((await site.visit('/show', cookieOf(first))).text, '3');
    });
  }

  it('by a slow request that changes nothing: what a quicker one has stored stays (B237)', async () => {
    const { pass, reached, open: release } = gate();
    const store = new PickyStore();
    const legacy = await startLegacySession(store, { hits: 2 });
    const slowly: Handler = async (req, res) => {
      await pass();
      return showHits(req, res);
    };
    const options = { secret: legacySecret, store: asStore(store) };
    const site = await openSite(options, { ...handlers, '/slow': slowly });
    const slow = site.visit('/slow', legacy.cookie);
    await reached;
    const quick = await site.visit('/', legacy.cookie);
    assert.equal(quick.text, '3');
    release();
    assert.equal(tokenOf(await slow), tokenOf(quick));
    assert.equal(stored(store, digest(tokenOf(quick))).hits, 3);
    assert.equal((await site.visit('/', legacy.cookie)).text, '4');
    assert.equal(store.records.size, 2);
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

    it('in the set of the session: legacy record and cookie go on working (B237)', async () => {
      const { store, legacy, site, calls } = await upgradeSite();
      store.refuse = (method, id) => method === 'set' && id !== digest(legacy.id);
      const failed = await site.get('/', legacy.cookie);
      assert.equal(failed.text, '3');
      assert.equal(setCookie(failed), undefined, 'the browser would lose its working legacy cookie');
      assert.deepEqual(await lateErrors(site), ['boom!']);
      assert.equal(calls().length, 2);
      assert.deepEqual([...store.records.keys()], [legacy.id]);
      store.refuse = () => false;
      const next = await site.visit('/', legacy.cookie);
      assert.equal(next.text, '3');
      assert.equal((await site.visit('/', cookieOf(next))).text, '4');
    });

    it('in the set of the forwarding record: the legacy record is kept, both cookies work (B237)', async () => {
      const { store, legacy, site, calls } = await upgradeSite();
      store.refuse = (method, id) => method === 'set' && id === digest(legacy.id);
      const upgraded = await site.get('/', legacy.cookie);
      assert.equal(upgraded.text, '3');
      assert.deepEqual(await lateErrors(site), ['boom!']);
      assert.ok(!calls().includes(`destroy ${legacy.id}`));
      assert.ok(store.records.has(legacy.id));
      store.refuse = () => false;
      assert.equal((await site.visit('/', cookieOf(upgraded))).text, '4');
      assert.ok(Number((await site.visit('/', legacy.cookie)).text) >= 3);
    });

    it('in the destroy of the legacy record: both cookies work (B237)', async () => {
      const { store, legacy, site } = await upgradeSite();
      store.refuse = (method) => method === 'destroy';
      const upgraded = await site.get('/', legacy.cookie);
      assert.equal(upgraded.text, '3');
      assert.deepEqual(await lateErrors(site), ['boom!']);
      store.refuse = () => false;
      assert.equal((await site.visit('/', cookieOf(upgraded))).text, '4');
      assert.ok(Number((await site.visit('/', legacy.cookie)).text) >= 3);
    });

    for (const [name, idOf] of [
      ['the forwarding record', (legacyId: string) => digest(legacyId)],
      ['the session it leads to', (_: string, token: string) => digest(token)],
    ] as const) {
      it(`in the get of ${name}: the request fails, the next one goes on (B237)`, async () => {
        const { store, legacy, site } = await upgradeSite();
        const upgraded = await site.visit('/', legacy.cookie);
        store.refuse = (method, id) => method === 'get' && id === idOf(legacy.id, tokenOf(upgraded));
        const failed = await site.get('/', legacy.cookie);
        assert.equal(failed.status, 500);
        assert.equal(failed.text, 'boom!');
        store.refuse = () => false;
        const next = await site.visit('/', legacy.cookie);
        assert.equal(next.text, '4');
        assert.equal(tokenOf(next), tokenOf(upgraded));
      });
    }

    it('in one of 20 requests at once: the others are upgraded all the same (B237)', async () => {
      const { store, legacy, sites, arrived } = await busySites(1, 20);
      const [site] = sites;
      assert.ok(site);
      store.gate = arrived;
      let sets = 0;
      store.refuse = (method, id) => method === 'set' && id !== digest(legacy.id) && ++sets === 1;
      const responses = await Promise.all(Array.from({ length: 20 }, () => site.get('/show', legacy.cookie)));
      assert.ok(sets > 1);
      assert.deepEqual(new Set(responses.map((res) => res.text)), new Set(['2']));
      const next = await site.visit('/', legacy.cookie);
      assert.equal(next.text, '3');
      assert.equal((await site.visit('/', cookieOf(next))).text, '4');
    });
  });
});

/** Every text in a JSON value. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(strings);
}
