// Packs this package, installs the tarball into copies of the small projects beside this file, compiles them with the
// TypeScript releases that people use, runs them, and has publint and attw look at the tarball. One line per check;
// exits with 1 where one fails. `node run.mjs <word> …` runs only the checks whose line contains one of the words.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compile, copy, install, installByPnpm, pack, root, run, runTool, workspace } from './project.mjs';
import { countVisits, shop, withApp } from './visits.mjs';

const words = process.argv.slice(2);

const RELEASES = ['5.9', '6', '7'];

/** Projects that are compiled: with which releases, and with which flags. */
const typescript = {
  // Release 6 takes this resolution under protest, release 7 no longer has it.
  'ts-classic': { releases: ['5.9', '6'], flags: { 6: ['--ignoreDeprecations', '6.0'] } },
  'ts-node16-cjs': { releases: RELEASES },
  'ts-node16-esm': { releases: RELEASES },
  'ts-bundler': { releases: RELEASES },
};

/** Releases of @types/node; those of the projects themselves are 20. */
const NODE_TYPES = ['22', '24', 'latest'];

const STORES = ['memory', 'redis', 'pg', 'es5'];

let failures = 0;
let passes = 0;

async function check(title, action) {
  if (words.length > 0 && !words.some((word) => title.includes(word))) return;
  const start = Date.now();
  try {
    await action();
    passes += 1;
    console.log(`ok    ${title} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${title}`);
    console.log(String(error.output || error.stack).replace(/^/gm, '      '));
  }
}

const KEYS = '{ public: process.env.SESSION_PUBLIC_KEY, private: process.env.SESSION_PRIVATE_KEY }';

/** Changes files of the project that was written for express-session, as the README's diff has it. */
function moveOver(directory, isAlias) {
  for (const file of isAlias ? ['app.ts'] : ['app.ts', 'file-store.js']) {
    const text = readFileSync(path.join(directory, file), 'utf8');
    const moved = (
      isAlias ? text : text.replace(/(from |require\()'express-session'/, "$1'express-session-jwt'")
    ).replace(/^( *)secret: 'keyboard cat',$/m, `$&\n$1keys: ${KEYS},`);
    assert.notEqual(moved, text);
    writeFileSync(path.join(directory, file), moved);
  }
}

try {
  const tarball = await pack();
  const withTarball =
    (more = {}) =>
    (manifest) => {
      manifest.dependencies['express-session-jwt'] = `file:${tarball.path}`;
      Object.assign(manifest.devDependencies, more);
    };

  const files = tarball.files.map((file) => file.path);

  await check('the tarball holds the build, the types and documents, nothing else', () => {
    const modules = readdirSync(path.join(root, 'src'), { recursive: true })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.slice(0, -'.ts'.length));
    const types = readdirSync(path.join(root, 'types')).map((file) => `types/${file}`);
    const documents = [
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'package.json',
    ];
    const build = modules.flatMap((name) => [`dist/${name}.js`, `dist/${name}.d.ts`]);
    const publicTypes = modules.filter((name) => name.startsWith('types/'));
    const node10 = ['index', ...publicTypes, 'store-test/index', 'store-test/report', 'sealed/index'];
    build.push(...node10.map((name) => `dist/node10/${name}.d.ts`));
    const isLinked = (file) => /^(docs|examples)\/|^bench\/(README\.md|(results|growth)\.svg)$/.test(file);
    assert.deepEqual(
      files.filter((file) => !isLinked(file)).sort(),
      [...documents, ...types, ...build].sort(),
    );
  });

  await check('what the documents of the tarball link to is in it', () => {
    for (const file of files.filter((name) => name.endsWith('.md'))) {
      for (const [, link] of readFileSync(path.join(root, file), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^(https?:|mailto:|#)/.test(link)) continue;
        const target = path.join(path.dirname(file), link.replace(/#.*/, ''));
        // Proofs are for those who have the repository.
        if (/^(test|src|\.ci)\//.test(target)) continue;
        const isThere = files.some(
          (name) => name === target || name.startsWith(`${target.replace(/\/$/, '')}/`),
        );
        assert.ok(isThere, `${file} links to ${link}, which is not in the tarball`);
      }
    }
  });

  const tools = await install(copy('tools'));
  await check('publint', async () => {
    const output = await runTool('publint', ['run', tarball.path, '--pack', 'false'], tools);
    const warnings = output.split('Suggestions:')[0].match(/^\d+\. .*$/gm) ?? [];
    // TypeScript alone reads it, and takes the second where the first cannot be found.
    assert.deepEqual(
      warnings.filter((line) => !line.includes('pkg.imports["#express-session"].types uses fallback arrays')),
      [],
    );
  });
  await check('attw', () => runTool('attw', [tarball.path], tools));

  for (const name of ['cjs', 'esm']) {
    await check(`${name}: runs`, async () => {
      await withApp('index.js', await install(copy(name, name, withTarball())), countVisits);
    });
  }

  for (const [name, { releases, flags = {} }] of Object.entries(typescript)) {
    const directory = await install(copy(name, name, withTarball()));
    for (const release of releases) {
      await check(`${name}: compiles with TypeScript ${release}, runs`, async () => {
        await compile(release, directory, { flags: flags[release] });
        if (name !== 'ts-bundler') return withApp('out/index.js', directory, countVisits);
        const options = ['--bundle', '--platform=node', '--log-level=warning', '--outfile=out/bundle.cjs'];
        await run('npx', ['--no-install', 'esbuild', 'out/index.js', ...options], directory);
        await withApp('out/bundle.cjs', directory, countVisits);
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

  for (const version of NODE_TYPES) {
    const name = `ts-node16-cjs-types-node-${version}`;
    const change = withTarball({ '@types/node': version });
    const directory = await install(copy('ts-node16-cjs', name, change));
    for (const release of RELEASES) {
      await check(`@types/node ${version}: compiles with TypeScript ${release}`, () =>
        compile(release, directory),
      );
    }
  }

  for (const [title, add] of Object.entries({
    'npm, linked': (directory) => install(directory, '--install-strategy=linked'),
    pnpm: installByPnpm,
  })) {
    const directory = await add(copy('ts-isolated', `ts-isolated-${title}`, withTarball()));
    for (const release of RELEASES) {
      await check(`${title}: compiles with TypeScript ${release}, runs`, async () => {
        await compile(release, directory);
        await withApp('out/index.js', directory, countVisits);
      });
    }
    const bare = await add(
      copy('ts-isolated', `ts-isolated-bare-${title}`, (manifest) => {
        withTarball()(manifest);
        delete manifest.devDependencies['@types/express-session'];
      }),
    );
    await check(`${title}: compiles without @types/express-session what augments this package`, () =>
      compile('6', bare, { project: 'tsconfig.own.json' }),
    );
    await check(`${title}: without @types/express-session, 'express-session' cannot be augmented`, () =>
      assert.rejects(compile('6', bare), { output: /types\.ts\(\d+,\d+\): error TS2664/ }),
    );
  }

  const original = await install(copy('existing', 'existing-original'));
  await check('existing, before the move: compiles, runs with every store', async () => {
    await compile('6', original);
    for (const store of STORES) {
      await withApp('out/app.js', original, shop, { STORE: store, NODE_ENV: 'test' });
    }
  });

  for (const [title, isAlias] of [
    ['existing, moved over', false],
    ['existing, with this package as an alias of express-session', true],
  ]) {
    const directory = copy('existing', isAlias ? 'existing-alias' : 'existing-moved', (manifest) => {
      delete manifest.dependencies['express-session'];
      delete manifest.devDependencies['@types/express-session'];
      manifest.dependencies[isAlias ? 'express-session' : 'express-session-jwt'] = `file:${tarball.path}`;
    });
    moveOver(directory, isAlias);
    await install(directory);
    for (const release of RELEASES) {
      await check(`${title}: compiles with TypeScript ${release}`, () => compile(release, directory));
    }
    for (const store of STORES) {
      await check(`${title}: runs with ${store}`, () =>
        withApp('out/app.js', directory, shop, { STORE: store, NODE_ENV: 'test' }),
      );
    }
  }
} finally {
  rmSync(workspace, { recursive: true, force: true });
}

console.log(`consumers: ${String(passes)} checks passed, ${String(failures)} failed`);
process.exitCode = failures > 0 || passes === 0 ? 1 : 0;
