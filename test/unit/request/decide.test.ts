// What becomes of a session and its token at the end of a request, as tables: each row differs from a plain case in little.
import assert from 'node:assert/strict';
import {
  type Before,
  type ClaimsChange,
  decideClaims,
  decideHeaders,
  decideStore,
  isModified,
  type Now,
  type Settings,
  signsIn,
  type StoreDecision,
  type TokenDecision,
} from '../../../src/request/decide';
import { Cookie } from '../../../src/session/cookie';
import { NEW_SESSION, type Snapshot, takeSnapshot } from '../../../src/session/snapshot';
import { NO_CLAIMS } from '../../../src/token/claims';

const MINUTE = 60_000;
const user = '{"user":1}';
const other = '{"user":2}';
const ada = '{"sub":"ada","role":"user"}';
const adaAsAdmin = '{"sub":"ada","role":"admin"}';
const bob = '{"sub":"bob","role":"user"}';

function snapshot(
  fields: object = { hits: 1 },
  cookie: ConstructorParameters<typeof Cookie>[0] = {},
): Snapshot {
  return takeSnapshot({ ...fields, cookie: new Cookie(cookie) });
}

const plain = snapshot();
const edited = snapshot({ hits: 2 });
const withOtherCookie = snapshot({ hits: 1 }, { sameSite: 'strict' });

const defaults: Settings = { rolling: false, resave: false, saveUninitialized: false, touchAfter: 0 };

/** What a row says of the session, and of the token that came. */
type Facts = Before & Pick<Now, 'tokenClaims' | 'isTokenDue'>;

/** A session that was loaded, whose token came with the request. */
const loaded: Facts = {
  origin: 'loaded',
  cookieFormat: 'jwt',
  before: plain,
  saved: undefined,
  claims: NO_CLAIMS,
  isStored: true,
  isSent: true,
  hasEnded: false,
  hasFailed: false,
  mustStore: false,
  mustSend: false,
  headersWrittenAt: undefined,
  tokenClaims: NO_CLAIMS,
  isTokenDue: false,
  storedExpires: undefined,
};

/** One that was generated in this request. */
const fresh: Facts = {
  ...loaded,
  ...{ origin: 'new', before: NEW_SESSION, isStored: false, isSent: false, tokenClaims: undefined },
};

const regenerated: Facts = { ...fresh, origin: 'regenerated', mustStore: true };
const superseded: Facts = { ...fresh, origin: 'superseded' };
const verified: Facts = { ...loaded, origin: 'verified' };
/** The cookie of express-session came, and no token. */
const legacy: Facts = { ...loaded, isSent: false, tokenClaims: undefined };

/** The same in the first step of a rolling deploy: the cookie stays what it is. */
const kept: Facts = { ...loaded, cookieFormat: 'express-session', tokenClaims: undefined };
/** One whose token is to be taken back for the cookie of express-session. */
const reissued: Facts = { ...kept, isSent: false };

const unchanged: Now = {
  tokenClaims: NO_CLAIMS,
  isTokenDue: false,
  snapshot: plain,
  claims: NO_CLAIMS,
  expires: undefined,
  hasExpires: false,
  canSend: true,
  canRefresh: true,
  keepsExpiry: false,
  time: 1_000_000,
};

/** The same with the token that the facts tell of. */
function withToken({ tokenClaims, isTokenDue }: Facts, now: Partial<Now> = {}): Now {
  return { ...unchanged, tokenClaims, isTokenDue, ...now };
}

/** A new session without data. */
const empty: Partial<Now> = { snapshot: snapshot({}) };

describe('decideClaims', () => {
  const table: [string, Partial<Facts>, string, ClaimsChange][] = [
    ['claims that are the same', {}, NO_CLAIMS, 'none'],
    ['claims that appear', {}, user, 'hard'],
    ['claims that disappear', { claims: user, tokenClaims: user }, NO_CLAIMS, 'hard'],
    ['claims that change', { claims: user, tokenClaims: user }, other, 'hard'],
    ['names in another order', { claims: ada, tokenClaims: ada }, '{"role":"user","sub":"ada"}', 'none'],
    ['claims that come after the start, as in the token', { tokenClaims: user }, user, 'none'],
    ['claims that come after the start, other than in the token', { tokenClaims: user }, other, 'hard'],
    [
      'claims other than in the token, but from the start',
      { claims: other, tokenClaims: user },
      other,
      'none',
    ],
    [
      'a token of another kind, with claims from the start',
      { tokenClaims: undefined, claims: user },
      user,
      'none',
    ],
    ['a token of another kind, and claims that change', { tokenClaims: undefined }, user, 'hard'],
    ['another claim of the same subject', { claims: ada, tokenClaims: ada }, adaAsAdmin, 'soft'],
    ['the same subject after none at the start', { tokenClaims: ada }, adaAsAdmin, 'soft'],
    [
      'another claim of the same subject, from the start',
      { claims: adaAsAdmin, tokenClaims: ada },
      adaAsAdmin,
      'soft',
    ],
    ['another subject than in the token, but from the start', { claims: bob, tokenClaims: ada }, bob, 'none'],
    ['another subject', { claims: ada, tokenClaims: ada }, bob, 'hard'],
    ['a subject that appears', {}, ada, 'hard'],
    ['a subject that disappears', { claims: ada, tokenClaims: ada }, '{"role":"user"}', 'hard'],
    ['a sign-out', { claims: ada, tokenClaims: ada }, NO_CLAIMS, 'hard'],
    [
      'a subject that is empty',
      { claims: '{"sub":"","a":1}', tokenClaims: '{"sub":"","a":1}' },
      '{"sub":""}',
      'hard',
    ],
    [
      'a subject that is no text',
      { claims: '{"sub":1,"a":1}', tokenClaims: '{"sub":1,"a":1}' },
      '{"sub":1}',
      'hard',
    ],
    ['a session that nobody has stored', { isStored: false }, user, 'none'],
    ['a session without a store', { origin: 'verified' }, user, 'none'],
    ['a new session that was stored, but not sent', { origin: 'new', isSent: false }, user, 'none'],
    ['a new session that was stored and sent', { origin: 'new', isSent: true }, user, 'hard'],
    [
      'a regenerated session that was stored, but not sent',
      { origin: 'regenerated', isSent: false },
      user,
      'none',
    ],
    [
      'a cookie of express-session, not yet answered',
      { isSent: false, tokenClaims: undefined },
      user,
      'hard',
    ],
    ['a cookie of express-session that is kept', kept, user, 'none'],
    ['a cookie of express-session that is kept, and a sign-out', { ...kept, claims: ada }, NO_CLAIMS, 'none'],
  ];
  for (const [name, before, claims, expected] of table) {
    it(`says ${expected} for ${name} (B210)`, () => {
      const facts = { ...loaded, ...before };
      assert.equal(decideClaims(facts, withToken(facts, { claims })), expected);
    });
  }
});

describe('signsIn', () => {
  it('tells claims that came in this request (B243)', () => {
    assert.equal(signsIn(superseded, NO_CLAIMS), false);
    assert.equal(signsIn(superseded, user), true);
    assert.equal(signsIn({ ...superseded, claims: user }, user), false);
    assert.equal(signsIn({ ...superseded, claims: user }, other), true);
    assert.equal(signsIn({ ...superseded, claims: user }, NO_CLAIMS), false);
  });
});

describe('isModified', () => {
  const table: [string, Facts, Partial<Now>, boolean][] = [
    ['a loaded session as it was', loaded, {}, false],
    ['a loaded session with other data', loaded, { snapshot: edited }, true],
    ['a loaded session with another cookie', loaded, { snapshot: withOtherCookie }, true],
    ['a new session without data', fresh, empty, false],
    ['a new session with data', fresh, {}, true],
    ['a new session with another cookie', fresh, { snapshot: snapshot({}, { sameSite: 'strict' }) }, false],
    [
      'a new session that is stored, with another cookie',
      { ...fresh, isStored: true },
      { snapshot: snapshot({}, { sameSite: 'strict' }) },
      false,
    ],
    ['a regenerated session without data', regenerated, empty, true],
  ];
  for (const [name, before, now, expected] of table) {
    it(`is ${String(expected)} for ${name} (B032 B035)`, () => {
      assert.equal(isModified(before, { ...unchanged, ...now }), expected);
    });
  }
});

describe('decideHeaders', () => {
  type Row = [string, Facts, Partial<Now>, Partial<Settings>, TokenDecision];
  const later = { expires: 5, hasExpires: true };
  const staying = { ...later, keepsExpiry: true };
  const table: Row[] = [
    ['a loaded session as it was', loaded, {}, {}, 'keep'],
    ['data that changed, and no expiry', loaded, { snapshot: edited }, {}, 'keep'],
    ['data that changed, and an expiry', loaded, { snapshot: edited, ...later }, {}, 'send'],
    ['data that changed, and an expiry of false', loaded, { snapshot: edited, hasExpires: true }, {}, 'send'],
    ['an expiry, and data as it was', loaded, later, {}, 'keep'],
    ['a cookie that was edited', loaded, { snapshot: withOtherCookie }, {}, 'send'],
    ['rolling', loaded, {}, { rolling: true }, 'send'],
    ['rolling, and an expiry that stays', loaded, staying, { rolling: true }, 'keep'],
    ['data that changed, and an expiry that stays', loaded, { ...staying, snapshot: edited }, {}, 'keep'],
    [
      'a cookie that was edited, and an expiry that stays',
      loaded,
      { ...staying, snapshot: withOtherCookie },
      {},
      'send',
    ],
    ['a token of a save, and an expiry that stays', { ...loaded, mustSend: true }, staying, {}, 'send'],
    ['claims that change, and an expiry that stays', loaded, { ...staying, claims: user }, {}, 'rotate'],
    [
      'a token that is due, and an expiry that stays',
      { ...loaded, isTokenDue: true },
      staying,
      {},
      'refresh',
    ],
    ['rolling, where nothing can be sent', loaded, { canSend: false }, { rolling: true }, 'keep'],
    ['a token of a save', { ...loaded, mustSend: true }, {}, {}, 'send'],
    [
      'a token of a save that is due as well',
      { ...loaded, mustSend: true, isTokenDue: true },
      {},
      {},
      'send',
    ],
    [
      'a token of a save, where nothing can be sent',
      { ...loaded, mustSend: true },
      { canSend: false },
      {},
      'keep',
    ],
    ['a token of a save that was too late', { ...loaded, mustSend: true, hasEnded: true }, {}, {}, 'keep'],

    ['claims that change', loaded, { claims: user }, {}, 'rotate'],
    // Who carries it out finds that it cannot be delivered.
    ['claims that change, where nothing can be sent', loaded, { claims: user, canSend: false }, {}, 'rotate'],
    ['claims that change once more', { ...loaded, mustSend: true }, { claims: user }, {}, 'rotate'],
    [
      'claims that change, in a session that has ended',
      { ...loaded, hasEnded: true },
      { claims: user },
      {},
      'keep',
    ],
    [
      'claims that change, after a rotation that failed',
      { ...loaded, hasFailed: true },
      { claims: user },
      {},
      'keep',
    ],
    ['rolling, after a rotation that failed', { ...loaded, hasFailed: true }, {}, { rolling: true }, 'keep'],
    [
      'a token of a save, after a second rotation that failed',
      { ...loaded, hasFailed: true, mustSend: true },
      { claims: user },
      {},
      'send',
    ],
    ['a soft change', { ...loaded, claims: ada, tokenClaims: ada }, { claims: adaAsAdmin }, {}, 'refresh'],
    [
      'a soft change in a response that caches share',
      { ...loaded, claims: ada, tokenClaims: ada },
      { claims: adaAsAdmin, canRefresh: false },
      {},
      'keep',
    ],
    [
      'a soft change in a response that caches share, and rolling',
      { ...loaded, claims: ada, tokenClaims: ada },
      { claims: adaAsAdmin, canRefresh: false },
      { rolling: true },
      'send',
    ],

    ['a token that is due', { ...loaded, isTokenDue: true }, {}, {}, 'refresh'],
    [
      'a token that is due, where nothing can be sent',
      { ...loaded, isTokenDue: true },
      { canSend: false },
      {},
      'keep',
    ],
    [
      'a token that is due, in a response that caches share',
      { ...loaded, isTokenDue: true },
      { canRefresh: false },
      {},
      'keep',
    ],
    ['a cookie of express-session', legacy, {}, {}, 'refresh'],
    ['a cookie of express-session, where nothing can be sent', legacy, { canSend: false }, {}, 'keep'],
    [
      'a cookie of express-session, in a response that caches share',
      legacy,
      { canRefresh: false },
      { rolling: true },
      'keep',
    ],
    ['a cookie of express-session, and claims that change', legacy, { claims: user }, {}, 'rotate'],

    ['a cookie that is kept', kept, {}, {}, 'keep'],
    ['a cookie that is kept, and claims that change', kept, { claims: user }, {}, 'keep'],
    ['a cookie that is kept, and data that changed', kept, { snapshot: edited }, {}, 'keep'],
    [
      'a cookie that is kept, data that changed, and an expiry',
      kept,
      { snapshot: edited, ...later },
      {},
      'send',
    ],
    ['a cookie that is kept, and was edited', kept, { snapshot: withOtherCookie }, {}, 'send'],
    ['a cookie that is kept, rolling', kept, {}, { rolling: true }, 'send'],
    [
      'a cookie that is kept, rolling, where nothing can be sent',
      kept,
      { canSend: false },
      { rolling: true },
      'keep',
    ],
    [
      'a login under a new id, whose cookie was kept',
      { ...kept, mustSend: true },
      { claims: user },
      {},
      'send',
    ],
    ['a token that is taken back', reissued, {}, {}, 'refresh'],
    ['a token that is taken back, and claims that change', reissued, { claims: user }, {}, 'refresh'],
    ['a token that is taken back, where nothing can be sent', reissued, { canSend: false }, {}, 'keep'],
    [
      'a token that is taken back, in a response that caches share',
      reissued,
      { canRefresh: false },
      { rolling: true },
      'keep',
    ],
    [
      'a new session with data, in the first step',
      { ...fresh, cookieFormat: 'express-session' },
      {},
      {},
      'send',
    ],

    ['a new session without data', fresh, empty, {}, 'keep'],
    ['a new session without data, rolling', fresh, empty, { rolling: true }, 'keep'],
    ['a new session without data, whose claims change', fresh, { ...empty, claims: user }, {}, 'keep'],
    ['a new session without data, saveUninitialized', fresh, empty, { saveUninitialized: true }, 'send'],
    ['a new session with data', fresh, {}, {}, 'send'],
    ['a new session with data, where nothing can be sent', fresh, { canSend: false }, {}, 'keep'],
    ['a regenerated session without data', regenerated, empty, {}, 'send'],
    [
      'a regenerated session, where nothing can be sent',
      regenerated,
      { ...empty, canSend: false },
      {},
      'keep',
    ],
    ['a new session that has ended', { ...fresh, hasEnded: true }, {}, {}, 'keep'],

    ['a superseded request', superseded, {}, { saveUninitialized: true, rolling: true }, 'keep'],
    ['a superseded request that signs in', superseded, { claims: user }, {}, 'send'],
    [
      'a superseded request that signs in, where nothing can be sent',
      superseded,
      { claims: user, canSend: false },
      {},
      'keep',
    ],
    [
      'a superseded request with claims from its start',
      { ...superseded, claims: user },
      { claims: user },
      {},
      'keep',
    ],
    [
      'a superseded request whose sign-in is saved',
      { ...superseded, claims: user, mustSend: true },
      { claims: user },
      {},
      'send',
    ],
    ['a session without a store', verified, { snapshot: edited, claims: user }, { rolling: true }, 'keep'],
  ];
  for (const [name, before, now, settings, expected] of table) {
    it(`says ${expected} for ${name} (B062)`, () => {
      assert.equal(decideHeaders(before, withToken(before, now), { ...defaults, ...settings }), expected);
    });
  }
});

describe('decideStore', () => {
  type Row = [string, Facts, Partial<Now>, Partial<Settings>, StoreDecision];
  const now = unchanged.time;
  const saved: Facts = { ...loaded, saved: plain };
  const staying = { keepsExpiry: true };
  const justWritten = { headersWrittenAt: now - 999 };
  const writtenBefore = { headersWrittenAt: now - 1000 };
  const day = 24 * 60 * MINUTE;
  const lasting = snapshot({ hits: 1 }, { maxAge: day });
  const lastingNow: Partial<Now> = { snapshot: lasting, expires: 2 * day, hasExpires: true };
  const since = (ms: number): Facts => ({
    ...loaded,
    before: lasting,
    storedExpires: new Date(2 * day - ms),
  });
  const table: Row[] = [
    ['a loaded session as it was', loaded, {}, {}, 'touch'],
    ['a loaded session as it was, resave', loaded, {}, { resave: true }, 'save'],
    ['a loaded session as it was, saveUninitialized', loaded, {}, { saveUninitialized: true }, 'touch'],
    ['an expiry that stays', loaded, staying, {}, 'nothing'],
    ['an expiry that stays, resave', loaded, staying, { resave: true }, 'nothing'],
    ['an expiry that stays, and data that changed', loaded, { ...staying, snapshot: edited }, {}, 'save'],
    ['an expiry that stays, and what has to be stored', { ...loaded, mustStore: true }, staying, {}, 'save'],
    [
      'an expiry that stays, and headers that were written a second ago',
      { ...saved, ...writtenBefore },
      staying,
      {},
      'nothing',
    ],
    ['data that changed', loaded, { snapshot: edited }, {}, 'save'],
    ['a cookie that was edited', loaded, { snapshot: withOtherCookie }, {}, 'save'],
    ['what has to be stored', { ...loaded, mustStore: true }, {}, {}, 'save'],
    [
      'a session that has ended',
      { ...loaded, hasEnded: true },
      { snapshot: edited },
      { resave: true },
      'nothing',
    ],

    [
      'data of a rotation that failed',
      { ...loaded, hasFailed: true, mustStore: true },
      { snapshot: edited },
      { resave: true },
      'nothing',
    ],

    ['claims that change, under a cookie that is kept', kept, { claims: user }, {}, 'touch'],
    ['data that changed, under a cookie that is kept', kept, { snapshot: edited, claims: user }, {}, 'save'],
    ['what a save has stored', saved, {}, { resave: true }, 'nothing'],
    ['what was changed after a save', saved, { snapshot: edited }, {}, 'save'],
    ['a cookie that was edited after a save', saved, { snapshot: withOtherCookie }, {}, 'save'],
    ['headers that were written just now', { ...saved, ...justWritten }, {}, {}, 'nothing'],
    ['headers that were written a second ago', { ...saved, ...writtenBefore }, {}, {}, 'touch'],
    [
      'headers that were written just now, and a change',
      { ...saved, ...justWritten },
      { snapshot: edited },
      {},
      'save',
    ],
    ['headers that were touched for just now', { ...loaded, ...justWritten }, {}, {}, 'nothing'],
    ['headers that were touched for a second ago', { ...loaded, ...writtenBefore }, {}, {}, 'touch'],

    ['a new session without data', fresh, empty, {}, 'nothing'],
    ['a new session without data, resave', fresh, empty, { resave: true }, 'nothing'],
    ['a new session without data, saveUninitialized', fresh, empty, { saveUninitialized: true }, 'save'],
    ['a new session with data', fresh, {}, {}, 'save'],
    ['a new session that was not sent because nothing could be', fresh, { canSend: false }, {}, 'save'],
    ['a regenerated session without data', regenerated, empty, {}, 'save'],

    ['an expiry that is young enough', since(MINUTE - 1), lastingNow, { touchAfter: MINUTE }, 'nothing'],
    ['an expiry that is old enough', since(MINUTE), lastingNow, { touchAfter: MINUTE }, 'touch'],
    ['an expiry, without touchAfter', since(1), lastingNow, {}, 'touch'],
    ['an expiry that comes sooner, without touchAfter', since(-MINUTE), lastingNow, {}, 'touch'],
    [
      'an expiry, and a touchAfter longer than half of the life',
      since(day / 2),
      lastingNow,
      { touchAfter: 10 * day },
      'touch',
    ],
    [
      'an expiry before half of the life',
      since(day / 2 - 1),
      lastingNow,
      { touchAfter: 10 * day },
      'nothing',
    ],
    ['no expiry, and touchAfter', loaded, {}, { touchAfter: MINUTE }, 'touch'],
    [
      'an expiry that was not stored',
      { ...loaded, before: lasting },
      lastingNow,
      { touchAfter: MINUTE },
      'touch',
    ],

    ['a superseded request', superseded, {}, { saveUninitialized: true, resave: true }, 'nothing'],
    ['a superseded request that signs in', superseded, { claims: user }, {}, 'save'],
    ['a superseded request that signs in, without data', superseded, { ...empty, claims: user }, {}, 'save'],
    [
      'a superseded request whose sign-in is saved',
      { ...superseded, isStored: true, saved: plain },
      {},
      {},
      'nothing',
    ],
    [
      'a superseded request whose sign-in could not be saved',
      { ...superseded, isStored: true },
      {},
      {},
      'save',
    ],
    ['a session without a store', verified, { snapshot: edited }, { resave: true }, 'nothing'],
  ];
  for (const [name, before, more, settings, expected] of table) {
    it(`says ${expected} for ${name} (B033 B034)`, () => {
      const then = { ...unchanged, ...more };
      assert.equal(decideStore(before, then, 'keep', { ...defaults, ...settings }), expected);
    });
  }

  it('says save for each rotation, whatever the data, but in a session that has ended (B208 B211)', () => {
    assert.equal(decideStore(saved, unchanged, 'rotate', defaults), 'save');
    assert.equal(decideStore({ ...saved, hasEnded: true }, unchanged, 'rotate', defaults), 'nothing');
  });

  for (const token of ['send', 'refresh'] as const) {
    it(`writes nothing because of a token to ${token} (B250)`, () => {
      assert.equal(decideStore(loaded, unchanged, token, defaults), 'touch');
    });
  }
});
