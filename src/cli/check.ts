/** The command `check`: loads an application's module, and prints the report of its session middleware. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CheckReport, Middleware } from '../types';
import { type Streams, UsageError } from './streams';

/** How long an application may take to load, in ms. */
const LOAD_LIMIT = 20_000;

/** Node's error codes for a module that has to be imported. */
const IMPORT_CODES = ['ERR_REQUIRE_ESM', 'ERR_REQUIRE_ASYNC_MODULE'];

/**
 * @param limit how long the module may take to load, in ms
 * @returns 0, or 1 if a check has failed
 * @throws UsageError if there is no middleware to check
 */
export async function checkModule(file: string, streams: Streams, limit = LOAD_LIMIT): Promise<number> {
  // Something else in the application may fail meanwhile, for example because its port is taken.
  const tell = (error: unknown): void => {
    streams.err(`${file} has failed meanwhile: ${messageOf(error)}\n`);
  };
  process.on('uncaughtException', tell);
  try {
    const report = await findMiddleware(await load(file, limit), file).check();
    streams.out(format(report));
    return report.ok ? 0 : 1;
  } finally {
    process.off('uncaughtException', tell);
  }
}

function load(file: string, limit: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const isLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`it has not loaded within ${String(limit / 1000)} seconds`));
    }, limit);
  });
  return Promise.race([loadModule(path.resolve(file)), isLate])
    .catch((error: unknown) => {
      throw new UsageError(`${file} cannot be loaded: ${messageOf(error)}`, { cause: error });
    })
    .finally(() => {
      clearTimeout(timer);
    });
}

async function loadModule(file: string): Promise<unknown> {
  try {
    return createRequire(file)(file) as unknown;
  } catch (error) {
    if (!IMPORT_CODES.includes((error as { code?: string }).code ?? '')) throw error;
    return (await import(pathToFileURL(file).href)) as unknown;
  }
}

/** @throws UsageError if the module exports none */
function findMiddleware(exported: unknown, file: string): Middleware {
  const { sessions, default: byDefault } = Object(exported) as Record<string, unknown>;
  const candidates = [sessions, (Object(byDefault) as Record<string, unknown>).sessions, byDefault, exported];
  const found = candidates.find(isMiddleware);
  if (found) return found;
  throw new UsageError(
    `${file} exports no session middleware: export what session() returns as "sessions", or as the module itself`,
  );
}

function isMiddleware(value: unknown): value is Middleware {
  return typeof value === 'function' && 'guarantee' in value && 'check' in value;
}

function format({ ok, checks }: CheckReport): string {
  const lines = checks.map(({ name, outcome, text }) => `${outcome.padEnd(8)}${name.padEnd(14)}${text}`);
  return `${[...lines, ok ? 'No check has failed.' : 'FAILED: see above.'].join('\n')}\n`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
