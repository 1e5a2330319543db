// What is in the tokens that are issued, and when none can be.
import assert from 'node:assert/strict';
import { IssueError, NoPrivateKeyError } from '../../../src/keys/key-ring';
import { claimsOf } from '../../../src/token/claims';
import { createTokenCache, MAX_COOKIE_LENGTH } from '../../../src/token/token';
import { withFrozenClock } from '../../support/clock';
import { decode } from '../../support/cookies';
import { countChecks } from '../../support/cryptography';
import { isSignedBy, seconds, thumbprint } from '../../support/forge';
import { createKeyPair, keys, otherKeys, secp256k1Keys } from '../../support/keys';
import { contents, createTokens } from '../../support/tokens';

const LENGTH = MAX_COOKIE_LENGTH - 'connect.sid'.length;

describe('a token that is issued', () => {
  it('says who has signed it, when, and which session it opens, and nothing else (B203, B241)', async () => {
    await withFrozenClock(() => {
      const token = createTokens().issue(contents({ handle: 'apple', generation: 3 }), LENGTH);
      const { header, payload } = decode(token.text);
      assert.deepEqual(Object.entries(header), [
        ['alg', 'ES256'],
        ['typ', 'JWT'],
        ['kid', thumbprint(keys.public)],
      ]);
      assert.deepEqual(payload, { iat: seconds(), ses: { id: 'apple', gen: 3 } });
      assert.deepEqual(token.payload, payload);
      assert.equal(token.kid, header.kid);
      assert.ok(isSignedBy(token.text, keys.public));
      assert.match(token.text, /\.[\w-]{86}$/);
    });
  });

  it('has the claims of the application beside them, at the top level (B202, B203)', () => {
    const claims = '{"user":101,"sid":"theirs","jti":"theirs","nonce":"theirs","tenant":{"id":3}}';
    const token = createTokens().issue(contents({ claims, authTime: 1_700_000_000 }), LENGTH);
    const { iat, ...payload } = decode(token.text).payload;
    assert.ok(iat);
    assert.deepEqual(payload, {
      ...(JSON.parse(claims) as object),
      ses: { id: 'a-handle', gen: 1 },
      auth_time: 1_700_000_000,
    });
    assert.equal(token.claims.text, claims);
    assert.equal(token.authTime, 1_700_000_000);
  });

  it('keeps a claim named __proto__ a claim', () => {
    const token = createTokens().issue(contents({ claims: '{"__proto__":{"admin":true}}' }), LENGTH);
    assert.ok(
      Buffer.from(token.text.split('.')[1] ?? '', 'base64url').includes('"__proto__":{"admin":true}'),
    );
    assert.equal(token.claims.text, '{"__proto__":{"admin":true}}');
  });

  it('names a session that express-session had stored by its old id (B232)', () => {
    const token = createTokens().issue(contents({ handle: undefined, legacyId: 'old id' }), LENGTH);
    assert.deepEqual(decode(token.text).payload.ses, { lid: 'old id', gen: 1 });
  });

  it('is known without cryptography when it comes back (B019)', async () => {
    const tokens = createTokens();
    const token = tokens.issue(contents(), LENGTH);
    const checks = await countChecks(() => {
      assert.equal(tokens.verify(token.text), token);
      return Promise.resolve();
    });
    assert.equal(checks, 0);
  });

  it('is one token for all who ask for the same in the same second', async () => {
    await withFrozenClock(({ tick }) => {
      const tokens = createTokens();
      const token = tokens.issue(contents(), LENGTH);
      assert.equal(tokens.issue(contents(), LENGTH), token);
      const others = [
        contents({ generation: 2 }),
        contents({ handle: 'b' }),
        contents({ claims: '{"a":1}' }),
      ];
      for (const other of others) assert.notEqual(tokens.issue(other, LENGTH).text, token.text);
      tick(1000);
      assert.notEqual(tokens.issue(contents(), LENGTH).text, token.text);
    });
  });

  it('is not that of other keys which share the cache', () => {
    const cache = createTokenCache(10);
    const [one, two] = [keys, otherKeys].map((pair) =>
      createTokens({ keys: pair, cache }).issue(contents(), LENGTH),
    );
    assert.ok(one && two);
    assert.ok(isSignedBy(one.text, keys.public));
    assert.ok(isSignedBy(two.text, otherKeys.public));
  });

  for (const [name, pair] of [
    ['P-256', keys],
    ['P-256 in PKCS#8', otherKeys],
    ['secp256k1', secp256k1Keys],
  ] as const) {
    it(`verifies, signed with a key on ${name} (B196)`, () => {
      const { text } = createTokens({ keys: pair }).issue(contents(), LENGTH);
      assert.ok(isSignedBy(text, pair.public));
      assert.equal(createTokens({ keys: { public: pair.public } }).verify(text)?.text, text);
      assert.equal(createTokens({ keys: createKeyPair() }).verify(text), undefined);
    });
  }

  it('is signed with the first key, and verified with any that is listed (B238)', () => {
    const { text } = createTokens({ keys: [keys, otherKeys] }).issue(contents(), LENGTH);
    assert.ok(isSignedBy(text, keys.public));
    assert.ok(createTokens({ keys: [otherKeys, { public: keys.public }] }).verify(text));
    assert.equal(createTokens({ keys: otherKeys }).verify(text), undefined);
  });

  it('is signed with the first of the public keys that verify it (B238)', () => {
    const tokens = createTokens({ keys: [otherKeys, keys] });
    const kids = tokens.publicKeys.map(({ kid }) => kid);
    assert.deepEqual(
      kids,
      [otherKeys, keys].map((pair) => thumbprint(pair.public)),
    );
    assert.equal(tokens.issue(contents(), LENGTH).kid, kids[0]);
  });

  it('may be remembered by key rings that do not know its key, and opens nothing there (B253)', () => {
    const cache = createTokenCache(10);
    const { text } = createTokens({ cache }).issue(contents(), LENGTH);
    assert.equal(createTokens({ keys: otherKeys, cache }).verify(text), undefined);
    assert.ok(createTokens({ cache }).verify(text));
  });
});

describe('a token cannot be issued', () => {
  it('without a private key (B198)', () => {
    const tokens = createTokens({ keys: { public: keys.public } });
    assert.equal(tokens.canIssue, false);
    assert.throws(() => tokens.issue(contents(), LENGTH), NoPrivateKeyError);
  });

  it('for an audience that is a pattern', () => {
    const tokens = createTokens({ rules: { audience: ['a', /b/] } });
    assert.throws(() => tokens.issue(contents(), LENGTH), { message: /^jwt\.audience must be a string/ });
  });

  for (const handle of [undefined, '', 'a\0b']) {
    it(`with the handle ${JSON.stringify(handle)}, which could not be read back (B095)`, () => {
      assert.throws(
        () => createTokens().issue(contents({ handle }), LENGTH),
        (error: unknown) => error instanceof IssueError && error.message.startsWith('genid must return'),
      );
    });
  }

  it('without saying by a stable code why', () => {
    const cases = [
      ['ERR_SESSION_OPTION', createTokens({ rules: { audience: [/b/] } }), {}],
      ['ERR_SESSION_GENID', createTokens(), { handle: '' }],
      ['ERR_SESSION_TOKEN_TOO_LONG', createTokens(), { claims: JSON.stringify({ pad: 'x'.repeat(LENGTH) }) }],
    ] as const;
    for (const [code, tokens, more] of cases) {
      assert.throws(() => tokens.issue(contents(more), LENGTH), { code });
    }
  });

  it('that is one character longer than it may be, and the error says how long it may be (B214)', () => {
    const { length } = createTokens().issue(contents(), LENGTH).text;
    assert.equal(createTokens().issue(contents(), length).text.length, length);
    assert.throws(() => createTokens().issue(contents(), length - 1), {
      message: `jwtFromReq returned too many claims: the token has ${String(length)} characters, with its cookie name it may have no more than 4096`,
    });
  });

  it('that is too long for a cookie (B214)', () => {
    const tokens = createTokens();
    const lengthWith = (pad: number) =>
      tokens.issue(contents({ claims: JSON.stringify({ pad: 'x'.repeat(pad) }) }), LENGTH).text.length;
    assert.equal(lengthWith(2800) > 4000, true);
    assert.throws(() => lengthWith(2900), {
      message: /^jwtFromReq returned too many claims: the token has \d+/,
    });
  });
});

describe('the claims of the application in a token', () => {
  const NOTHING = new Map<string, string>();
  const ses = { id: 'h', gen: 1 };

  it('are all but those of the library (B203)', () => {
    const payload = { a: 1, jti: 'x', nonce: 'y', sid: 'z', exp: 9, iat: 1, ses, auth_time: 2 };
    assert.deepEqual(claimsOf(payload, NOTHING).value, { a: 1, jti: 'x', nonce: 'y', sid: 'z', exp: 9 });
  });

  it('have an exp only where it is their own (B265)', () => {
    const payload = { exp: 9, ses: { ...ses, exp: true as const } };
    assert.deepEqual(claimsOf(payload, NOTHING).value, {});
    assert.deepEqual(claimsOf({ exp: 9, ses }, new Map([['exp', 'jwt.expiresIn']])).value, { exp: 9 });
  });

  it('have no iss and aud where options write those', () => {
    const written = new Map([
      ['iss', 'jwt.issuer'],
      ['aud', 'jwt.audience'],
    ]);
    assert.deepEqual(claimsOf({ iss: 'a', aud: 'b', sub: 'c', ses }, written).value, { sub: 'c' });
  });

  it('have no nonce in a token of 0.2.2, whose own that was (B237)', () => {
    assert.deepEqual(claimsOf({ nonce: 'k3', role: 'admin', iat: 1 }, NOTHING).value, { role: 'admin' });
  });
});
