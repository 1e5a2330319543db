/** The middleware works behind cookie-parser, and believes only what is signed. */
import assert from 'node:assert/strict';
import cookieParser from 'cookie-parser';
import type { RequestHandler } from 'express';
import request from 'supertest';
import session from '../../src';
import { cookieOf, setCookie } from '../support/cookies';
import { breakSignature, byHand } from '../support/by-hand';
import { recordOf } from '../support/forge';
import { idOf, recordWith, sesOf, stateOf } from '../support/session-tokens';
import { keys } from '../support/keys';
import { legacyCookie } from '../support/legacy';
import { loose } from '../support/loose';
import { serverOf } from '../support/server';
import { asStore } from '../support/site';
import { ForeignStore } from '../support/stores';
import { visits } from '../support/visits';

const secret = 'keyboard cat';

/** What is left of a request once other code has read its cookies. */
interface Parsed {
  header?: string | undefined;
  signedCookies?: Record<string, unknown>;
  cookies?: Record<string, unknown>;
  /** `req.secret`: what cookie-parser verifies with. */
  secret?: unknown;
}

/** A store with a counting server on it. */
function setUp(options: session.SessionOptions = {}) {
  const store = new ForeignStore();
  const middleware = session({ keys, store: asStore(store), ...options });

  /** Visits with a Cookie header that cookie-parser takes off again, unless told to keep it. */
  const behindParser = (
    cookie: string,
    { parserSecret, keepHeader = false }: { parserSecret?: string; keepHeader?: boolean } = {},
  ) => {
    const parse = cookieParser(parserSecret);
    const parsed: RequestHandler = (req, res, next) => {
      parse(req, res, () => {
        if (!keepHeader) delete req.headers.cookie;
        middleware(req, res, next);
      });
    };
    return request(serverOf(parsed, visits)).get('/').set('Cookie', cookie);
  };

  /** Visits with what some parser would have left. */
  const visit = ({ header, signedCookies, cookies, secret: parserSecret }: Parsed = {}) => {
    const prepared: RequestHandler = (req, res, next) => {
      Object.assign(req, { signedCookies, cookies, secret: parserSecret });
      middleware(req, res, next);
    };
    const pending = request(serverOf(prepared, visits)).get('/');
    return header === undefined ? pending : pending.set('Cookie', header);
  };

  /** The token of a session that has this many visits. */
  const tokenWith = async (count: number) => {
    const token = byHand({ ses: { id: `session with ${String(count)}`, gen: 1 } });
    store.records.set(idOf(token), recordWith({ visits: count }));
    // Shows that the token is good before a test shows where it is read from.
    const res = await visit({ header: `connect.sid=${token}` }).expect(String(count + 1));
    assert.equal(setCookie(res), undefined);
    store.records.set(idOf(token), recordWith({ visits: count }));
    store.calls.length = 0;
    return token;
  };

  return { store, behindParser, visit, tokenWith };
}

describe('behind cookie-parser', () => {
  it('upgrades a legacy id, which sits in req.signedCookies without its wrapping (B184)', async () => {
    const { store, behindParser, visit } = setUp({ secret });
    store.records.set('old-id', recordOf({ visits: 41 }));
    const left = serverOf(cookieParser(secret), (req, res) => {
      res.end(JSON.stringify(req.signedCookies));
    });
    await request(left)
      .get('/')
      .set('Cookie', legacyCookie('old-id', secret))
      .expect('{"connect.sid":"old-id"}');

    const res = await behindParser(legacyCookie('old-id', secret), { parserSecret: secret }).expect('42');
    assert.deepEqual(sesOf(res), { lid: 'old-id', gen: 1 });
    await visit({ header: cookieOf(res) }).expect('43');
    assert.deepEqual([...store.records.keys()], ['old-id']);
  });

  it('upgrades none without a secret option (B184)', async () => {
    const { store, behindParser } = setUp();
    store.records.set('old-id', recordOf({ visits: 41 }));
    await behindParser(legacyCookie('old-id', secret), { parserSecret: secret }).expect('1');
    assert.equal(store.count('get'), 0);
  });

  it('reads the header as usual where it is still there (B184)', async () => {
    const { visit, behindParser } = setUp();
    const first = await visit().expect('1');
    await behindParser(cookieOf(first), { parserSecret: secret, keepHeader: true }).expect('2');
  });

  describe('with an id in several places', () => {
    const named = (value: unknown) => ({ 'connect.sid': value });

    it('prefers the header (B185)', async () => {
      const { visit, tokenWith, store } = setUp();
      const [header, signed, plain] = [await tokenWith(10), await tokenWith(20), await tokenWith(30)];
      await visit({
        header: `connect.sid=${header}`,
        signedCookies: named(signed),
        cookies: named(plain),
      }).expect('11');
      assert.equal(store.count('get'), 1);
    });

    it('prefers req.signedCookies to req.cookies (B185)', async () => {
      const { visit, tokenWith, store } = setUp();
      const [signed, plain] = [await tokenWith(20), await tokenWith(30)];
      await visit({ signedCookies: named(signed), cookies: named(plain) }).expect('21');
      assert.equal(store.count('get'), 1);
    });

    it('takes req.cookies last (B185)', async () => {
      const { visit, tokenWith } = setUp();
      const plain = await tokenWith(30);
      await visit({ header: 'other=1', signedCookies: {}, cookies: named(plain) }).expect('31');
    });

    for (const [label, rejected] of [
      ['garbage', () => 'garbage'],
      ['a token with a broken signature', () => breakSignature(byHand())],
      [
        'a legacy id with a bad signature',
        () => legacyCookie('old-id', 'another').slice('connect.sid='.length),
      ],
    ] as const) {
      it(`goes on past a header that holds ${label} (B185)`, async () => {
        const { visit, tokenWith } = setUp({ secret });
        const [signed, plain] = [await tokenWith(20), await tokenWith(30)];
        const header = `connect.sid=${rejected()}`;
        await visit({ header, signedCookies: named(signed), cookies: named(plain) }).expect('21');
        await visit({ header, cookies: named(plain) }).expect('31');
      });
    }

    it('goes on past a token in req.signedCookies that does not verify (B185)', async () => {
      const { visit, tokenWith } = setUp();
      const plain = await tokenWith(30);
      await visit({ signedCookies: named(breakSignature(byHand())), cookies: named(plain) }).expect('31');
    });

    it('goes on past a token whose session is lost (B185)', async () => {
      const { visit, tokenWith, store } = setUp();
      const plain = await tokenWith(30);
      await visit({ header: `connect.sid=${byHand()}`, cookies: named(plain) }).expect('31');
      assert.equal(store.count('get'), 2);
    });

    it('mixes tokens and cookies of express-session (B185)', async () => {
      const { store, visit, tokenWith } = setUp({ secret });
      const token = await tokenWith(30);
      store.records.set('old-id', recordOf({ visits: 41 }));
      const old = legacyCookie('old-id', secret);
      await visit({ header: `${old}; connect.sid=${token}` }).expect('42');
      await visit({ header: `connect.sid=${token}; ${old}` }).expect('31');
      await visit({ header: legacyCookie('lost', secret), cookies: named(token) }).expect('32');
      await visit({
        header: `connect.sid=${byHand()}`,
        cookies: named(decodeURIComponent(old.slice(12))),
      }).expect('43');
    });

    it('takes equal values once, wherever they are (B185)', async () => {
      const { visit, store } = setUp();
      const lost = byHand();
      await visit({
        header: `connect.sid=${lost}; connect.sid=${lost}`,
        signedCookies: named(lost),
        cookies: named(lost),
      }).expect('1');
      assert.equal(store.count('get'), 1);
    });

    it('tries four that are well-formed, not counting what is not (B185)', async () => {
      const { visit, tokenWith, store } = setUp({ secret });
      const plain = await tokenWith(30);
      const lost = (number: number) =>
        `connect.sid=${byHand({ ses: { id: `lost ${String(number)}`, gen: 1 } })}`;
      const three = ['garbage', lost(1), 'connect.sid=garbage', lost(2), 'connect.sid=', lost(3)].join('; ');
      await visit({ header: three, signedCookies: named(false), cookies: named(plain) }).expect('31');
      assert.equal(store.count('get'), 4);
      store.calls.length = 0;
      await visit({ header: `${three}; ${lost(4)}`, cookies: named(plain) }).expect('1');
      assert.equal(store.count('get'), 4);
    });

    it('takes a superseded one only where none lives (B185, B243)', async () => {
      const { visit, tokenWith, store } = setUp();
      const [old, living] = [await tokenWith(20), await tokenWith(30)];
      const supersede = () => {
        store.records.set(idOf(old), recordWith({ visits: 20 }, { gen: 2, rotatedAt: Date.now() }));
      };
      supersede();
      await visit({ header: `connect.sid=${old}`, cookies: named(living) }).expect('31');
      const res = await visit({ header: `connect.sid=${old}`, cookies: named(byHand()) }).expect('1');
      assert.equal(setCookie(res), undefined);
      assert.deepEqual([...store.records.keys()].sort(), [idOf(old), idOf(living)].sort());
    });
  });

  describe('with what was left to verify', () => {
    const named = (value: unknown) => ({ 'connect.sid': value });

    for (const given of [secret, ['another secret', secret]]) {
      it(`trusts a legacy id in req.signedCookies where req.secret is one of ${String(given)} (B186)`, async () => {
        const { store, behindParser } = setUp({ secret: given });
        store.records.set('old-id', recordOf({ visits: 41 }));
        await behindParser(legacyCookie('old-id', secret), { parserSecret: secret }).expect('42');
        assert.equal(store.calls[0]?.id, 'old-id');
      });
    }

    for (const [given, parserSecret] of [
      ['another secret', secret],
      [['another secret', 'a third'], secret],
      [undefined, secret],
      [secret, undefined],
      [secret, ''],
      [secret, 42],
      [secret, [secret]],
      [[Buffer.from(secret)], secret],
    ] as const) {
      const label = `${JSON.stringify(given)} does not have ${JSON.stringify(parserSecret)}`;
      it(`does not trust it where the secret option ${label} of req.secret (B116, B186)`, async () => {
        const { store, visit } = setUp(loose({ secret: given }));
        store.records.set('old-id', recordOf({ visits: 41 }));
        await visit({ signedCookies: named('old-id'), secret: parserSecret }).expect('1');
        assert.equal(store.count('get'), 0);
      });
    }

    it('verifies a legacy value in req.cookies (B186)', async () => {
      const { store, visit } = setUp({ secret });
      store.records.set('old-id', recordOf({ visits: 41 }));
      const legacy = (by: string) =>
        decodeURIComponent(legacyCookie('old-id', by).slice('connect.sid='.length));
      await visit({ cookies: named(legacy('another secret')) }).expect('1');
      await visit({ cookies: named('s:old-id') }).expect('1');
      await visit({ cookies: named('old-id') }).expect('1');
      assert.equal(store.count('get'), 0);
      await visit({ cookies: named(legacy(secret)) }).expect('42');
    });

    it('verifies a token from either (B186)', async () => {
      const { store, visit } = setUp();
      const forged = breakSignature(byHand());
      for (const id of [forged, idOf(forged)]) store.records.set(id, recordWith({ visits: 41 }));
      await visit({ cookies: named(forged) }).expect('1');
      await visit({ signedCookies: named(forged) }).expect('1');
      assert.equal(store.count('get'), 0);

      const good = byHand();
      store.records.set(idOf(good), recordWith({ visits: 41 }));
      await visit({ cookies: named(good) }).expect('42');
      await visit({ signedCookies: named(good) }).expect('43');
      assert.equal(stateOf(store, idOf(good)).gen, 1);
    });
  });

  describe('with entries that are not text', () => {
    const entries = [false, true, 42, null, {}, { toString: () => 'old-id' }, ['old-id'], () => 'old-id'];
    for (const entry of entries) {
      const label = typeof entry === 'object' ? JSON.stringify(entry) : String(entry);
      for (const place of ['cookies', 'signedCookies'] as const) {
        it(`ignores ${label} in req.${place} (B187)`, async () => {
          const { store, visit } = setUp({ secret });
          store.records.set('old-id', recordOf({ visits: 41 }));
          await visit({ [place]: { 'connect.sid': entry } }).expect(200, '1');
          assert.equal(store.count('get'), 0);
        });
      }
    }

    it('ignores a cookie that cookie-parser has made an object of (B187)', async () => {
      const { store, behindParser } = setUp({ secret });
      await behindParser('connect.sid=j:{"id":"old-id"}').expect(200, '1');
      await behindParser(legacyCookie('j:{"id":"old-id"}', secret), { parserSecret: secret }).expect(
        200,
        '1',
      );
      // A wrong signature makes cookie-parser leave `false`.
      await behindParser(legacyCookie('old-id', 'another secret'), { parserSecret: secret }).expect(200, '1');
      assert.equal(store.count('get'), 0);
    });

    it('goes on past them to the next place (B187)', async () => {
      const { visit, tokenWith } = setUp();
      const token = await tokenWith(30);
      await visit({ signedCookies: { 'connect.sid': false }, cookies: { 'connect.sid': token } }).expect(
        '31',
      );
    });

    it('does without cookie collections that are no objects (B187)', async () => {
      const { visit } = setUp();
      const parsed = { signedCookies: null, cookies: 'connect.sid' } as unknown as Parsed;
      await visit(parsed).expect(200, '1');
    });
  });
});
