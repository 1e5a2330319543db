/** The command line: keygen, jwks and inspect. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from '../../../src/cli/command-line';
import { jwks } from '../../../src/keys/jwks';
import { createKeyRing } from '../../../src/keys/key-ring';
import { recordId } from '../../../src/token/record-id';
import { breakSignature } from '../../support/by-hand';
import { forge, seconds } from '../../support/forge';
import { keys, otherKeys } from '../../support/keys';
import { sessionToken } from '../../support/tokens';

describe('express-session-jwt', () => {
  let folder: string;
  const file = (name: string) => path.join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'command-line-'));
    writeFileSync(file('public.pem'), keys.public);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function run(...words: string[]) {
    return runWith('', ...words);
  }

  function runWith(input: string, ...words: string[]) {
    let [out, err] = ['', ''];
    const code = runCommand(words, {
      out: (text) => (out += text),
      err: (text) => (err += text),
      input: () => input,
    });
    assert.doesNotMatch(err, /^\s+at /m, 'a stack trace');
    return { code, out, err };
  }

  for (const words of [['--help'], ['-h'], ['keygen', '--help'], ['inspect', '--help']]) {
    it(`${words.join(' ')} tells every command`, () => {
      const { code, out, err } = run(...words);
      assert.equal(code, 0);
      assert.equal(err, '');
      for (const command of ['keygen', 'jwks', 'inspect']) assert.ok(out.includes(command));
    });
  }

  for (const [words, complaint] of [
    [[], /command is missing/],
    [['bogus'], /no command "bogus"/],
    [['constructor'], /no command/],
    [['keygen', 'folder'], /too many/],
    [['keygen', '--bogus'], /--bogus/],
    [['keygen', '--out'], /--out/],
    [['keygen', '--out', '.', '--env'], /--out and --env exclude each other/],
    [['keygen', '--env=bogus'], /--env/],
    [['jwks'], /missing/],
    [['inspect'], /missing/],
    [['inspect', 'a', 'b'], /too many/],
  ] as const) {
    it(`refuses the words "${words.join(' ')}" with exit code 2`, () => {
      const { code, out, err } = run(...words);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.match(err, complaint);
      assert.match(err, /--help/);
    });
  }

  it('--version prints the version of the package', () => {
    const { code, out } = run('--version');
    assert.equal(code, 0);
    assert.equal(
      out,
      `${(JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version}\n`,
    );
  });

  describe('keygen', () => {
    it('prints one pair as an .env file, a Docker secret and a Kubernetes secret want it', () => {
      const { code, out } = run('keygen', '--env');
      assert.equal(code, 0);
      const ofEnvFile = (name: string) => new RegExp(`^${name}=(-----BEGIN .*-----)$`, 'm').exec(out)?.[1];
      const [privatePem, publicPem] = ['SESSION_PRIVATE_KEY', 'SESSION_PUBLIC_KEY'].map(ofEnvFile);
      const ring = createKeyRing({ private: privatePem, public: publicPem });
      assert.ok(ring?.canSign);
      const docker = /<<'EOF'\n([^]*?)EOF\n/.exec(out)?.[1];
      const kubernetes = /SESSION_PRIVATE_KEY: \|\n((?: {4}.*\n)*)/.exec(out)?.[1]?.replace(/^ {4}/gm, '');
      assert.equal(docker, kubernetes);
      assert.equal(createKeyRing({ private: docker })?.signing.kid, ring.signing.kid);
      assert.match(out, /^kind: Secret$/m);
    });

    it('prints a pair that the middleware takes', () => {
      const { code, out } = run('keygen');
      assert.equal(code, 0);
      const [privatePem = '', publicPem = ''] = out.split(/(?=-----BEGIN PUBLIC)/);
      assert.ok(createKeyRing({ private: privatePem, public: publicPem })?.canSign);
      assert.equal(createPublicKey(publicPem).asymmetricKeyDetails?.namedCurve, 'prime256v1');
    });

    it('writes files, the private one for its owner alone', () => {
      const { code, out } = run('keygen', '--out', folder);
      assert.equal(code, 0);
      assert.equal(out, `${file('private-key.pem')}\n${file('public-key.pem')}\n`);
      assert.equal(statSync(file('private-key.pem')).mode & 0o777, 0o600);
      const pair = {
        private: readFileSync(file('private-key.pem')),
        public: readFileSync(file('public-key.pem')),
      };
      assert.ok(createKeyRing(pair)?.canSign);
    });

    for (const existing of ['private-key.pem', 'public-key.pem']) {
      it(`overwrites nothing, and writes nothing beside an existing ${existing}`, () => {
        writeFileSync(file(existing), 'precious');
        const { code, err } = run('keygen', '--out', folder);
        assert.equal(code, 1);
        assert.match(err, new RegExp(`${existing} exists`));
        assert.equal(readFileSync(file(existing), 'utf8'), 'precious');
        assert.deepEqual(readdirSync(folder).sort(), [existing, 'public.pem'].sort());
      });
    }

    it('says which folder is not there', () => {
      const { code, err } = run('keygen', '--out', file('nowhere'));
      assert.equal(code, 1);
      assert.match(err, /ENOENT.*nowhere/);
    });
  });

  describe('jwks', () => {
    it('prints what session.jwks returns', () => {
      writeFileSync(file('other.pem'), otherKeys.public);
      const { code, out } = run('jwks', file('public.pem'), file('other.pem'));
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(out), jwks([{ public: keys.public }, { public: otherKeys.public }]));
    });

    it('refuses a private key', () => {
      writeFileSync(file('private.pem'), keys.private);
      const { code, out, err } = run('jwks', file('private.pem'));
      assert.equal(code, 1);
      assert.equal(out, '');
      assert.match(err, /must be a public key/);
    });

    it('says which file is not there', () => {
      const { code, err } = run('jwks', file('nowhere.pem'));
      assert.equal(code, 1);
      assert.match(err, /nowhere\.pem/);
    });
  });

  describe('inspect', () => {
    it('prints header, claims, times and the id of the session in the store, and that nothing was verified', () => {
      const token = sessionToken({ user: 101, iat: 1_700_000_000, exp: 'soon' });
      const { code, out } = run('inspect', token);
      assert.equal(code, 0);
      assert.match(out, /"alg": "ES256"/);
      assert.match(out, /"user": 101/);
      assert.match(out, /iat = 2023-11-14T22:13:20\.000Z/);
      assert.doesNotMatch(out, /exp = /);
      assert.match(out, /"ses": \{\s+"id": "by hand",\s+"gen": 1\s+\}/);
      assert.ok(out.includes(`id in the store: ${recordId('by hand', undefined)}\n`));
      assert.match(out, /signature: NOT VERIFIED/);
    });

    it('says how long ago its times were, and when they will be', () => {
      const now = seconds();
      const { out } = run(
        'inspect',
        sessionToken({ iat: now - 7300, exp: now - 310, nbf: now + 200_000, auth_time: now - 90 }),
      );
      assert.match(out, /^ {2}iat = \S+Z, issued 2 hours ago$/m);
      assert.match(out, /^ {2}exp = \S+Z, expired 5 minutes ago$/m);
      assert.match(out, /^ {2}nbf = \S+Z, good in 2 days$/m);
      assert.match(out, /^ {2}auth_time = \S+Z, signed in 9\d seconds ago$/m);
    });

    it('says which key has issued a token, and whether it is that of the file', () => {
      const kid = String(jwks(keys).keys[0]?.kid);
      const token = forge({ alg: 'ES256', typ: 'JWT', kid }, { ses: { id: 'h', gen: 1 } });
      const { out } = run('inspect', token, '--key', file('public.pem'));
      assert.ok(out.includes(`\nissued by key ${kid}\n`), out);
      assert.ok(out.includes(`made with the key ${kid}, which is ${file('public.pem')}\n`));
      writeFileSync(file('other.pem'), otherKeys.public);
      const other = run('inspect', token, '--key', file('other.pem'));
      assert.ok(other.out.includes(`signature: INVALID, not made with ${file('other.pem')}\n`));
      const nameless = forge({ alg: 'ES256', typ: 'JWT' }, { ses: { id: 'h', gen: 1 } });
      assert.match(run('inspect', nameless).out, /^issued by a key without a name$/m);
      const odd = forge({ alg: 'ES256', typ: 'JWT', kid: 7 }, { ses: { id: 'h', gen: 1 } });
      assert.match(run('inspect', odd).out, /^issued by key of a name that is no text$/m);
    });

    it('prints the id that a session had before it was upgraded', () => {
      const { out } = run('inspect', sessionToken({ ses: { lid: 'an old id', gen: 1 } }));
      assert.match(out, /^id in the store: an old id$/m);
    });

    it('says that a token is no session token, and not accepted with a good signature', () => {
      const { code, out } = run('inspect', sessionToken({ ses: undefined }), '--key', file('public.pem'));
      assert.equal(code, 1);
      assert.match(out, /^id in the store: none, this is no session token/m);
      assert.match(out, /signature: valid, but the token is NOT ACCEPTED/);
    });

    it('prints neither the token nor its signature', () => {
      const token = sessionToken();
      const { out } = run('inspect', token, '--key', file('public.pem'));
      for (const segment of token.split('.')) assert.ok(!out.includes(segment));
    });

    it('says by which key a token is signed', () => {
      const { code, out } = run('inspect', sessionToken(), '--key', file('public.pem'));
      assert.equal(code, 0);
      assert.ok(out.includes(`signature: valid, made with the key ${String(jwks(keys).keys[0]?.kid)}`));
    });

    it('reads the token from standard input', () => {
      const { code, out } = runWith(
        `${sessionToken({ user: 7 })}\n`,
        'inspect',
        '-',
        '--key',
        file('public.pem'),
      );
      assert.equal(code, 0);
      assert.match(out, /"user": 7/);
    });

    for (const [name, token] of [
      ['a broken signature', breakSignature(sessionToken())],
      ['the signature of another key', sessionToken({}, otherKeys)],
      ['a signature that is none', forge({ alg: 'none' }, { user: 1 }, () => Buffer.alloc(0))],
    ] as const) {
      it(`says INVALID, with exit code 1, for ${name}`, () => {
        const { code, out } = run('inspect', token, '--key', file('public.pem'));
        assert.equal(code, 1);
        assert.match(out, /signature: INVALID/);
      });
    }

    for (const [name, token] of [
      ['has expired', sessionToken({ exp: seconds() - 10 })],
      ['has another type', forge({ alg: 'ES256', typ: 'at+jwt' }, { ses: { id: 'h', gen: 1 } })],
    ] as const) {
      it(`says that a token which ${name} is not accepted`, () => {
        const { code, out } = run('inspect', token, '--key', file('public.pem'));
        assert.equal(code, 1);
        assert.match(out, /signature: valid, but the token is NOT ACCEPTED/);
      });
    }

    it('prints no character that could steer a terminal', () => {
      const { out } = run('inspect', sessionToken({ name: '\u001b[2J\u009b31m\u202e\u2028é' }));
      assert.match(out, /^[\n -~]*$/);
      assert.match(out, /\\u001b\[2J\\u009b31m\\u202e/);
      const { out: legacy } = run('inspect', sessionToken({ ses: { lid: 'a\u001b[2J\nb', gen: 1 } }));
      assert.match(legacy, /^[\n -~]*$/);
      assert.match(legacy, /^id in the store: a\\u001b\[2J\\nb$/m);
    });

    it('leaves out a time that is none', () => {
      assert.doesNotMatch(run('inspect', sessionToken({ exp: 1e300 })).out, /exp =/);
    });

    for (const text of [
      '',
      'bogus',
      'a.b.c',
      's:abc.def',
      'bnVsbA.W10.x',
      `${sessionToken()}${'A'.repeat(20_000)}`,
    ]) {
      it(`says that "${text.slice(0, 10)}", of ${String(text.length)} characters, is no token`, () => {
        const { code, out, err } = run('inspect', text);
        assert.equal(code, 1);
        assert.equal(out, '');
        assert.match(err, /this is no token/);
      });
    }

    it('refuses a key that is none', () => {
      writeFileSync(file('bogus.pem'), 'bogus');
      const { code, err } = run('inspect', sessionToken(), '--key', file('bogus.pem'));
      assert.equal(code, 1);
      assert.match(err, /--key must be a PEM text/);
    });
  });

  describe('as a program', () => {
    const program = ['--require', './test/support/register.cjs', 'src/cli/main.ts'];

    it('writes to standard output and reads standard input', () => {
      const out = execFileSync(process.execPath, [...program, 'inspect', '-'], {
        input: sessionToken({ user: 5 }),
      });
      assert.match(out.toString(), /"user": 5/);
    }).timeout(20_000);

    it('complains on standard error and ends with the exit code', () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [...program, 'bogus']);
      assert.equal(status, 2);
      assert.equal(stdout.toString(), '');
      assert.match(stderr.toString(), /^express-session-jwt: there is no command "bogus"\n/);
    }).timeout(20_000);
  });
});
