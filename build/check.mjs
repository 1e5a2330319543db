// Lint with the boundaries of the rooms, format and types, side by side; prints what is wrong. What has not changed since the
// last time is not looked at again: after `npm ci` everything is.
import { execFile } from 'node:child_process';
import console from 'node:console';
import path from 'node:path';
import process from 'node:process';

const root = path.join(import.meta.dirname, '..');
const cache = path.join(root, 'node_modules', '.cache');

const byContent = (name) => [
  '--cache',
  '--cache-strategy',
  'content',
  '--cache-location',
  path.join(cache, name),
];
const incremental = (name) => ['--incremental', '--tsBuildInfoFile', path.join(cache, `${name}.tsbuildinfo`)];

const checks = {
  lint: ['eslint/bin/eslint.js', '.', ...byContent('lint/')],
  format: ['prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.', ...byContent('format')],
  types: ['typescript/bin/tsc', ...incremental('types')],
  'types of bench/': ['typescript/bin/tsc', '-p', 'bench', ...incremental('types-of-bench')],
};

await Promise.all(
  Object.entries(checks).map(
    ([name, [program, ...args]]) =>
      new Promise((resolve) => {
        const started = Date.now();
        const file = path.join(root, 'node_modules', program);
        execFile(process.execPath, [file, ...args], { cwd: root }, (error, stdout, stderr) => {
          const seconds = ((Date.now() - started) / 1000).toFixed(1);
          console.log(`${error ? 'FAILED' : 'ok'}: ${name} (${seconds} s)`);
          if (error) {
            console.log(stdout + stderr);
            process.exitCode = 1;
          }
          resolve(undefined);
        });
      }),
  ),
);
