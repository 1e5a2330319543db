/** What the tests know of a store on a database. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { AnyStore } from '../../../src/types';

/** The database servers that the tests can start. */
export type ServerName = 'redis' | 'postgres' | 'mariadb';

/** A store on a database, as an application would set it up. */
export interface Subject {
  /** Where it is installed in node_modules. */
  readonly module: string;
  /** What it runs on, as the table in docs/stores.md says it. */
  readonly on: string;
  /** Which server it needs. */
  readonly server?: ServerName | undefined;
  /** What the store is known to promise. */
  readonly grade: 'everywhere' | 'in this process';
  /** @param url of the server, with a database of its own */
  readonly create: (url: string) => Promise<Opened>;
}

/** What the database has, read past the store. */
export interface Row {
  /** The session as it is stored. */
  readonly data: string;
  /** In ms since 1970. */
  readonly expires: number;
}

export interface Opened {
  readonly store: AnyStore;
  /** Only for stores with an adapter. */
  readonly rowOf?: ((id: string) => Promise<Row | undefined>) | undefined;
  /** Ends connections and timers. */
  readonly close: () => Promise<unknown>;
}

const requireHere = createRequire(__filename);

/** Many stores come without types; the caller says what it makes use of. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- in place of an assertion at each call
export function load<Module>(name: string): Module {
  return requireHere(name) as Module;
}

/** Name on npm and installed release of a module, which may be an alias. */
export function packageOf(module: string): { name: string; version: string } {
  const files = (requireHere.resolve.paths(module) ?? []).map((folder) =>
    path.join(folder, module, 'package.json'),
  );
  const file = files.find(existsSync);
  if (file === undefined) throw new Error(`${module} is not installed`);
  return JSON.parse(readFileSync(file, 'utf8')) as { name: string; version: string };
}
