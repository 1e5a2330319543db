/** What the tests know of a store that is put together with both packages. */
import type expressSession from 'express-session';
import type { DatabaseServer } from '../../support/database-server';
import type { Library } from './sides';

export type ServerName = 'redis' | 'postgres' | 'mariadb' | 'memcached';

/** What `touch` of a store writes. */
export type Touch = 'the expiry' | 'the cookie' | 'the whole session';

export interface StorePeer {
  /** Name on npm. */
  readonly module: string;
  /** What it is on, or how it is set up. */
  readonly on: string;
  readonly server?: ServerName;
  readonly touch: Touch;
  /** Where this package promises that a logout stands. */
  readonly guarantee: 'everywhere' | 'in this process';
  /** Of these, those that the store has. */
  readonly lists: readonly ('all' | 'length' | 'clear')[];
  /** Whether other processes reach the same sessions. */
  readonly isShared: boolean;
  /** Whether records live as long as the store is told to keep them, whatever their cookie says. */
  readonly hasOwnLifetime?: boolean;
  /**
   * @param library whose `Store` it is made with
   * @param place its name for the sessions: a table, a prefix, a folder
   */
  readonly open: (library: Library, place: string, server?: DatabaseServer) => Promise<OpenedStore>;
}

export interface OpenedStore {
  readonly store: expressSession.Store;
  /** What is kept under this id, read past the store; undefined if there is nothing. */
  readonly raw: (id: string) => Promise<string | undefined>;
  /** How long the record has to live, in ms, read past the store. */
  readonly remaining: (id: string) => Promise<number>;
  /** Makes the record live 20 s, past the store. */
  readonly shorten: (id: string) => Promise<unknown>;
  /** Throws away what has expired, where the store does not do it when it is asked. */
  readonly clean?: () => Promise<unknown>;
  /** Ends connections and timers. */
  readonly close: () => Promise<unknown>;
}

/** What `shorten` leaves of a record's life. */
export const SHORTENED = 20_000;
