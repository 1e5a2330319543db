// Installs what the peers' tests need, where it is missing or another lockfile asks for it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const folder = import.meta.dirname;
const lockfile = path.join(folder, 'package-lock.json');
const installed = path.join(folder, 'node_modules', '.installed-by.json');

if (!existsSync(installed) || !readFileSync(installed).equals(readFileSync(lockfile))) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  copyFileSync(lockfile, installed);
}
