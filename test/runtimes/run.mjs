// Packs this package and tries it on the runtimes that people use: Node 20, 22, 24 and 26, Bun and Deno, all from npm. They
// are installed once, into a folder for temporary files. One line per check; exits with 1 where one fails.
// `node run.mjs <word> …` tries only the runtimes whose name contains one of the words.
import assert from 'node:assert/strict';
import console from 'node:console';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { install, pack, run, workspace } from '../consumers/project.mjs';
import { checks } from './checks.mjs';
import { Browser, withSite } from './site.mjs';

const here = import.meta.dirname;
const cache = path.join(tmpdir(), 'express-session-jwt-runtimes');
const words = process.argv.slice(2);

/** The program of each, within its package, and what it has to be told. */
const RUNTIMES = {
  'Node 20': ['node-20/bin/node'],
  'Node 22': ['node-22/bin/node'],
  'Node 24': ['node-24/bin/node'],
  'Node 26': ['node-26/bin/node'],
  Bun: ['@oven/bun-linux-x64/bin/bun', 'run'],
  Deno: ['@deno/linux-x64-glibc/deno', 'run', '--allow-all', '--quiet', '--node-modules-dir=manual'],
};

/** Without their install scripts: the programs are in the packages. */
async function installRuntimes() {
  const lockfile = path.join(here, 'package-lock.json');
  const installed = path.join(cache, 'installed-by.json');
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lockfile))) return;
  mkdirSync(cache, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(path.join(here, name), path.join(cache, name));
  }
  console.log(`npm ci in ${cache}`);
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], cache);
  copyFileSync(lockfile, installed);
}

/** A project with the site and the tarball. */
async function createProject() {
  const directory = path.join(workspace, 'runtimes');
  mkdirSync(directory);
  cpSync(path.join(here, 'app.mjs'), path.join(directory, 'app.mjs'));
  const dependencies = {
    express: '^5.0.0',
    'express-session': '1.19',
    'express-session-jwt': `file:${(await pack()).path}`,
  };
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ private: true, dependencies }));
  return await install(directory, '--ignore-scripts');
}

let passes = 0;
let failures = 0;

async function check(title, action) {
  try {
    await action();
    passes += 1;
    console.log(`ok    ${title}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${title}`);
    console.log(String(error.output ?? error.stack).replace(/^/gm, '      '));
  }
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log('runtimes: the packages of the runtimes that are tried here are those for Linux on x64');
} else {
  try {
    await installRuntimes();
    const project = await createProject();
    for (const [name, [program, ...args]] of Object.entries(RUNTIMES)) {
      if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
      const file = path.join(cache, 'node_modules', program);
      const [version] = /\d+\.\d+\.\d+/.exec(await run(file, ['--version'], project));
      const title = `${name.split(' ')[0]} ${version}`;
      await check(`${title}: starts, and has nothing to complain of`, () =>
        withSite([file, ...args], project, async (url) => {
          assert.equal(await new Browser(url).look('/runtime'), version);
          for (const [what, action] of Object.entries(checks)) {
            await check(`${title}: ${what}`, () => action(url));
          }
        }),
      );
    }
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
  console.log(`runtimes: ${String(passes)} checks passed, ${String(failures)} failed`);
  process.exitCode = failures > 0 || passes === 0 ? 1 : 0;
}
