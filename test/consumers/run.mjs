// Packs this package, installs the tarball into copies of the small projects beside this file, compiles them with the
// TypeScript releases that people use, runs them, and has publint and attw look at the tarball. One line per check;
// exits with 1 where one fails. `node run.mjs <word> …` runs only the checks whose line contains one of the words.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const here = import.meta.dirname;
const root = path.join(here, '../..');
const workspace = mkdtempSync(path.join(tmpdir(), 'consumers-'));
const words = process.argv.slice(2);

/** Projects that are compiled: with which releases, and what is run afterwards. */
const typescript = {
  // Release 6 takes this resolution under protest, release 7 no longer has it.
  'ts-classic': { releases: ['5.9', '6'], flags: { 6: ['--ignoreDeprecations', '6.0'] } },
  'ts-node16-cjs': { releases: ['5.9', '6', '7'] },
  'ts-node16-esm': { releases: ['5.9', '6', '7'] },
  'ts-bundler': { releases: ['5.9', '6', '7'] },
};

let failures = 0;
let passes = 0;

async function check(title, run) {
  if (words.length > 0 && !words.some((word) => title.includes(word))) return;
  const start = Date.now();
  try {
    await run();
    passes += 1;
    console.log(`ok    ${title} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${title}`);
    console.log(String(error.output || error.stack).replace(/^/gm, '      '));
  }
}

/** Runs a program to its end; resolves with its output, rejects where it fails. */
async function run(file, args, cwd, env = {}) {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, {
      cwd,
      env: { ...process.env, ...env },
      maxBuffer: 2 ** 26,
    });
    return stdout + stderr;
  } catch (error) {
    error.output = `${error.stdout ?? ''}${error.stderr ?? ''}`;
    throw error;
  }
}

const npm = (args, cwd) => run('npm', args, cwd, { npm_config_update_notifier: 'false' });

/** Copies a project and installs it, with the tarball unless told otherwise. */
async function install(name, { as = name, packages = [tarball] } = {}) {
  const directory = path.join(workspace, as);
  cpSync(path.join(here, name), directory, { recursive: true });
  if (name in typescript) cpSync(path.join(here, 'shared'), directory, { recursive: true });
  await npm(
    ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', ...packages],
    directory,
  );
  return directory;
}

function compile(release, directory, { project = 'tsconfig.json', flags = [] } = {}) {
  const compiler = path.join(compilers, 'node_modules', `typescript-${release}`, 'bin/tsc');
  rmSync(path.join(directory, 'out'), { recursive: true, force: true });
  return run(process.execPath, [compiler, '-p', project, ...flags], directory);
}

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const keys = {
  SESSION_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }),
  SESSION_PRIVATE_KEY: privateKey.export({ type: 'sec1', format: 'pem' }),
};

/** Starts an app that prints its port, hands `exercise` a browser of sorts, and ends the app. */
async function withApp(file, directory, exercise, env = {}) {
  const child = spawn(process.execPath, [file], {
    cwd: directory,
    env: { ...process.env, ...keys, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.on('data', (data) => (complaints += data));
  const exited = new Promise((resolve) => child.on('exit', resolve));
  const port = await new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('port ')) resolve(line.slice('port '.length));
    });
    void exited.then(() => resolve(undefined));
  });
  try {
    if (port === undefined) throw new Error('the app ended by itself');
    const jar = { cookie: undefined };
    await exercise(async (method, url) => {
      const answer = await fetch(`http://127.0.0.1:${port}${url}`, {
        method,
        headers: jar.cookie === undefined ? {} : { cookie: `connect.sid=${jar.cookie}` },
      });
      const sent = answer.headers.getSetCookie().find((line) => line.startsWith('connect.sid='));
      if (sent) jar.cookie = sent.slice('connect.sid='.length).split(';')[0];
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      return JSON.parse(text);
    }, jar);
    assert.equal(complaints, '');
  } catch (error) {
    error.output = `${error.stack}\n${complaints}`;
    throw error;
  } finally {
    child.kill();
    await exited;
  }
}

async function countVisits(visit, jar) {
  assert.equal(await visit('GET', '/'), 1);
  assert.match(jar.cookie, /^[\w-]+\.[\w-]+\.[\w-]{86}$/);
  assert.equal(await visit('GET', '/'), 2);
  jar.cookie = undefined;
  assert.equal(await visit('GET', '/'), 1);
}

/** What the project for express-session does, by whichever middleware. */
async function shop(visit, jar) {
  assert.equal(await visit('GET', '/'), 1);
  assert.equal(await visit('GET', '/'), 2);
  assert.deepEqual(await visit('POST', '/basket'), [{ article: 'book', pieces: 2 }]);
  const before = jar.cookie;
  // Passport regenerates the session: the basket is gone.
  assert.deepEqual(await visit('POST', '/login'), { user: 7, basket: null });
  assert.notEqual(jar.cookie, before);
  const signedIn = jar.cookie;
  assert.equal(await visit('GET', '/user'), 7);
  assert.equal(await visit('POST', '/logout'), 'bye');
  assert.equal(await visit('GET', '/user'), null);
  jar.cookie = signedIn;
  assert.equal(await visit('GET', '/user'), null);
  jar.cookie = before;
  assert.equal(await visit('GET', '/'), 1);
}

/** The move, as the README's diff has it. */
function moveOver(directory) {
  for (const file of ['app.ts', 'file-store.js']) {
    const text = readFileSync(path.join(directory, file), 'utf8');
    const moved = text
      .replace(/(from |require\()'express-session'/, "$1'express-session-jwt'")
      .replace(
        /^( *)secret: 'keyboard cat',$/m,
        '$&\n$1keys: { public: process.env.SESSION_PUBLIC_KEY, private: process.env.SESSION_PRIVATE_KEY },',
      );
    assert.notEqual(moved, text);
    writeFileSync(path.join(directory, file), moved);
  }
  const manifest = path.join(directory, 'package.json');
  const { dependencies, devDependencies, ...rest } = JSON.parse(readFileSync(manifest, 'utf8'));
  delete dependencies['express-session'];
  delete devDependencies['@types/express-session'];
  writeFileSync(manifest, JSON.stringify({ ...rest, dependencies, devDependencies }));
}

let tarball;
let compilers;

try {
  const [packed] = JSON.parse(
    await run('npm', ['pack', '--json', '--silent', '--pack-destination', workspace], root).then((text) =>
      text.slice(text.search(/^\[/m), text.lastIndexOf(']') + 1),
    ),
  );
  tarball = path.join(workspace, packed.filename);

  await check('the tarball holds the build and the documents, nothing else', () => {
    const files = packed.files.map((file) => file.path);
    const modules = readdirSync(path.join(root, 'src'), { recursive: true })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.slice(0, -'.ts'.length));
    const expected = ['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'].concat(
      modules.flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`]),
    );
    assert.deepEqual(files.sort(), expected.sort());
  });

  await check('publint', () =>
    run('npx', ['--no-install', 'publint', 'run', tarball, '--pack', 'false', '--strict'], root),
  );
  await check('attw', () => run('npx', ['--no-install', 'attw', tarball], root));

  for (const name of ['cjs', 'esm']) {
    await check(`${name}: runs`, async () => {
      await withApp('index.js', await install(name), countVisits);
    });
  }

  compilers = await install('compilers', { packages: [] });
  for (const [name, { releases, flags = {} }] of Object.entries(typescript)) {
    const directory = await install(name);
    for (const release of releases) {
      await check(`${name}: compiles with TypeScript ${release}, runs`, async () => {
        await compile(release, directory, { flags: flags[release] });
        if (name === 'ts-bundler') {
          await run(
            'npx',
            [
              '--no-install',
              'esbuild',
              'out/index.js',
              '--bundle',
              '--platform=node',
              '--log-level=warning',
              '--outfile=out/bundle.cjs',
            ],
            directory,
          );
          await withApp('out/bundle.cjs', directory, countVisits);
        } else {
          await withApp('out/index.js', directory, countVisits);
        }
      });
      if (name === 'ts-classic') {
        await check(
          `${name}: compiles without esModuleInterop with TypeScript ${release}, runs`,
          async () => {
            await compile(release, directory, { project: 'tsconfig.require.json', flags: flags[release] });
            assert.equal(await run(process.execPath, ['out/require.js'], directory), 'true\n');
          },
        );
      }
    }
  }

  const stores = ['memory', 'redis', 'pg', 'es5'];
  const original = await install('existing', { as: 'existing-original', packages: [] });
  await check('existing, before the move: compiles, runs with every store', async () => {
    await compile('6', original);
    for (const store of stores) {
      await withApp('out/app.js', original, shop, { STORE: store, NODE_ENV: 'test' });
    }
  });

  const source = path.join(workspace, 'existing-moved');
  cpSync(path.join(here, 'existing'), source, { recursive: true });
  moveOver(source);
  await npm(['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', tarball], source);
  for (const release of ['5.9', '6', '7']) {
    await check(`existing, moved over: compiles with TypeScript ${release}`, () => compile(release, source));
  }
  for (const store of stores) {
    await check(`existing, moved over: runs with ${store}`, () =>
      withApp('out/app.js', source, shop, { STORE: store, NODE_ENV: 'test' }),
    );
  }
} finally {
  rmSync(workspace, { recursive: true, force: true });
}

console.log(`consumers: ${String(passes)} checks passed, ${String(failures)} failed`);
process.exitCode = failures > 0 || passes === 0 ? 1 : 0;
