// When a well signed token is accepted, by those who issue tokens and by those who only verify.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { isTokenShaped } from '../../../src/token/token';
import type { RuleOptions } from '../../../src/token/token-rules';
import { withFrozenClock } from '../../support/clock';
import { forge, issue, isSignedBy, seconds, thumbprint } from '../../support/forge';
import { createKeyPair, keys } from '../../support/keys';
import { contents, createTokens, sessionToken } from '../../support/tokens';

const verifierKeys = { public: keys.public };
const isAccepted = (claims: object, rules?: RuleOptions, given: unknown = keys): boolean =>
  createTokens({ keys: given, rules }).verify(sessionToken(claims)) !== undefined;

describe('a token that others have made', () => {
  it('is accepted with the right header, key and payload (B022)', () => {
    const token = createTokens().verify(forge({ alg: 'ES256', typ: 'JWT' }, { ses: { id: 'h', gen: 2 } }));
    assert.deepEqual([token?.ses?.handle, token?.ses?.generation], ['h', 2]);
  });

  it('is accepted by the kid of a key of ours, however its header is spelled, and by no other kid (B022)', () => {
    const signedBy = (kid: string): string =>
      forge({ kid, typ: 'JWT', alg: 'ES256' }, { ses: { id: 'h', gen: 2 } });
    assert.equal(createTokens().verify(signedBy(thumbprint(keys.public)))?.ses?.handle, 'h');
    assert.equal(createTokens().verify(signedBy(thumbprint(createKeyPair().public))), undefined);
  });

  it('is read as what it is where it is no session token, for 0.2.2 made such (B203, B237)', () => {
    const text = issue({ iat: seconds(), nonce: 'k3YkLuG6', role: 'admin' });
    const token = createTokens().verify(text);
    assert.equal(token?.ses, undefined);
    assert.deepEqual(token?.claims.value, { role: 'admin' });
  });

  it('keeps its text apart from that of the request', () => {
    const text = sessionToken();
    assert.equal(createTokens().verify(` ${text}`.slice(1))?.text, text);
  });
});

describe('a signature that is verified', () => {
  const forged = (): string => sessionToken().replace(/[^.]+$/, 'A'.repeat(86));

  it('leaves the stacks of errors as they are, be it good or not', () => {
    const { stackTraceLimit } = Error;
    assert.ok(createTokens().verify(sessionToken()));
    assert.equal(createTokens().verify(forged()), undefined);
    assert.equal(Error.stackTraceLimit, stackTraceLimit);
  });

  it('is verified as well where a program has frozen Error', () => {
    Object.defineProperty(Error, 'stackTraceLimit', { writable: false });
    try {
      assert.ok(createTokens().verify(sessionToken()));
      assert.equal(createTokens().verify(forged()), undefined);
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', { writable: true });
    }
  });
});

describe('the times of a token', () => {
  const now = seconds();

  it('may be an exp ahead and an nbf past (B023)', () => {
    assert.ok(isAccepted({ exp: now + 86_400, nbf: now - 86_400, iat: now - 1.5 }));
  });

  const refused: [string, object][] = [
    ['exp in the past', { exp: now - 1 }],
    ['exp at this very second', { exp: now }],
    ['exp at the epoch', { exp: 0 }],
    ['nbf in the future', { nbf: now + 86_400 }],
    ['exp past and nbf past', { exp: now - 5, nbf: now - 10 }],
  ];
  for (const name of ['exp', 'nbf', 'iat', 'auth_time']) {
    const far = name === 'exp' ? now + 86_400 : now - 86_400;
    for (const value of ['tomorrow', String(far), null, true, {}, [far]]) {
      refused.push([`${inspect(value).replace(String(far), 'a number')} for ${name}`, { [name]: value }]);
    }
  }
  for (const [name, claims] of refused) {
    it(`refuse it with ${name}, though its signature is good, at issuers and verifiers (B023)`, () => {
      assert.equal(isAccepted(claims), false);
      assert.equal(isAccepted(claims, { expiresIn: 600 }), false);
      assert.equal(isAccepted(claims, {}, verifierKeys), false);
    });
  }

  it('refuse from its exp on what was accepted a moment ago (B023)', async () => {
    await withFrozenClock(({ tick }) => {
      const tokens = createTokens();
      const text = sessionToken({ exp: seconds() + 10 });
      assert.ok(tokens.verify(text));
      tick(9_000);
      assert.ok(tokens.verify(text));
      tick(1_000);
      assert.equal(tokens.verify(text), undefined);
    });
  });

  it('admit it from its nbf on (B023)', async () => {
    await withFrozenClock(({ tick }) => {
      const tokens = createTokens();
      const text = sessionToken({ nbf: seconds() + 10 });
      assert.equal(tokens.verify(text), undefined);
      tick(10_000);
      assert.ok(tokens.verify(text));
    });
  });

  it('may be as far off as jwt.clockTolerance says', async () => {
    await withFrozenClock(() => {
      const rules = { clockTolerance: 10 };
      assert.equal(isAccepted({ exp: seconds() - 9 }, rules), true);
      assert.equal(isAccepted({ exp: seconds() - 10 }, rules), false);
      assert.equal(isAccepted({ nbf: seconds() + 10 }, rules), true);
      assert.equal(isAccepted({ nbf: seconds() + 11 }, rules), false);
    });
  });

  it('may be as old as jwt.maxTokenAge says, counted from an iat that can be true (B023)', async () => {
    await withFrozenClock(() => {
      const now = seconds();
      for (const given of [keys, verifierKeys]) {
        const ask = (claims: object, tolerance = 0) =>
          isAccepted(claims, { maxTokenAge: 60, clockTolerance: tolerance }, given);
        assert.equal(ask({ iat: now - 59 }), true);
        assert.equal(ask({ iat: now - 60 }), false);
        assert.equal(ask({ iat: now - 60, exp: now + 60 }), false);
        assert.equal(ask({ iat: now, exp: now - 1 }), false);
        assert.equal(ask({ iat: undefined }), false);
        assert.equal(ask({ iat: now + 1 }), false);
        assert.equal(ask({ iat: now + 5 }, 5), true);
        assert.equal(ask({ iat: now + 6 }, 5), false);
      }
      assert.ok(isAccepted({ iat: now + 86_400 }), 'where nothing counts from it');
    });
  });
});

describe('an exp that comes from jwt.expiresIn', () => {
  const expired = (more: object = {}) => ({
    iat: seconds() - 120,
    exp: seconds() - 60,
    ses: { id: 'h', gen: 1, exp: true },
    ...more,
  });

  it('does not end the session at the issuer, with the option or when it is gone (B023, B250)', () => {
    assert.equal(isAccepted(expired(), { expiresIn: 60 }), true);
    assert.equal(isAccepted(expired()), true);
  });

  it('is for those to look at who only verify (B250)', () => {
    assert.equal(isAccepted(expired(), { expiresIn: 60 }, verifierKeys), false);
    assert.equal(isAccepted(expired(), {}, verifierKeys), false);
    assert.equal(isAccepted(expired({ exp: seconds() + 60 }), {}, verifierKeys), true);
  });

  it('is none where ses does not say so, or is malformed (B023, B241)', () => {
    for (const ses of [{ id: 'h', gen: 1 }, { id: 'h', gen: 1, exp: 1 }, { id: 'h', exp: true }, undefined]) {
      assert.equal(isAccepted(expired({ ses }), { expiresIn: 60 }), false);
    }
  });

  it('does not lift a nbf, or a time that is none (B023)', () => {
    assert.equal(isAccepted(expired({ nbf: seconds() + 60 }), { expiresIn: 60 }), false);
    assert.equal(isAccepted(expired({ exp: 'past' }), { expiresIn: 60 }), false);
  });

  it('must be there for a service that only verifies and says jwt.expiresIn', () => {
    assert.equal(isAccepted({}, { expiresIn: 60 }, verifierKeys), false);
    assert.equal(isAccepted({}, { expiresIn: 60 }), true);
    assert.equal(isAccepted({ exp: seconds() + 60 }, { expiresIn: 60 }, verifierKeys), true);
  });

  it('makes jwt.maxTokenAge a matter of the verifiers as well (B250)', () => {
    const old = { iat: seconds() - 120 };
    assert.equal(isAccepted(old, { expiresIn: 60, maxTokenAge: 60 }), true);
    assert.equal(isAccepted({ iat: seconds() + 60 }, { expiresIn: 60, maxTokenAge: 60 }), false);
    assert.equal(isAccepted(old, { maxTokenAge: 60 }), false);
  });

  it('is never beyond the end of the session (B256)', async () => {
    await withFrozenClock(() => {
      const tokens = createTokens({ rules: { expiresIn: 600 } });
      const expOf = (endsAt: number | undefined) => tokens.issue(contents({ endsAt }), 4000).payload.exp;
      assert.equal(expOf(undefined), seconds() + 600);
      assert.equal(expOf(seconds() * 1000 + 900_000), seconds() + 600);
      assert.equal(expOf(seconds() * 1000 + 60_999), seconds() + 60);
    });
  });
});

describe('issuer and audience of a token', () => {
  const purposes: [RuleOptions, object, boolean][] = [
    [{ issuer: ['a'] }, { iss: 'a' }, true],
    [{ issuer: ['b', 'a'] }, { iss: 'a' }, true],
    [{ issuer: ['a'] }, {}, false],
    [{ issuer: ['a'] }, { iss: 'b' }, false],
    [{ issuer: ['a'] }, { iss: ['a'] }, false],
    [{ issuer: ['a'] }, { iss: null }, false],
    [{ audience: ['a'] }, { aud: 'a' }, true],
    [{ audience: ['a'] }, { aud: ['b', 'a'] }, true],
    [{ audience: ['c', 'b'] }, { aud: ['b', 'a'] }, true],
    [{ audience: [/^shop-/g] }, { aud: 'shop-1' }, true],
    [{ audience: [/^shop-/] }, { aud: ['bank', 'shop-1'] }, true],
    [{ audience: [/^shop-/] }, { aud: 'my-shop-1' }, false],
    [{ audience: [/1/] }, { aud: 1 }, false],
    [{ audience: ['a'] }, {}, false],
    [{ audience: [/undefined/] }, {}, false],
    [{ audience: ['a'] }, { aud: 'b' }, false],
    [{ audience: ['a'] }, { aud: [] }, false],
    [{ audience: ['a'] }, { aud: [['a']] }, false],
    [{ audience: ['a'] }, { aud: ['a', ['a']] }, false],
    [{ audience: ['a'] }, { aud: ['a', 1] }, false],
    [{ audience: ['a'] }, { aud: { 0: 'a', length: 1 } }, false],
  ];
  for (const [rules, claims, expected] of purposes) {
    it(`${JSON.stringify(claims)} are ${expected ? 'accepted' : 'refused'} by ${inspect(rules)}`, () => {
      const text = sessionToken(claims);
      const tokens = createTokens({ rules, keys: verifierKeys });
      for (let again = 0; again < 2; again++) {
        assert.equal(tokens.verify(text) !== undefined, expected);
        // Where nothing is remembered a pattern with the flag g is asked anew.
        assert.equal(isAccepted(claims, rules, verifierKeys), expected);
      }
    });
  }
});

describe('another spelling of a token', () => {
  /** The last character of 64 bytes in base64url has four bits that decode to nothing. */
  function strayBits(token: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return token.slice(0, -1) + (alphabet[alphabet.indexOf(token.slice(-1)) + 1] ?? '');
  }
  const text = sessionToken();

  for (const [name, other] of [
    ['with stray padding bits at its end', strayBits(text)],
    ['with base64 padding', `${text}==`],
    ['with a blank in its signature', `${text.slice(0, -40)} ${text.slice(-40)}`],
    ['with a fourth segment', `${text}.`],
  ] as const) {
    it(`${name} is refused, before and after the token was seen (B024)`, () => {
      const tokens = createTokens();
      assert.equal(isTokenShaped(other), false);
      assert.equal(tokens.verify(other), undefined);
      assert.ok(tokens.verify(text));
      assert.equal(tokens.verify(other), undefined);
    });
  }

  it('with stray bits still carries a signature that is mathematically good (B024)', () => {
    assert.ok(isSignedBy(strayBits(text), keys.public));
  });
});
