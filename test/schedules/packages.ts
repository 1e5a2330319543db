/** Loads the built package: once for each simulated process, so that the copies share no memory; and express-session. */
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Done = (error?: unknown, result?: unknown) => void;

/** What the application's handlers use of `req.session`. */
export interface SimSession {
  [member: string]: unknown;
  save(callback?: (error?: unknown, stored?: boolean) => void): unknown;
  destroy(callback?: Done): unknown;
  regenerate(callback?: Done): unknown;
  renewToken?(callback: Done): unknown;
}

export interface SimRequest extends IncomingMessage {
  session?: SimSession;
  sessionID?: string;
  sessionStore?: { destroy(id: string, callback: Done): unknown };
}

export type Middleware = (req: SimRequest, res: ServerResponse, next: (error?: unknown) => void) => void;

export interface Package {
  (options: Record<string, unknown>): Middleware;
  tokenOf?(req: SimRequest): string | undefined;
}

/** The folder of the package; the variable serves to point the suite at another build. */
const main = process.env.SCHEDULES_PACKAGE ?? join(__dirname, '../../dist/index.js');

/** A copy of the package of its own; modules of other packages are shared. */
export function loadPackage(): Package {
  const load = createRequire(main);
  const own = dirname(main) + sep;
  const forget = (): void => {
    for (const file of Object.keys(load.cache))
      if (file.startsWith(own)) Reflect.deleteProperty(load.cache, file);
  };
  forget();
  const loaded = load(main) as Package;
  forget();
  return loaded;
}

/**
 * Copies to be used again in each run. A process that begins is a new call of `session()` with a store object of its own:
 * the package keeps what it knows of sessions by that object, and nothing else of a run is in a module.
 */
const copies: Package[] = [];

export function packageOf(process: number): Package {
  return (copies[process] ??= loadPackage());
}

/**
 * One for all processes: what it knows of sessions is in the store. It is loaded while time is real, and keeps that
 * `setImmediate`.
 */
export const expressSession = createRequire(__filename)('express-session') as Package & {
  Store: new () => EventEmitter;
};
