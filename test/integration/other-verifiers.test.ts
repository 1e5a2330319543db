/** Other libraries verify our tokens with our JWK Set, and refuse those that are not good. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import session from '../../src';
import { breakSignature } from '../support/by-hand';
import { decode, tokenOf } from '../support/cookies';
import { createKeyPair, keys, otherKeys } from '../support/keys';
import { PYTHON, requirePython } from '../support/python';
import { countHits, serve } from '../support/site';

type Payload = Record<string, unknown>;

/** Verifies a token with a JWK Set; rejects if it does not hold. */
type Verifier = (token: string, set: session.JwkSet) => Promise<Payload> | Payload;

/** Takes the token and the set from standard input. */
const PYTHON_PROGRAM = `
import json, sys
import jwt
request = json.load(sys.stdin)
keys = {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(request["set"]).keys}
key = keys[jwt.get_unverified_header(request["token"])["kid"]]
print(json.dumps(jwt.decode(request["token"], key, algorithms=["ES256"])))
`;

const verifiers: [string, Verifier][] = [
  [
    'PyJWT, in Python',
    (token, set) => {
      const input = JSON.stringify({ token, set });
      const output = execFileSync(PYTHON, ['-c', PYTHON_PROGRAM], { input, encoding: 'utf8', stdio: 'pipe' });
      return JSON.parse(output) as Payload;
    },
  ],
  [
    'jose',
    async (token, set) => {
      const { createLocalJWKSet, jwtVerify } = await import('jose');
      return (await jwtVerify(token, createLocalJWKSet(set), { algorithms: ['ES256'], typ: 'JWT' })).payload;
    },
  ],
  [
    'fast-jwt',
    (token, set) => {
      const key = ({ header }: { header: { kid?: string } }) => {
        const jwk = set.keys.find(({ kid }) => kid === header.kid);
        assert.ok(jwk);
        return Promise.resolve(
          createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString(),
        );
      };
      return createVerifier({ key, algorithms: ['ES256'] })(token) as Promise<Payload>;
    },
  ],
];

for (const [name, verify] of verifiers) {
  describe(`tokens and JWK Sets, verified with ${name}`, function () {
    this.timeout(20_000);
    const set = session.jwks([otherKeys, keys]);

    if (name.startsWith('PyJWT')) {
      before(function () {
        requirePython(this);
      });
    }

    async function issueToken(
      claims: object,
      option: session.SessionOptions['keys'] = keys,
    ): Promise<string> {
      const site = await serve({ keys: option, jwtFromReq: () => claims }, { '/': countHits });
      return tokenOf(await site.visit('/'));
    }

    it('hold, with every claim', async () => {
      const exp = Math.floor(Date.now() / 1000) + 60;
      const token = await issueToken({ user_id: 101, roles: ['a', 'b'], name: 'Žofie 🙂', exp });
      assert.deepEqual(await verify(token, set), decode(token).payload);
    });

    it('hold with the other key of the set, given as JWK', async () => {
      const [jwk] = [createPublicKey(otherKeys.public).export({ format: 'jwk' })];
      const token = await issueToken({ user_id: 7 }, { public: jwk, private: otherKeys.private });
      assert.equal((await verify(token, set)).user_id, 7);
    });

    for (const [fault, make] of [
      ['a broken signature', async () => breakSignature(await issueToken({}))],
      ['an exp that has passed', () => issueToken({ exp: Math.floor(Date.now() / 1000) - 100 })],
      ['the signature of a key that is not in the set', () => issueToken({}, createKeyPair())],
    ] as const) {
      it(`do not hold with ${fault}`, async () => {
        const token = await make();
        await assert.rejects(async () => verify(token, set));
      });
    }
  });
}
