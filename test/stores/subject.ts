import { createRequire } from 'node:module';
import type { AnyStore } from '../../src/types';

/** A store on a database, as an application would set it up. */
export interface Subject {
  /** Where it is installed in node_modules. */
  readonly module: string;
  /** What it runs on, as the README's table says it. */
  readonly on: string;
  /** Which server it needs, by the name of a `before` hook in stores.test.ts. */
  readonly server?: 'redis' | 'postgres' | undefined;
  /** Why it cannot be tested here; undefined if it can. */
  readonly missing?: (() => string | undefined) | undefined;
  /** The option that the store needs as an application would set it up. */
  readonly storeKey?: ((token: string) => string) | undefined;
  /** @param url of the server, with a database of its own */
  readonly create: (url: string) => Promise<Opened>;
}

export interface Opened {
  readonly store: AnyStore;
  /** Ends connections and timers. */
  readonly close: () => Promise<unknown>;
}

/** Many stores come without types; the caller says what it makes use of. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- in place of an assertion at each call
export function load<Module>(name: string): Module {
  return createRequire(__filename)(name) as Module;
}

/** Name on npm and installed release of a module, which may be an alias. */
export function packageOf(module: string): { name: string; version: string } {
  return load(`../../node_modules/${module}/package.json`);
}
