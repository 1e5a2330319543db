// What the jwt and absoluteTimeout options ask of tokens and sessions.
import assert from 'node:assert/strict';
import { NO_RULES, type RuleOptions, TokenRules } from '../../../src/token/token-rules';
import { withFrozenClock } from '../../support/clock';
import { seconds } from '../../support/forge';
import { contents, createTokens, sessionToken } from '../../support/tokens';

describe('tokens of the jwt option', () => {
  const payloadOf = (rules: RuleOptions) => createTokens({ rules }).issue(contents(), 4000).payload;

  it('say until when they are good, who has issued them, and for whom', () => {
    const rules = { expiresIn: 900, issuer: ['a', 'b'], audience: ['shop'], isSingleAudience: true };
    const { iat, exp, iss, aud, ses } = payloadOf(rules);
    assert.deepEqual({ life: Number(exp) - Number(iat), iss, aud }, { life: 900, iss: 'a', aud: 'shop' });
    assert.deepEqual(ses, { id: 'a-handle', gen: 1, exp: true });
    assert.deepEqual(payloadOf({ audience: ['shop', 'bank'], isSingleAudience: false }).aud, [
      'shop',
      'bank',
    ]);
  });

  it('have the claims of the application all the same', () => {
    const rules = { expiresIn: 900, issuer: ['a'], audience: ['b'] };
    const token = createTokens({ rules }).issue(contents({ claims: '{"user":1}', authTime: 5 }), 4000);
    assert.equal(token.claims.text, '{"user":1}');
  });

  it('say when they are due: after half of their life (B250)', () => {
    const token = createTokens({ rules: { expiresIn: 600 } }).issue(contents(), 4000);
    assert.equal(token.dueAt, (Number(token.payload.iat) + 300) * 1000);
  });

  const now = seconds();
  const own = { id: 'h', gen: 1, exp: true };
  const theirs = { id: 'h', gen: 1 };
  const due: [string, RuleOptions, object, number][] = [
    ['at once without an exp, from before the option was there', { expiresIn: 600 }, { ses: theirs }, 0],
    ['never with an exp of jwtFromReq', { expiresIn: 600 }, { ses: theirs, exp: now + 86_400 }, Infinity],
    ['never without the option', {}, { ses: theirs }, Infinity],
    ['never without the option, with an exp of jwtFromReq', {}, { ses: theirs, exp: now + 86_400 }, Infinity],
    ['at once where the option is gone', {}, { ses: own, exp: now + 86_400 }, 0],
    ['at once where its own exp is missing', { expiresIn: 600 }, { ses: own }, 0],
    ['at once without an iat', { expiresIn: 600 }, { ses: own, iat: undefined, exp: now + 86_400 }, 0],
    [
      'never where none of its session could live longer',
      { expiresIn: 600, absoluteTimeout: 60_000 },
      { ses: own, iat: now, exp: now + 60, auth_time: now },
      Infinity,
    ],
    [
      'as ever where its session goes on for longer',
      { expiresIn: 600, absoluteTimeout: 61_000 },
      { ses: own, iat: now, exp: now + 60, auth_time: now },
      (now + 30) * 1000,
    ],
    [
      'as ever where nobody has signed in',
      { expiresIn: 600, absoluteTimeout: 60_000 },
      { ses: own, iat: now, exp: now + 86_400 },
      (now + 43_200) * 1000,
    ],
  ];
  for (const [name, rules, claims, expected] of due) {
    it(`are due ${name} (B250)`, () => {
      assert.equal(createTokens({ rules }).verify(sessionToken(claims))?.dueAt, expected);
    });
  }
});

describe('the end of a session', () => {
  it('does not come by itself without absoluteTimeout', () => {
    assert.equal(NO_RULES.absoluteTimeout, undefined);
    assert.equal(NO_RULES.endOf(1, 2), undefined);
  });

  it('counts from auth_time, and from its creation where nobody has signed in (B256)', () => {
    const rules = new TokenRules({ absoluteTimeout: 1500 });
    assert.equal(rules.absoluteTimeout, 1500);
    assert.equal(rules.endOf(100, 7_000), 101_500);
    assert.equal(rules.endOf(undefined, 7_001), 8_501);
    assert.equal(rules.endOf(0, 7_000), 1500);
  });
});

describe('rules', () => {
  it('tell what they are about', () => {
    const rules = new TokenRules({ expiresIn: 1, maxTokenAge: 2, issuer: ['a'], audience: [/b/] });
    assert.deepEqual([...rules.written.keys()], ['exp', 'iss', 'aud']);
    assert.deepEqual([rules.refreshes, rules.limitsAge, rules.hasAudiencePattern], [true, true, true]);
    assert.deepEqual([...NO_RULES.written.keys()], []);
    assert.deepEqual(
      [NO_RULES.refreshes, NO_RULES.limitsAge, NO_RULES.hasAudiencePattern],
      [false, false, false],
    );
  });

  it('write no claim for an option that is not there', () => {
    assert.deepEqual([...new TokenRules({ issuer: ['a'] }).written], [['iss', 'jwt.issuer']]);
    assert.deepEqual([...new TokenRules().written], []);
  });

  it('say that a token without a session is never due, if none of them is', () => {
    assert.equal(new TokenRules().dueAt({ exp: 1 }, undefined), Infinity);
  });

  it('refuse a token without an iat where they limit its age, even if its issuer could refresh it (B023)', () => {
    const rules = new TokenRules({ expiresIn: 60, maxTokenAge: 60 });
    const session = { handle: 'h', legacyId: undefined, generation: 1, hasOwnExpiry: true };
    const exp = seconds() + 60;
    assert.equal(rules.isTimely({ exp }, session, true), false);
    assert.equal(rules.isTimely({ iat: seconds(), exp }, session, true), true);
  });

  it('let clockTolerance lengthen jwt.maxTokenAge (B023)', async () => {
    await withFrozenClock(({ tick }) => {
      const rules = new TokenRules({ maxTokenAge: 60, clockTolerance: 10 });
      const iat = seconds();
      tick(69_000);
      assert.equal(rules.isTimely({ iat }, undefined, false), true);
      tick(1000);
      assert.equal(rules.isTimely({ iat }, undefined, false), false);
    });
  });

  it('let a refreshed token be one of the same session with later times (B250)', async () => {
    await withFrozenClock(({ tick }) => {
      const tokens = createTokens({ rules: { expiresIn: 600 } });
      const first = tokens.issue(contents({ claims: '{"user":1}', authTime: 5 }), 4000);
      tick(400_000);
      const second = tokens.issue(contents({ claims: '{"user":1}', authTime: 5 }), 4000);
      assert.deepEqual(second.ses, first.ses);
      assert.equal(Number(second.payload.exp) - Number(first.payload.exp), 400);
      assert.ok(tokens.verify(first.text));
    });
  });
});
