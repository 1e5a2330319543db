// Attacks on the verifier of tokens: what is refused, and at what cost.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { createTokenCache, type Token, verificationBudget } from '../../../src/token/token';
import { countChecks } from '../../support/cryptography';
import {
  asymmetric,
  base64url,
  ecdsa,
  forge,
  forgeTexts,
  hmac,
  issue,
  resign,
  seconds,
  thumbprint,
} from '../../support/forge';
import { createKeyPair, keys, secp256k1Keys } from '../../support/keys';
import { encode, ORDER } from '../../support/p256';
import { createTokens, sessionToken } from '../../support/tokens';

/*
 * Attacks on a verifier of tokens, as RFC 8725 (JWT Best Current Practices), RFC 7515 (JWS) and RFC 7519 (JWT) warn of
 * them. The attacker knows the public key, and a token of their own. Forged tokens name a session as genuine ones do.
 */

const now = seconds();
const header = { alg: 'ES256', typ: 'JWT' };
const claims = { iat: now, ses: { id: 'forged', gen: 1 } };
const [headerText, claimsText] = [JSON.stringify(header), JSON.stringify(claims)];

const attacker = createKeyPair();
const p384 = createKeyPair('secp384r1');
const p521 = createKeyPair('secp521r1');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
});
const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
const byAttacker = ecdsa(attacker.private);
const unsigned = () => Buffer.alloc(0);
const kid = thumbprint(keys.public);
const jwk = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' };
const certificate = attacker.public.replaceAll(/-----.*-----|\n/g, '');

/** The site's own token of the attacker, which these tests respell. */
const genuineContents = { iat: now, ses: { id: 'genuine', gen: 1 } };
const genuine = issue(genuineContents);
const [genuineHeader = '', genuineClaims = '', genuineSignature = ''] = genuine.split('.');
const signatureBytes = Buffer.from(genuineSignature, 'base64url');
const [r, s] = [signatureBytes.subarray(0, 32), signatureBytes.subarray(32)];

type Attacks = Record<string, string>;

/** One attack for each of these values. */
function each<Value>(values: Record<string, Value>, attack: (value: Value) => string): Attacks {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, attack(value)]));
}

const named = (names: string[]) => Object.fromEntries(names.map((name) => [name, name]));
const withAlg = (alg: unknown, signer = ecdsa(keys.private)) => forge({ ...header, alg }, claims, signer);
const der = (integers: Buffer[]) => {
  const body = Buffer.concat(integers.map((integer) => Buffer.concat([Buffer.from([2, 33, 0]), integer])));
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
};

const withoutCryptography: Record<string, Attacks> = {
  // RFC 8725, section 2.1 and 3.1
  'another algorithm': {
    ...each(named(['none', 'None', 'NONE', 'nOnE', 'NonE']), (alg) => withAlg(alg, unsigned)),
    'none without its last dot': withAlg('none', unsigned).slice(0, -1),
    'none before a good signature': withAlg('none'),
    'HS256 with the public PEM as secret': withAlg('HS256', hmac(keys.public)),
    'HS256 with the trimmed public PEM as secret': withAlg('HS256', hmac(keys.public.trim())),
    'HS256 with an empty secret': withAlg('HS256', hmac('')),
    RS256: withAlg('RS256', asymmetric(rsa.toString(), 'sha256')),
    EdDSA: withAlg('EdDSA', asymmetric(ed25519.toString(), null)),
    'ES384 on P-384': withAlg('ES384', ecdsa(p384.private, 'sha384')),
    'ES384 with our key': withAlg('ES384', ecdsa(keys.private, 'sha384')),
    'ES512 on P-521': withAlg('ES512', ecdsa(p521.private, 'sha512')),
    'ES256K on secp256k1': withAlg('ES256K', ecdsa(secp256k1Keys.private)),
    ...each(
      {
        'es256 in lower case': 'es256',
        'ES256 and a blank': 'ES256 ',
        'ES256 and a NUL': 'ES256\0',
        'a list': ['ES256'],
        'an object': { toString: 'ES256' },
        null: null,
        true: true,
        nothing: undefined,
        __proto__: '__proto__',
      },
      (alg) => withAlg(alg),
    ),
    'ES256 inside of __proto__': forgeTexts('{"__proto__":{"alg":"ES256"}}', claimsText),
    'none after ES256, the last of two members': forgeTexts('{"alg":"ES256","alg":"none"}', claimsText),
  },
  // RFC 7515, section 4.1.11; RFC 7797; RFC 8725, section 3.11
  'a header that asks for more than ES256': {
    ...each(
      {
        'crit of an unknown extension': { crit: ['http://example.com/unknown'] },
        'crit of exp': { crit: ['exp'], exp: now + 60 },
        'crit of b64': { crit: ['b64'], b64: false },
        'an empty crit': { crit: [] },
        'crit as a string': { crit: 'exp' },
        'crit as null': { crit: null },
        'b64 that is not critical': { b64: false },
        'the type of an access token': { typ: 'at+jwt' },
        'the type of a security event': { typ: 'secevent+jwt' },
        'a type that is no text': { typ: ['JWT'] },
      },
      (more) => forge({ ...header, ...more }, claims),
    ),
    'an unencoded payload (b64: false)': `${base64url('{"alg":"ES256","b64":false}')}.${claimsText}.${genuineSignature}`,
  },
  // RFC 8725, section 3.10
  'a kid that names no key of ours': each(
    {
      'a path': '../../../../dev/null',
      'a URL': 'http://127.0.0.1:9/key.pem',
      SQL: "x' UNION SELECT 'key",
      'the prototype': '__proto__',
      constructor: 'constructor',
      empty: '',
      'a NUL': '\0',
      'ours and a NUL': `${kid}\0`,
      'ours in lower case': kid.toLowerCase(),
      'ours in a list': [kid],
      'ours in an object': { kid },
      "the attacker's": thumbprint(attacker.public),
      '2,000 characters': 'x'.repeat(2_000),
      'a number': 0,
      null: null,
      true: true,
    },
    (name) => forge({ ...header, kid: name }, claims),
  ),
  'a header that is no JSON object': each(
    {
      'an array': '["ES256"]',
      'a string': '"ES256"',
      null: 'null',
      empty: '',
      'cut off': '{"alg":"ES256"',
      'a byte order mark before it': `\ufeff${headerText}`,
      'a blank before it': ` ${headerText}`,
      'a NUL after it': `${headerText}\0`,
      'a NUL in a name': '{"alg\0":"ES256"}',
      'a comment': '{"alg":"ES256"/**/}',
      'single quotes': "{'alg':'ES256'}",
      'a deep nest without an end': `{"alg":"ES256","x":${'['.repeat(1_500)}`,
    },
    (text) => forgeTexts(text, claimsText),
  ),
  'a payload that is no JSON object': each(
    {
      'an array': `[${claimsText}]`,
      'a string': '"forged"',
      'the claims in a string': JSON.stringify(claimsText),
      null: 'null',
      empty: '',
      'a byte order mark before it': `\ufeff${claimsText}`,
      'a blank before it': ` ${claimsText}`,
      'a token in the token': genuine,
    },
    (text) => forgeTexts(headerText, text),
  ),
  // RFC 7515, section 2 and 3.2
  'a signature of another form': {
    ...each(
      {
        'none at all': Buffer.alloc(0),
        DER: der([r, s]),
        'r alone': r,
        'a byte too few': signatureBytes.subarray(1),
        'a byte too many': Buffer.concat([signatureBytes, Buffer.alloc(1)]),
        'P-384 lengths': Buffer.concat([Buffer.alloc(16), r, Buffer.alloc(16), s]),
      },
      (bytes) => resign(genuine, () => bytes),
    ),
    'other bits at its end that decode to nothing': respellEnd(genuine),
    padding: `${genuine}==`,
    'one character more': `${genuine}A`,
    'a blank in the middle': `${genuine.slice(0, -40)} ${genuine.slice(-40)}`,
    'a line break in the middle': `${genuine.slice(0, -40)}\r\n${genuine.slice(-40)}`,
    'a line break at the end': `${genuine}\n`,
    'a NUL at the end': `${genuine}\0`,
    'the alphabet of base64': withBase64Alphabet(),
    'letters of full width': genuine.replace(/.$/, '\uff21'),
  },
  'another serialization': {
    'a flattened JSON one': JSON.stringify({
      protected: genuineHeader,
      payload: genuineClaims,
      signature: genuineSignature,
    }),
    'a general JSON one': JSON.stringify({
      payload: genuineClaims,
      signatures: [{ protected: genuineHeader, header: { alg: 'none' }, signature: genuineSignature }],
    }),
    'no segment': '',
    'two dots alone': '..',
    'two segments': `${genuineHeader}.${genuineClaims}`,
    'an empty header': `.${genuineClaims}.${genuineSignature}`,
    'an empty payload': `${genuineHeader}..${genuineSignature}`,
    'four segments': `${genuine}.${genuineSignature}`,
    'an empty fourth segment': `${genuine}.`,
    'five segments, as in a JWE': `${base64url('{"alg":"dir","enc":"A128GCM"}')}..AAAA.AAAA.AAAA`,
    'a padded header': `${genuineHeader}=.${genuineClaims}.${genuineSignature}`,
    'blanks around it': ` ${genuine} `,
    'a scheme before it': `Bearer ${genuine}`,
    'the id by which the store knows its session': idOfGenuine(),
    'an object of cookie-parser': `j:${JSON.stringify({ token: genuine })}`,
    'an id of express-session': `s:${genuine}.AAAA`,
  },
  'a token longer than a cookie can be': {
    'by its kid of 10 KB': forge({ ...header, kid: 'x'.repeat(7_500) }, claims),
    'by its payload of 10 KB': issue({ ...claims, pad: 'x'.repeat(7_500) }),
    'by a deep nest': forgeTexts(headerText, `{"x":${'['.repeat(3_750)}${']'.repeat(3_750)}}`),
  },
};

const byItsSignature: Record<string, Attacks> = {
  // RFC 8725, section 3.2 and 3.9; RFC 7515, section 4.1
  'the key that the header names or brings along': each(
    {
      'our kid': { kid },
      jwk: { jwk },
      jku: { jku: 'http://127.0.0.1:9/jwks.json' },
      x5u: { x5u: 'http://127.0.0.1:9/certificate.pem' },
      x5c: { x5c: [certificate] },
      x5t: { x5t: 'AAAA' },
      'cty of a nested token': { cty: 'JWT' },
      zip: { zip: 'DEF' },
      'another alg inside of __proto__': { ['__proto__']: { alg: 'none' } },
      'a NUL in an unknown member': { 'x\0': '\0' },
    },
    (more) => forge({ ...header, ...more }, claims, byAttacker),
  ),
  'another signature': {
    "the attacker's own key": forge(header, claims, byAttacker),
    'a key on secp256k1 under the same alg': forge(header, claims, ecdsa(secp256k1Keys.private)),
    'our key and SHA-384': forge(header, claims, ecdsa(keys.private, 'sha384')),
    'HMAC with the public PEM, put into 64 bytes': forge(header, claims, (input) =>
      Buffer.alloc(64, hmac(keys.public)(input)),
    ),
    'of another token': forge(header, claims, () => signatureBytes),
    'ES256 after none, the last of two members': forgeTexts(
      '{"alg":"none","alg":"ES256"}',
      claimsText,
      byAttacker,
    ),
    'a member more in a signed payload': [
      genuineHeader,
      base64url(JSON.stringify({ ...genuineContents, admin: true })),
      genuineSignature,
    ].join('.'),
    'a payload of the same meaning': [
      genuineHeader,
      base64url(JSON.stringify(genuineContents, null, 1)),
      genuineSignature,
    ].join('.'),
    'header and payload exchanged': `${base64url('{"alg":"ES256","x":1}')}.${genuineHeader}.${genuineSignature}`,
    ...each(
      {
        'r = 0': [Buffer.alloc(32), s],
        's = 0': [r, Buffer.alloc(32)],
        'r = s = 0': [Buffer.alloc(64)],
        'r = n': [encode(ORDER), s],
        's = n': [r, encode(ORDER)],
        'r = s = n': [encode(ORDER), encode(ORDER)],
        'all bits set': [Buffer.alloc(64, 0xff)],
        'r and s exchanged': [s, r],
      },
      (parts) => resign(genuine, () => Buffer.concat(parts)),
    ),
  },
};

/** Only the issuer could have made these: the limits of what a faulty issuer can do. */
const forItsClaims: Record<string, Attacks> = {
  // RFC 7519, section 4.1.4, 4.1.5 and 2 (NumericDate)
  'its exp': each(
    {
      past: now - 1,
      'this very second': now,
      zero: 0,
      negative: -1,
      text: String(now + 86_400),
      'an ISO date': '2099-01-01T00:00:00Z',
      null: null,
      true: true,
      'a list': [now + 86_400],
      'an object': { valueOf: now + 86_400 },
    },
    (exp) => issue({ ...claims, exp }),
  ),
  'its nbf': each(
    {
      'to come': now + 86_400,
      text: String(now - 86_400),
      null: null,
      false: false,
      'a list': [now - 86_400],
      'to come, with a fraction': now + 86_400.5,
    },
    (nbf) => issue({ ...claims, nbf }),
  ),
  'times beyond all numbers': each(
    {
      'exp of 1e999': '"exp":1e999',
      'exp of -1e999': '"exp":-1e999',
      'nbf of 1e999': '"nbf":1e999',
      'nbf of -1e999': '"nbf":-1e999',
      'exp twice, the last one past': `"exp":${String(now + 86_400)},"exp":${String(now - 1)}`,
    },
    (member) => forgeTexts(headerText, `{${member},"ses":{"id":"forged","gen":1}}`),
  ),
  'a payload that is no JSON': each(
    {
      'cut off': '{"ses":{"id":"forged","gen":1}',
      'a NUL after it': `${claimsText}\0`,
      'two objects': `${claimsText}${claimsText}`,
      'a NaN': '{"exp":NaN}',
    },
    (text) => forgeTexts(headerText, text),
  ),
};

/** Rightly signed, in force, and strange: read, and nothing follows from what is strange about them. */
const harmless: Attacks = {
  'a header that points elsewhere': forge(
    { ...header, jku: 'http://127.0.0.1:9/', x5u: 'http://127.0.0.1:9/', jwk, x5c: [certificate] },
    claims,
  ),
  'our kid': forge({ ...header, kid }, claims),
  'no typ': forge({ alg: 'ES256' }, claims),
  'an exp with a fraction': issue({ ...claims, exp: now + 86_400.5 }),
  'a negative nbf': issue({ ...claims, nbf: -1 }),
  'ses twice, the last one good': forgeTexts(
    headerText,
    `{"ses":{"id":"first","gen":1},"ses":${JSON.stringify(claims.ses)}}`,
  ),
  'alg twice, the last one good': forgeTexts('{"alg":"none","alg":"ES256"}', claimsText),
  'claims named __proto__ and constructor': forgeTexts(
    headerText,
    '{"ses":{"id":"forged","gen":1},"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
  ),
  'a deep nest of claims': forgeTexts(
    headerText,
    `{"ses":{"id":"forged","gen":1},"aud":${'['.repeat(900)}${']'.repeat(900)}}`,
  ),
  'a NUL in a claim': issue({ ...claims, sub: 'a\0b' }),
};

/** Another text of the same signature: (r, n - s) satisfies the equation of ECDSA as well (SEC 1, section 4.1.4). */
const otherRoot = resign(genuine, () => Buffer.concat([r, encode(ORDER - BigInt(`0x${s.toString('hex')}`))]));

interface Answer {
  token: Token | undefined;
  checks: number;
}

/** What becomes of this text, and how many signatures were checked to come there. */
async function send(text: string, tokens = createTokens()): Promise<Answer> {
  let token: Token | undefined;
  const checks = await countChecks(() => {
    token = tokens.verify(text);
    return Promise.resolve();
  });
  assert.equal(({} as { admin?: unknown }).admin, undefined, 'a prototype was changed');
  return { token, checks };
}

describe('an attack on the verifier', () => {
  for (const [group, attacks] of Object.entries(withoutCryptography)) {
    describe(`by ${group} is refused without cryptography:`, () => {
      for (const [name, token] of Object.entries(attacks)) {
        it(`${name} (B022)`, async () => {
          assert.deepEqual(await send(token), { token: undefined, checks: 0 });
        });
      }
    });
  }

  for (const [group, attacks] of Object.entries(byItsSignature)) {
    describe(`by ${group} is refused after one verification:`, () => {
      for (const [name, token] of Object.entries(attacks)) {
        it(`${name} (B022)`, async () => {
          assert.deepEqual(await send(token), { token: undefined, checks: 1 });
        });
      }
    });
  }

  for (const [group, attacks] of Object.entries(forItsClaims)) {
    describe(`is refused without cryptography, though rightly signed, for ${group}:`, () => {
      for (const [name, token] of Object.entries(attacks)) {
        it(`${name} (B023)`, async () => {
          assert.deepEqual(await send(token), { token: undefined, checks: 0 });
        });
      }
    });
  }

  describe('is none, where the issuer itself signed it:', () => {
    for (const [name, text] of Object.entries(harmless)) {
      it(`${name} (B022)`, async () => {
        const { token, checks } = await send(text);
        assert.equal(token?.text, text);
        assert.equal(token.ses?.handle, 'forged');
        assert.equal(checks, 1);
      });
    }

    it('a token that was verified is not verified again', async () => {
      const tokens = createTokens();
      const first = await send(genuine, tokens);
      assert.deepEqual(await send(genuine, tokens), { token: first.token, checks: 0 });
    });
  });

  describe('with the other root of a good signature', () => {
    it('opens what the token opens (B024)', () => {
      assert.deepEqual(createTokens().verify(otherRoot)?.ses, createTokens().verify(genuine)?.ses);
    });

    it('takes no second place among the tokens that are remembered (B024)', async () => {
      const tokens = createTokens({ cache: createTokenCache(2) });
      const bystander = sessionToken({ ses: { id: 'bystander', gen: 1 } });
      for (const text of [bystander, genuine, otherRoot]) assert.equal((await send(text, tokens)).checks, 1);
      for (const text of [bystander, genuine]) assert.equal((await send(text, tokens)).checks, 0);
      assert.equal((await send(otherRoot, tokens)).checks, 1);
      assert.equal(tokens.verify(otherRoot)?.text, otherRoot);
    });

    it('takes the only place where it came first, and leaves the token good (B024)', async () => {
      const tokens = createTokens({ cache: createTokenCache(2) });
      await send(otherRoot, tokens);
      assert.equal((await send(otherRoot, tokens)).checks, 0);
      assert.equal((await send(genuine, tokens)).token?.text, genuine);
    });
  });

  describe('by many texts in one request', () => {
    const forged = Array.from({ length: 30 }, (_, at) => forge(header, { ...claims, at }, byAttacker));

    it('costs ten verifications, and a good token after them is refused', async () => {
      const tokens = createTokens();
      const budget = verificationBudget();
      const checks = await countChecks(() => {
        for (const text of [...forged, genuine]) assert.equal(tokens.verify(text, budget), undefined);
        return Promise.resolve();
      });
      assert.equal(checks, 10);
      assert.deepEqual(budget, { left: 0 });
      assert.ok(tokens.verify(genuine), 'the next request has a budget of its own');
    });

    it('costs nothing for tokens that are remembered, and for garbage', () => {
      const tokens = createTokens();
      tokens.verify(genuine);
      const budget = verificationBudget();
      assert.ok(tokens.verify(genuine, budget));
      for (const attacks of Object.values(withoutCryptography)) {
        for (const text of Object.values(attacks)) tokens.verify(text, budget);
      }
      assert.deepEqual(budget, { left: 10 });
    });

    it('counts each key that is tried for a token without kid', () => {
      const tokens = createTokens({ keys: [attacker, createKeyPair(), keys] });
      const budget = verificationBudget();
      assert.ok(tokens.verify(genuine, budget));
      assert.deepEqual(budget, { left: 7 });
    });
  });
});

/** Tokens that the holder of the key has signed, for another service or in the name of another issuer. */
const ofAnotherPurpose: Attacks = {
  ...each(
    {
      'no aud': undefined,
      'an empty aud': [],
      'an aud of the empty text': '',
      'another aud': 'bank',
      'an aud in another case': 'SHOP',
      'several other auds': ['bank', 'shop '],
      'a nested aud': [['shop']],
      'a nested aud beside the right one': ['shop', ['shop']],
      'numbers in aud': [1, 2],
      'a number beside the right aud': ['shop', 1],
      'null in aud': [null],
      'an aud that looks like an array': { 0: 'shop', length: 1 },
      'an aud of true': true,
    },
    (aud) => issue({ ...claims, iss: 'us', aud }),
  ),
  ...each(
    {
      'no iss': undefined,
      'another iss': 'them',
      'an array of the right iss': ['us'],
      'an iss that begins right': 'us.example',
      'a null iss': null,
      'an iss that turns into the right one': { toString: 'us' },
    },
    (iss) => issue({ ...claims, iss, aud: 'shop' }),
  ),
  'another typ': forge({ alg: 'ES256', typ: 'at+jwt' }, { ...claims, iss: 'us', aud: 'shop' }),
};

describe('a token of another purpose, signed with the same key', () => {
  const tokens = createTokens({ rules: { issuer: ['us'], audience: ['shop'] } });

  for (const [name, token] of Object.entries(ofAnotherPurpose)) {
    it(`is refused without cryptography: ${name}`, async () => {
      assert.deepEqual(await send(token, tokens), { token: undefined, checks: 0 });
    });
  }

  it('is not one that is for several services, this one among them', () => {
    assert.ok(tokens.verify(issue({ ...claims, iss: 'us', aud: ['bank', 'shop'] })));
  });
});

function idOfGenuine(): string {
  return createHash('sha256').update(genuineContents.ses.id).digest('base64url').slice(0, 32);
}

/** The last character of 64 bytes in base64url has four bits that decode to nothing. */
function respellEnd(token: string): string {
  const other = { A: 'B', Q: 'R', g: 'h', w: 'x' }[token.slice(-1)] ?? assert.fail();
  const respelled = token.slice(0, -1) + other;
  const [a, b] = [token, respelled].map((text) => Buffer.from(text.slice(-86), 'base64url'));
  assert.deepEqual(a, b);
  return respelled;
}

/** A rightly signed token whose signature has characters that base64 and base64url spell differently. */
function withBase64Alphabet(): string {
  for (;;) {
    const token = issue(claims);
    const signature = token.slice(-86);
    if (/[-_]/.test(signature)) {
      return token.slice(0, -86) + signature.replaceAll('-', '+').replaceAll('_', '/');
    }
  }
}
