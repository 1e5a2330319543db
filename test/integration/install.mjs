// Installs what the integration tests need beside the packages of this project: this folder's packages and those of
// peers/ and ecosystem/, each where they are missing or another lockfile asks for them. `node install.mjs .` installs this
// folder's only.
import { execFileSync } from 'node:child_process';
import console from 'node:console';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const names = process.argv.length > 2 ? process.argv.slice(2) : ['.', 'peers', 'ecosystem'];

for (const name of names) {
  const folder = path.join(import.meta.dirname, name);
  const lockfile = path.join(folder, 'package-lock.json');
  const installed = path.join(folder, 'node_modules', '.installed-by.json');

  if (!existsSync(installed) || !readFileSync(installed).equals(readFileSync(lockfile))) {
    console.error(`npm ci in ${path.relative(process.cwd(), folder)}`);
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    copyFileSync(lockfile, installed);
  }
}
