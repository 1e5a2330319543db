import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ts from 'typescript';
import session from '../src';
import { decode } from './support/cookies';
import { skipWithout, type DatabaseServer } from './support/database-server';
import { createKeyPair, type KeyPair } from './support/keys';
import { redisProgram, startRedis } from './support/redis';
import { sesOf } from './support/session-tokens';

interface Block {
  language: string;
  line: number;
  text: string;
}

/** Requests a path of the running block; keeps the session cookie from answer to answer. */
type Visit = (method: string, url: string) => Promise<{ status: number; body: string; headers: Headers }>;

interface PackageJson {
  name: string;
  bin: Record<string, string>;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const root = path.join(__dirname, '..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as PackageJson;
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const blocks = codeBlocks(readme);

const checks: Record<string, { title: string; run: (block: Block) => Promise<void> | void } | undefined> = {
  sh: { title: 'runs', run: runCommands },
  js: { title: 'runs', run: (block) => runProgram(block.text, (visit) => visitRoutes(block.text, visit)) },
  ts: { title: 'type-checks and runs', run: checkTypes },
  diff: { title: 'applies', run: applyDiff },
};

/** A project that has this package installed under its name, the README's key files and every dependency. */
let project: string;
let redis: DatabaseServer | undefined;
const pair = createKeyPair();
const secondPair = createKeyPair();
let cookie = '';
/** What takes the cookie's place where an example hands its tokens out in a header. */
let credentials: Record<string, string> = {};

describe('README', () => {
  before('builds and installs the package, and starts a Redis', async function () {
    this.timeout(60_000);
    project = createProject();
    if (redisProgram) redis = await startRedis();
  });

  after(async () => {
    await redis?.remove();
    rmSync(project, { recursive: true, force: true });
  });

  it('begins with the two commands that a newcomer needs', () => {
    const [first] = blocks;
    assert.deepEqual(
      first?.text.split('\n').map((line) => line.replace(/\s*#.*/, '')),
      ['npm ci && npm start', 'npm ci && npm test'],
    );
  });

  it('documents every option of the types and no other', () => {
    const documented = [...readme.matchAll(/^\| `([a-zA-Z]+)` +\| .*\|$/gm)].map((match) => match[1]);
    assert.deepEqual(new Set(documented), new Set(optionNames()));
  });

  it('justifies every runtime dependency and no other', () => {
    const section = readme.split('\n## Dependencies\n')[1]?.split('\n## ')[0] ?? '';
    const justified = [...section.matchAll(/^- `([^`]+)`/gm)].map((match) => match[1]);
    assert.deepEqual(justified.sort(), Object.keys(manifest.dependencies).sort());
  });

  it('links to headings that exist', () => {
    const anchors = [...readme.matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1] ?? ''));
    for (const [, link] of readme.matchAll(/\]\(#([^)]+)\)/g)) assert.ok(anchors.includes(link ?? ''), link);
  });

  describe('code blocks', () => {
    for (const block of blocks) {
      it(`${checks[block.language]?.title ?? 'knows the language of'} the ${block.language} block at line ${String(block.line)}`, async function () {
        this.timeout(60_000);
        const check = checks[block.language];
        assert.ok(check, `no check for the language "${block.language}"`);
        if (!redis && block.text.includes('REDIS_URL'))
          skipWithout(this, 'no redis: apt-get install redis-server');
        if (block.text.includes("require('node:test')")) runTests(block);
        else await check.run(block);
      });
    }
  });

  describe('examples do what the text says:', () => {
    it('the first app counts visits', async () => {
      await runProgram(find('You have been here').text, async (visit) => {
        cookie = '';
        assert.equal((await visit('GET', '/')).body, 'You have been here 1 times');
        assert.equal((await visit('GET', '/')).body, 'You have been here 2 times');
      });
    });

    it('the sign-in app signs in and out, with a new token each way', async () => {
      await runProgram(find("app.post('/logout'").text, async (visit) => {
        cookie = '';
        assert.equal((await visit('GET', '/')).body, 'Nobody');
        assert.equal((await visit('POST', '/login')).status, 302);
        const token = cookie;
        assert.equal(decode(token).payload.user_id, 101);
        assert.equal((await visit('GET', '/')).body, 'User 101');
        assert.equal((await visit('POST', '/logout')).status, 302);
        cookie = token;
        assert.equal((await visit('GET', '/')).body, 'Nobody');
      });
    });

    it('the app with a limit on a login keeps its token, and another service verifies it', async () => {
      await runProgram(find('exp: until').text, async (visit) => {
        cookie = '';
        await visit('POST', '/login');
        const token = cookie;
        const claims = JSON.parse((await visit('GET', '/')).body) as Record<string, unknown>;
        assert.equal(claims.user_id, 101);
        assert.equal(typeof claims.exp, 'number');
        assert.equal(cookie, token);
      });
      await runProgram(find('jwt.verify').text, async (visit) => {
        const claims = JSON.parse((await visit('GET', '/')).body) as Record<string, unknown>;
        assert.equal(claims.user_id, 101);
        cookie = `${cookie.slice(0, -4)}AAAA`;
        assert.equal((await visit('GET', '/')).status, 401);
      });
    });

    it('the API answers 401 with a challenge until its client has signed in, and after it has signed out', async () => {
      await runProgram(find('function requireSignIn').text, async (visit) => {
        [cookie, credentials] = ['', {}];
        const challenge = async () => (await visit('GET', '/me')).headers.get('www-authenticate');
        assert.equal(await challenge(), 'Bearer realm="api"');
        const { headers } = await visit('POST', '/login');
        assert.deepEqual(headers.getSetCookie(), []);
        const me = JSON.parse((await visit('GET', '/me')).body) as { userId: number; claims: object };
        assert.equal(me.userId, 101);
        assert.equal((me.claims as { user_id?: unknown }).user_id, 101);
        assert.equal((await visit('POST', '/logout')).status, 204);
        assert.equal((await visit('GET', '/me')).status, 401);
        assert.equal(await challenge(), 'Bearer realm="api", error="invalid_token"');
      });
    });

    it('the client of the API keeps the newest token', async () => {
      const exercise = `(async () => {
        const statuses = [];
        for (const [method, path] of [['GET', '/me'], ['POST', '/login'], ['GET', '/me'], ['POST', '/logout'], ['GET', '/me']])
          statuses.push((await call(method, path)).status);
        require('node:assert').deepEqual(statuses, [401, 204, 200, 204, 401]);
      })();`;
      await runProgram(find('function requireSignIn').text, async (_, url) => {
        process.env.API_URL = url;
        await runProgram(`${find('async function call').text}\n${exercise}`, () => assert.fail('it listens'));
        delete process.env.API_URL;
      });
    });

    it('the API sends its client a new token before the old one expires, and after, while the session goes on', async () => {
      const text = find('function requireSignIn').text;
      const quick = text.replace("expiresIn: '15m'", "expiresIn: '2s'");
      assert.notEqual(quick, text);
      await runProgram(quick, async (visit) => {
        cookie = '';
        credentials = {};
        await visit('POST', '/login');
        const first = credentials;
        let answer = await visit('GET', '/me');
        while (!answer.headers.has('x-session-token')) answer = await visit('GET', '/me');
        assert.equal(answer.status, 200);
        assert.notDeepEqual(credentials, first);
        const fresh = credentials;
        // A request that had set out with the old one.
        credentials = first;
        assert.equal((await visit('GET', '/me')).status, 200);
        assert.deepEqual(sesOf(bearerOf(credentials)), sesOf(bearerOf(fresh)));
        credentials = fresh;
        // Asleep until it has expired.
        const { exp } = decode(bearerOf(fresh)).payload;
        await new Promise((resolve) => setTimeout(resolve, Number(exp) * 1000 - Date.now()));
        assert.equal((await visit('GET', '/me')).status, 200);
        assert.notDeepEqual(credentials, fresh);
      });
      credentials = {};
    });

    it('the mobile app creates, updates, reloads and destroys a session', async function () {
      if (!redis) skipWithout(this, 'no redis: apt-get install redis-server');
      await runProgram(find("transport: { header: 'x-access-token' }").text, async (visit) => {
        [cookie, credentials] = ['', {}];
        assert.equal((await visit('GET', '/session')).status, 401);
        assert.equal((await visit('POST', '/session')).status, 201);
        const { sub, aud } = decode(credentials['x-access-token'] ?? '').payload;
        assert.deepEqual([sub, aud], ['101', 'example.com']);
        assert.deepEqual(JSON.parse((await visit('PATCH', '/session')).body), { language: 'fr' });
        assert.equal(
          (JSON.parse((await visit('GET', '/session')).body) as { language: string }).language,
          'fr',
        );
        const { status, headers } = await visit('DELETE', '/session');
        assert.deepEqual([status, headers.getSetCookie()], [204, []]);
        assert.equal((await visit('GET', '/session')).status, 401);
        assert.equal(cookie, '');
      });
    });

    it('the rotated keys sign with the second pair', async () => {
      const server = `require('express')().use(sessions).get('/', (req, res) => {
        req.session.visited = true;
        res.end();
      }).listen(3000);`;
      await runProgram(`${find('public-key-2.pem').text}\n${server}`, async (visit) => {
        cookie = '';
        await visit('GET', '/');
        assert.ok(isSignedBy(cookie, secondPair));
        assert.ok(!isSignedBy(cookie, pair));
      });
    });
  });
});

/** The fenced blocks of a Markdown text, in order. */
function codeBlocks(markdown: string): Block[] {
  const found: Block[] = [];
  let open: Block | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^\s*(?:```|~~~)(.*)$/.exec(line);
    if (!fence) {
      if (open) open.text += open.text ? `\n${line}` : line;
    } else if (open) {
      found.push(open);
      open = undefined;
    } else {
      open = { language: fence[1]?.trim() ?? '', line: index + 1, text: '' };
    }
  }
  assert.equal(open, undefined, 'a code block is not closed');
  return found;
}

function find(text: string): Block {
  const block = blocks.find((candidate) => candidate.text.includes(text));
  assert.ok(block, `no block contains "${text}"`);
  return block;
}

/** The anchor that GitHub gives to a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replace(/ /g, '-');
}

function bearerOf({ authorization = '' }: Record<string, string>): string {
  return authorization.slice('Bearer '.length);
}

function isSignedBy(token: string, keys: KeyPair): boolean {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const key = { key: keys.public, dsaEncoding: 'ieee-p1363' as const };
  return verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'));
}

function createProject(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'readme-'));
  const modules = path.join(directory, 'node_modules');
  const own = path.join(modules, manifest.name);
  mkdirSync(own, { recursive: true });
  for (const entry of readdirSync(path.join(root, 'node_modules'))) {
    if (!entry.startsWith('.'))
      symlinkSync(path.join(root, 'node_modules', entry), path.join(modules, entry));
  }
  copyFileSync(path.join(root, 'package.json'), path.join(own, 'package.json'));
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  execFileSync(process.execPath, [
    compiler,
    '-p',
    path.join(root, 'tsconfig.build.json'),
    '--outDir',
    path.join(own, 'dist'),
  ]);
  writeKeys(directory, pair, '');
  writeKeys(directory, secondPair, '-2');
  // Any port that a block asks for is replaced by a free one, on loopback only.
  writeFileSync(
    path.join(directory, 'listen.cjs'),
    `const { Server } = require('node:net');
    const listen = Server.prototype.listen;
    Server.prototype.listen = function () {
      return listen.call(this, 0, '127.0.0.1', () => process.send(this.address().port));
    };`,
  );
  return directory;
}

function writeKeys(directory: string, keys: KeyPair, suffix: string): void {
  writeFileSync(path.join(directory, `public-key${suffix}.pem`), keys.public);
  writeFileSync(path.join(directory, `private-key${suffix}.pem`), keys.private);
}

/** Runs a program; where it listens, `exercise` uses it and it is ended, otherwise it has to end by itself. */
async function runProgram(
  text: string,
  exercise: (visit: Visit, url: string) => Promise<void>,
): Promise<void> {
  const file = path.join(project, /^import /m.test(text) ? 'block.mjs' : 'block.cjs');
  writeFileSync(file, text);
  const child = fork(file, {
    cwd: project,
    execArgv: ['--require', './listen.cjs'],
    silent: true,
    env: {
      ...process.env,
      REDIS_URL: redis?.url,
      SESSION_SECRET: 'keyboard cat',
      SESSION_PUBLIC_KEY: pair.public,
      SESSION_PRIVATE_KEY: pair.private.replaceAll('\n', String.raw`\n`),
    },
  });
  let complaints = '';
  child.stderr?.on('data', (data: Buffer) => (complaints += data.toString()));
  const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const listening = new Promise<number>((resolve) => child.on('message', resolve));
  const outcome = await Promise.race([
    listening.then((port) => ({ port })),
    exited.then((code) => ({ port: undefined, code })),
  ]);
  if (outcome.port === undefined) {
    assert.equal(outcome.code, 0, complaints);
    return;
  }
  try {
    const url = `http://127.0.0.1:${String(outcome.port)}`;
    await exercise(visitor(url), url);
  } finally {
    child.kill();
    await exited;
  }
}

function visitor(site: string): Visit {
  return async (method, url) => {
    const answer = await fetch(`${site}${url}`, {
      method,
      redirect: 'manual',
      headers: { ...(cookie && { cookie: `connect.sid=${cookie}` }), ...credentials },
    });
    const sent = answer.headers.getSetCookie().find((line) => line.startsWith('connect.sid='));
    if (sent) cookie = sent.slice('connect.sid='.length).split(';')[0] ?? '';
    const { headers, status } = answer;
    const [bearer, bare] = [headers.get('x-session-token'), headers.get('x-access-token')];
    if (bearer) credentials = { authorization: `Bearer ${bearer}` };
    if (bare) credentials = { 'x-access-token': bare };
    return { status, body: await answer.text(), headers };
  };
}

/** Tests end by themselves; what they open meanwhile is their own affair. */
function runTests(block: Block): void {
  const file = path.join(project, 'block.test.cjs');
  writeFileSync(file, block.text);
  execFileSync(process.execPath, ['--test', file], { cwd: project, stdio: 'pipe' });
}

/** Requests every route that the text defines. */
async function visitRoutes(text: string, visit: Visit): Promise<void> {
  if (!cookie)
    await runProgram(find('You have been here').text, async (first) => {
      await first('GET', '/');
    });
  credentials = {};
  const routes = [...text.matchAll(/\.(get|post|patch|delete)\('(\/[^']*)'/g)];
  assert.ok(routes.length > 0, 'the program listens and defines no route');
  for (const [, method = '', url = ''] of routes) {
    const { status, body } = await visit(method.toUpperCase(), url);
    assert.ok(status < 400, `${method} ${url}: ${String(status)} ${body}`);
  }
}

/** Runs what openssl is to do; npm commands have to be about this package, its scripts or its dependencies. */
function runCommands(block: Block): void {
  const directory = mkdtempSync(path.join(tmpdir(), 'readme-sh-'));
  try {
    for (const command of commandsOf(block.text)) {
      if (command[0] === 'openssl')
        execFileSync('openssl', command.slice(1), { cwd: directory, stdio: 'pipe' });
      else if (command[0] === 'npx' && command[1] === manifest.name)
        execFileSync(process.execPath, [installedCli(), ...command.slice(2)], {
          cwd: directory,
          stdio: 'pipe',
        });
      else if (command[0] === 'npm') checkNpm(command.slice(1));
      else assert.fail(`unexpected command: ${command.join(' ')}`);
    }
    if (/openssl|keygen --out/.test(block.text)) checkKeyFiles(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The program that npx runs. */
function installedCli(): string {
  return path.join(project, 'node_modules', manifest.name, manifest.bin[manifest.name] ?? '');
}

/** The single commands of a block, without comments and without settings of the environment. */
function commandsOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.replace(/\s*#.*/, ''))
    .flatMap((line) => line.split('&&'))
    .map((command) => command.trim().split(/\s+/))
    .map((words) => words.filter((word, index) => index > 0 || !/^[A-Z_]+=/.test(word)));
}

function checkNpm([command = '', ...words]: string[]): void {
  if (command === 'install') {
    const known = [manifest.name, ...Object.keys(manifest.devDependencies)];
    for (const name of words) assert.ok(known.includes(name), `${name} is not known here`);
  } else if (command !== 'ci') {
    const script = command === 'run' ? words[0] : command;
    assert.ok(Object.hasOwn(manifest.scripts, script ?? ''), `there is no script "${String(script)}"`);
  }
}

function checkKeyFiles(directory: string): void {
  const keys = {
    public: readFileSync(path.join(directory, 'public-key.pem')),
    private: readFileSync(path.join(directory, 'private-key.pem')),
  };
  assert.doesNotThrow(() => session({ keys }));
  assert.equal(createPublicKey(keys.public).asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.ok(createPublicKey(createPrivateKey(keys.private)).equals(createPublicKey(keys.public)));
}

async function checkTypes(block: Block): Promise<void> {
  const file = path.join(project, 'block.ts');
  writeFileSync(file, block.text);
  const program = ts.createProgram([file], {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    types: ['node'],
    typeRoots: [path.join(root, 'node_modules/@types')],
    esModuleInterop: true,
    strict: true,
    noImplicitOverride: true,
    noEmit: true,
  });
  const findings = ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const where = diagnostic.file?.fileName ?? '';
    return `${where}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`;
  });
  assert.deepEqual(findings, []);
  const { outputText } = ts.transpileModule(block.text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      esModuleInterop: true,
    },
  });
  await runProgram(outputText, () => assert.fail('a type example should not listen'));
}

/** Applies a diff without line numbers: what it shows as old has to be there, in that order. */
function patch(text: string, diff: string): string {
  const rest = text.split('\n');
  const result: string[] = [];
  for (const line of diff.split('\n')) {
    const content = line.slice(1);
    if (!line.startsWith('+')) {
      const at = rest.indexOf(content);
      assert.notEqual(at, -1, `the app has no line "${content}" (any more)`);
      result.push(...rest.splice(0, at));
      rest.shift();
    }
    if (!line.startsWith('-')) result.push(content);
  }
  return [...result, ...rest].join('\n');
}

async function applyDiff(block: Block): Promise<void> {
  const before = `const express = require('express');
const session = require('express-session');

const app = express();
app.use(session({
  secret: process.env.SESSION_SECRET,
  resave: false,
  saveUninitialized: false,
}));
app.get('/', (req, res) => {
  req.session.count = (req.session.count ?? 0) + 1;
  res.send(String(req.session.count));
});
app.listen(3000);`;
  const count = async (visit: Visit) => {
    cookie = '';
    assert.equal((await visit('GET', '/')).body, '1');
    assert.equal((await visit('GET', '/')).body, '2');
  };
  assert.equal(block.text.split('\n').length, 5);
  await runProgram(before, count);
  assert.match(cookie, /^s%3A/);
  await runProgram(patch(before, block.text), count);
  assert.equal(decode(cookie).header.alg, 'ES256');
}

/** The members of `session.SessionOptions`, as the installed types have them. */
function optionNames(): string[] {
  const file = path.join(project, 'options.ts');
  writeFileSync(
    file,
    `import session from '${manifest.name}'; export declare const options: session.SessionOptions;`,
  );
  const program = ts.createProgram([file], {
    module: ts.ModuleKind.Node16,
    moduleResolution: ts.ModuleResolutionKind.Node16,
    esModuleInterop: true,
    strict: true,
    types: ['node'],
    typeRoots: [path.join(root, 'node_modules/@types')],
  });
  const source = program.getSourceFile(file);
  assert.ok(source);
  const checker = program.getTypeChecker();
  const [options] = checker.getExportsOfModule(checker.getSymbolAtLocation(source) ?? assert.fail());
  assert.ok(options);
  return checker
    .getTypeOfSymbol(options)
    .getProperties()
    .map((property) => property.name);
}
