/** What the tests and the processes of the application tell each other. */
import type { SessionOptions } from '../../../src/types';
import type { KeyPair } from '../../support/keys';

/** What an application process of the tests runs on; it comes as JSON in an environment variable. */
export interface Settings {
  readonly store: StoreName;
  /** Of the database; of a Redis Cluster the URLs of its nodes, and of Redis Sentinel those of the sentinels, separated by commas. */
  readonly url: string;
  /** How several Redis work together. Default: there is one. */
  readonly engine?: 'cluster' | Sentinel;
  readonly keys: KeyPair;
  /** Of the cookies that express-session made. */
  readonly secret: string;
  /** More options of the middleware, as JSON has them. */
  readonly options?: Pick<SessionOptions, 'storeTimeout' | 'rolling' | 'jwt' | 'cookie' | 'cookieFormat'>;
  /** Whether the token says who has signed in, so that a login ends all older tokens. */
  readonly hasClaims?: boolean;
  /** An application that was not moved to this package yet. */
  readonly isLegacy?: boolean;
}

/** What an application is told of a Redis behind Redis Sentinel. */
export interface Sentinel {
  /** The addresses that the sentinels know, and those at which the application reaches the same Redis. */
  readonly addresses: Readonly<Record<string, { host: string; port: number }>>;
  /** Connections to read from the replica. Default: 0, none. */
  readonly replicaPoolSize?: number;
  /** Writes answer when the replica has them, too. Default: false. */
  readonly waits?: boolean;
}

export type StoreName = 'connect-redis' | 'connect-redis-8' | 'connect-pg-simple';

/** Where a request waits in its process until the test lets it go on. */
export type Place =
  /** The store has answered, the middleware does not know the session yet. */
  | 'reading'
  /** In the handler, which has the session. */
  | 'handling'
  /** What the store is to write is about to leave for the database. */
  | 'saving';

/** From the process to the test. */
export type Report = { ready: number } | { held: string };

/** From the test to the process. */
export interface Order {
  readonly release: string;
}
