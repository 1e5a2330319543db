/** A project that has this package installed under its name, in which the code of documents runs. */
import assert from 'node:assert/strict';
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
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
import { createKeyPair, type KeyPair } from '../keys';
import { root } from './markdown';
import { Visitor } from './visitor';

interface PackageJson {
  readonly name: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

export const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as PackageJson;

/** The keys in the project's private-key.pem and public-key.pem, and in those with -2. */
export const pair: KeyPair = createKeyPair();
export const secondPair: KeyPair = createKeyPair();

/** Any port that a program asks for becomes a free one on loopback; its clock goes ahead by what it is told. */
const PRELOAD = `
const { Server } = require('node:net');
const { listen } = Server.prototype;
Server.prototype.listen = function () {
  return listen.call(this, 0, '127.0.0.1', () => process.send({ port: this.address().port }));
};
const { now } = Date;
let ahead = 0;
Date.now = () => now() + ahead;
process.on('message', (ms) => { ahead += ms; process.send({ ahead }); });
process.channel.unref();
`;

/** A program that listens. */
export interface Running {
  readonly url: string;
  readonly visitor: Visitor;
  /** Moves the program's clock. */
  readonly later: (ms: number) => Promise<void>;
}

export class Project {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'documents-'));
  readonly #environment: Readonly<Record<string, string>>;

  constructor(environment: Readonly<Record<string, string>> = {}) {
    this.#environment = environment;
    linkPackages(this.directory);
    writeKeys(this.directory, pair, '');
    writeKeys(this.directory, secondPair, '-2');
    writeFileSync(path.join(this.directory, 'preload.cjs'), PRELOAD);
    mkdirSync(path.join(this.directory, 'bin'));
    const npx = `#!/bin/sh\nshift\nexec '${process.execPath}' '${this.#cli()}' "$@"\n`;
    writeFileSync(path.join(this.directory, 'bin/npx'), npx, { mode: 0o755 });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Writes a file of the application's, next to its program. */
  write(name: string, text: string): void {
    writeFileSync(path.join(this.directory, name), text);
  }

  /** Runs a program, in TypeScript or JavaScript; where it listens, `exercise` uses it and it is ended, otherwise it has to end by itself. */
  async run(text: string, exercise: (running: Running) => Promise<void>): Promise<void> {
    const file = path.join(this.directory, /^import /m.test(text) ? 'program.mjs' : 'program.cjs');
    const { outputText } = ts.transpileModule(text, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.Preserve },
    });
    writeFileSync(file, outputText);
    const child = fork(file, {
      cwd: this.directory,
      execArgv: ['--require', './preload.cjs'],
      silent: true,
      env: { ...process.env, ...this.#environment },
    });
    let complaints = '';
    child.stderr?.on('data', (data: Buffer) => (complaints += data.toString()));
    const exited = new Promise<number | null>((resolve) => child.on('exit', resolve));
    const outcome = await Promise.race([
      answerOf(child, 'port').then((port) => ({ port })),
      exited.then((code) => ({ code })),
    ]);
    if ('code' in outcome) {
      assert.equal(outcome.code, 0, complaints);
      return;
    }
    const url = `http://127.0.0.1:${String(outcome.port)}`;
    const later = async (ms: number) => {
      const moved = answerOf(child, 'ahead');
      child.send(ms);
      await moved;
    };
    try {
      await exercise({ url, visitor: new Visitor(url), later });
    } finally {
      child.kill();
      await exited;
    }
  }

  /** Runs a program that ends by itself. */
  async runToTheEnd(text: string): Promise<void> {
    await this.run(text, () => assert.fail('it listens'));
  }

  /** Runs tests written for node:test. */
  runTests(text: string): void {
    const file = path.join(this.directory, 'program.test.cjs');
    writeFileSync(file, text);
    execFileSync(process.execPath, ['--test', file], { cwd: this.directory, stdio: 'pipe' });
  }

  /** Runs shell commands in an empty folder inside of the project; returns what they print. */
  runShell(text: string, use?: (folder: string) => void): string {
    const folder = mkdtempSync(path.join(this.directory, 'shell-'));
    const env = { ...process.env, PATH: `${path.join(this.directory, 'bin')}:${String(process.env.PATH)}` };
    const output = execFileSync('/bin/sh', ['-e', '-c', text], { cwd: folder, env, stdio: 'pipe' });
    use?.(folder);
    return output.toString();
  }

  #cli(): string {
    return path.join(this.directory, 'node_modules', manifest.name, manifest.bin[manifest.name] ?? '');
  }
}

function answerOf(child: ChildProcess, name: 'port' | 'ahead'): Promise<number> {
  return new Promise((resolve) => {
    child.on('message', (message: Partial<Record<string, number>>) => {
      const value = message[name];
      if (value !== undefined) resolve(value);
    });
  });
}

function writeKeys(directory: string, keys: KeyPair, suffix: string): void {
  writeFileSync(path.join(directory, `public-key${suffix}.pem`), keys.public);
  writeFileSync(path.join(directory, `private-key${suffix}.pem`), keys.private);
}

/** Links every package that is installed here, and installs this one from its sources. */
function linkPackages(directory: string): void {
  const modules = path.join(directory, 'node_modules');
  const own = path.join(modules, manifest.name);
  mkdirSync(own, { recursive: true });
  for (const entry of readdirSync(path.join(root, 'node_modules'))) {
    if (!entry.startsWith('.') && !existsSync(path.join(modules, entry)))
      symlinkSync(path.join(root, 'node_modules', entry), path.join(modules, entry));
  }
  copyFileSync(path.join(root, 'package.json'), path.join(own, 'package.json'));
  for (const [name, text] of (compiled ??= compileSources())) {
    const file = path.join(own, 'dist', name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

let compiled: Map<string, string> | undefined;

/** The modules of the package, by name. Types are not looked at: that is quicker, and the compiler's affair. */
function compileSources(): Map<string, string> {
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    esModuleInterop: true,
  };
  const names = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' });
  return new Map(
    names
      .filter((name) => name.endsWith('.ts'))
      .map((name) => {
        const text = readFileSync(path.join(root, 'src', name), 'utf8');
        return [name.replace(/\.ts$/, '.js'), ts.transpileModule(text, { compilerOptions }).outputText];
      }),
  );
}
