/** A process of one of the small applications: before it was moved, or after. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { keys } from '../../../support/keys';

/** What runs: express-session, the first step of the move, or the second. */
export type Kind = 'before' | 'step one' | 'step two';

export interface Process {
  readonly kind: Kind;
  readonly url: string;
  stop(): Promise<void>;
}

/** @param servers the addresses of the databases, as environment variables */
export async function start(name: string, kind: Kind, servers: Record<string, string>): Promise<Process> {
  const file = path.join(__dirname, kind === 'before' ? 'before' : 'after', `${name}.cjs`);
  const child = fork(file, {
    execArgv: ['--require', path.join(__dirname, 'preload.cjs')],
    env: {
      ...process.env,
      ...servers,
      SESSION_SECRET: 'keyboard cat',
      SESSION_PUBLIC_KEY: keys.public,
      SESSION_PRIVATE_KEY: keys.private,
      ...(kind === 'step one' && { COOKIE_FORMAT: 'express-session' }),
    },
  });
  const [{ port }] = (await Promise.race([once(child, 'message'), failed(child)])) as [{ port: number }];
  return {
    kind,
    url: `http://127.0.0.1:${String(port)}`,
    stop: async () => {
      const left = once(child, 'exit');
      child.kill();
      await left;
    },
  };
}

async function failed(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`the application left with ${String(code)} before it listened`);
}
