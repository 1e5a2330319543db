// The packed tarball, and copies of the consumer projects in a temporary folder that it is installed into.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const here = import.meta.dirname;
export const root = path.join(here, '../..');
export const workspace = mkdtempSync(path.join(tmpdir(), 'consumers-'));
const tools = path.join(workspace, 'tools');

/** Runs a program to its end; resolves with its output, rejects where it fails. */
export async function run(file, args, cwd, env = {}) {
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

/** Packs this package; what npm says about the tarball, with its `path`. */
export async function pack() {
  const text = await run('npm', ['pack', '--json', '--silent', '--pack-destination', workspace], root);
  const [packed] = JSON.parse(text.slice(text.search(/^\[/m), text.lastIndexOf(']') + 1));
  return { ...packed, path: path.join(workspace, packed.filename) };
}

/** A copy of a project, with its package.json changed. */
export function copy(name, as = name, change = () => undefined) {
  const directory = path.join(workspace, as);
  cpSync(path.join(here, name), directory, { recursive: true });
  if (name.startsWith('ts-')) cpSync(path.join(here, 'shared'), directory, { recursive: true });
  const file = path.join(directory, 'package.json');
  const manifest = { dependencies: {}, devDependencies: {}, ...JSON.parse(readFileSync(file, 'utf8')) };
  change(manifest);
  writeFileSync(file, JSON.stringify(manifest, undefined, 2));
  return directory;
}

/** Installs what the package.json of a folder names. */
export async function install(directory, ...flags) {
  const options = ['--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline'];
  await run('npm', ['install', ...options, ...flags], directory, { npm_config_update_notifier: 'false' });
  return directory;
}

/** The same by pnpm, which lets a project resolve only what it names itself. */
export async function installByPnpm(directory) {
  // pnpm takes a folder above with a workspace for its own: this folder has none above it.
  await runTool('pnpm', ['install', '--no-lockfile', '--prefer-offline', '--ignore-workspace'], directory);
  return directory;
}

/** Runs a program of the project `tools`. */
export function runTool(name, args, directory) {
  const program = path.join(tools, 'node_modules/.bin', name);
  assert.ok(existsSync(program), `${name} is not installed: see tools/package.json`);
  return run(program, args, directory);
}

/** Compiles with a release of TypeScript, into `out`. */
export function compile(release, directory, { project = 'tsconfig.json', flags = [] } = {}) {
  const compiler = path.join(tools, 'node_modules', `typescript-${release}`, 'bin/tsc');
  rmSync(path.join(directory, 'out'), { recursive: true, force: true });
  return run(process.execPath, [compiler, '-p', project, ...flags], directory);
}
