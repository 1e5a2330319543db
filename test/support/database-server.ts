// Starts a database as a program of its own, and stops it in the ways that a test needs.
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A database server of its own for a test: on a loopback port, with its data in a temporary folder. */
export interface DatabaseServer {
  readonly url: string;
  readonly port: number;
  /** Ends the server; its data stays. `signal`: default SIGTERM, an orderly end. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again where it was stopped: the same port, the same data. Resolves once it takes connections. */
  start(): Promise<void>;
  /** `stop`, then `start`. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** How a server is run. The port and the folder never change. */
export interface Recipe {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly directory: string;
  readonly command: readonly [file: string, ...args: string[]];
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Whether it answers queries by now; it accepts connections already. */
  readonly isReady: () => Promise<boolean>;
}

/** Servers that no test has removed when the process ends. One listener for all: Node warns of more than ten. */
const leftAtExit = new Set<() => void>();

process.on('exit', () => {
  for (const removeAtOnce of leftAtExit) removeAtOnce();
});

/** Starts a server of this recipe. */
export async function startServer(recipe: Recipe): Promise<DatabaseServer> {
  let running: Running | undefined;
  const removeAtOnce = (): void => {
    running?.child.kill('SIGKILL');
    rmSync(recipe.directory, { recursive: true, force: true });
  };
  const server: DatabaseServer = {
    url: recipe.url,
    port: recipe.port,
    start: async () => {
      running ??= await run(recipe);
    },
    stop: async (signal = 'SIGTERM') => {
      const { child, exited } = running ?? {};
      running = undefined;
      child?.kill(signal);
      await exited;
    },
    restart: async (signal) => {
      await server.stop(signal);
      await server.start();
    },
    remove: async () => {
      await server.stop();
      leftAtExit.delete(removeAtOnce);
      rmSync(recipe.directory, { recursive: true, force: true });
    },
  };
  leftAtExit.add(removeAtOnce);
  await server.start();
  return server;
}

interface Running {
  child: ChildProcess;
  exited: Promise<void>;
}

async function run({
  name,
  command: [file, ...args],
  directory,
  user,
  port,
  isReady,
}: Recipe): Promise<Running> {
  const child = spawn(file, args, { ...user, cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (data: Buffer): void => {
    output = (output + data.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const state = { hasExited: false };
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      state.hasExited = true;
      resolve();
    });
    child.once('exit', () => {
      state.hasExited = true;
      resolve();
    });
  });
  const deadline = Date.now() + 30_000;
  while (!((await accepts(port)) && (await isReady()))) {
    if (state.hasExited || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${name} does not start: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { child, exited };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A new folder below the system's temporary one. */
export function temporaryDirectory(prefix: string): string {
  return mkdtempSync(path.join(tmpdir(), prefix));
}

/** Where a program is, on the PATH or in one of these folders (one `*` each stands for any name); undefined if it is nowhere. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const candidates = [...(process.env.PATH ?? '').split(path.delimiter), ...folders.flatMap(expand)];
  return candidates.map((folder) => path.join(folder, name)).find(isExecutable);
}

// In place of the asterisk whatever is there, the newest version first.
function expand(folder: string): string[] {
  const [before, after] = folder.split('*', 2);
  if (before === undefined || after === undefined) return [folder];
  try {
    return readdirSync(before)
      .sort((a, b) => Number(b) - Number(a))
      .map((version) => before + version + after);
  } catch {
    return [];
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * For a test that needs something that is not there: one clear line and the test is skipped, except in continuous
 * integration, where it is an error.
 */
export function skipWithout(test: Mocha.Context, reason: string): never {
  if (process.env.CI === 'true') throw new Error(reason);
  console.log(`    skipped: ${reason}`);
  return test.skip();
}
