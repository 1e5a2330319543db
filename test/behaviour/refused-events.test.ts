/** Subscribers hear why a credential opens nothing. */
import assert from 'node:assert/strict';
import { breakSignature, byHand } from '../support/by-hand';
import { cookieOf } from '../support/cookies';
import { nameOf, startEventSite } from '../support/event-pages';
import { heardOf, only } from '../support/events';
import { seconds } from '../support/forge';
import { keys, otherKeys } from '../support/keys';
import { legacyCookie } from '../support/legacy';
import type { Options } from '../support/server';
import { idOf, recordWith } from '../support/session-tokens';
import { gate, serve, type Gate, type Site } from '../support/site';
import { ForeignStore } from '../support/stores';

describe('Events of a credential that is refused (B274)', () => {
  let store: ForeignStore;
  let slow: Gate;
  beforeEach(() => {
    store = new ForeignStore();
    slow = gate();
  });

  const start = (options: Options = {}): Promise<Site> => startEventSite(store, slow, options);

  /** What is told while a site is asked for one page. */
  const heardAt = (site: Site, path: string, cookie?: string) => heardOf(() => site.visit(path, cookie));

  /** Reason, credential and session of the refusals of a request. */
  const refusals = async (site: Site, cookie: string | undefined, path = '/') =>
    only(await heardAt(site, path, cookie), 'refused').map(({ reason, credential, session }) => [
      reason,
      credential,
      session,
    ]);

  for (const [name, token, reason, options = {}] of [
    ['a bad signature', () => breakSignature(byHand()), 'signature'],
    ['the signature of another key', () => byHand({}, otherKeys), 'signature'],
    ['another audience', () => byHand({ aud: 'bank' }), 'audience', { jwt: { audience: 'shop' } }],
    ['an exp of the application that is over', () => byHand({ exp: seconds() - 60 }), 'time'],
    ['another purpose than a session', () => byHand({ ses: undefined, aud: 'mail' }), 'purpose'],
    ['a payload that is no JSON', () => `e30xx.eyJ4.${'A'.repeat(86)}`, 'malformed'],
  ] as [string, () => string, string, Options?][]) {
    it(`say why, and no session: a token with ${name}`, async () => {
      const told = await refusals(await start(options), `connect.sid=${token()}`);
      assert.deepEqual(told, [[reason, 'token', undefined]]);
    });
  }

  it('say why, and no session: a cookie of express-session with a bad signature', async () => {
    const told = await refusals(await start(), legacyCookie('an id', 'another secret'));
    assert.deepEqual(told, [['signature', 'express-session', undefined]]);
  });

  it('say it once a request for texts of no form at all, and not for an empty one', async () => {
    const site = await start();
    const malformed = 'connect.sid=a; connect.sid=b; connect.sid=eyJhbGciOiJub25lIn0.e30.';
    assert.deepEqual(await refusals(site, malformed), [['malformed', undefined, undefined]]);
    assert.deepEqual(await refusals(site, 'connect.sid='), []);
    const byHeader = await start({ jwt: { transport: { header: 'x-access-token' } } });
    const [told] = await heardOf(() =>
      fetch(`http://127.0.0.1:${String(byHeader.port)}/`, { headers: { 'x-access-token': 'no token' } }),
    );
    assert.equal(told?.reason, 'malformed');
  });

  it('name the session of a good token whose session is gone', async () => {
    const site = await start();
    const first = await site.visit('/write');
    await site.visit('/logout', cookieOf(first));
    const told = await refusals(site, cookieOf(first));
    assert.deepEqual(told, [['not-found', 'token', nameOf(idOf(first))]]);
    const legacy = await refusals(site, legacyCookie('never stored'));
    assert.deepEqual(legacy, [['not-found', 'express-session', nameOf('never stored')]]);
  });

  it('name the session whose generation has ended', async () => {
    const site = await start();
    const first = await site.visit('/write');
    await site.visit('/sign-in?ann', cookieOf(first));
    const told = await refusals(site, cookieOf(first));
    assert.deepEqual(told, [['superseded', 'token', nameOf(idOf(first))]]);
  });

  it('say that the record is none that the credential opens', async () => {
    const site = await start();
    const token = byHand({ ses: { id: 'a handle', gen: 2 } });
    store.records.set(idOf(token), recordWith({}));
    assert.deepEqual(await refusals(site, `connect.sid=${token}`), [
      ['record', 'token', nameOf(idOf(token))],
    ]);
    store.records.set('not adopted', recordWith({}));
    const told = await refusals(site, legacyCookie('not adopted'));
    assert.deepEqual(told, [['record', 'express-session', nameOf('not adopted')]]);
  });

  it('come from a service without a store as well', async () => {
    const verifier = await serve({ keys: { public: keys.public }, absoluteTimeout: 60_000 }, {});
    const old = byHand({ iat: seconds() - 61 });
    assert.deepEqual(await refusals(verifier, `connect.sid=${old}`), [
      ['timeout', 'token', nameOf(idOf(old))],
    ]);
    const upgraded = byHand({ ses: { lid: 'an old id', gen: 1 } });
    const told = await refusals(verifier, `connect.sid=${upgraded}`);
    assert.deepEqual(told, [['not-found', 'token', nameOf('an old id')]]);
  });
});
