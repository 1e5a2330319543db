// Starts the playground as a program of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.join(__dirname, '../..');

export interface Playground {
  url: string;
  /** Everything the process has written so far, debug lines included. */
  log(): string;
  stop(): Promise<void>;
}

const directories: string[] = [];
process.once('exit', () => {
  for (const directory of directories) fs.rmSync(directory, { recursive: true, force: true });
});

/** A directory for keys and sessions that is gone when the tests are done. */
export function temporaryDirectory(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'playground-'));
  directories.push(directory);
  return directory;
}

/** Starts the example as its own process on a free port. It runs the built package, as a user's project would. */
export async function startPlayground(settings: Record<string, string>): Promise<Playground> {
  if (!fs.existsSync(path.join(root, 'dist/index.js'))) {
    throw new Error('the playground runs the built package: run "npm run build" first');
  }
  const env = { ...process.env, DEBUG: 'express-session', PORT: '0', ...settings };
  // Coverage of src/ is not measured in another process that runs dist/.
  Reflect.deleteProperty(env, 'NODE_V8_COVERAGE');
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', 'examples/playground/server.ts'], {
    cwd: root,
    env,
  });
  const exited = once(child, 'exit');
  let log = '';

  const url = await new Promise<string>((resolve, reject) => {
    const collect = (chunk: Buffer) => {
      log += chunk.toString();
      const address = /http:\/\/localhost:\d+/.exec(log);
      if (address) resolve(address[0]);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    void exited.then(() => {
      reject(new Error(`the playground did not start:\n${log}`));
    });
  });

  return {
    url,
    log: () => log,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
