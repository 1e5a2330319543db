/** What the tests and the processes of the application tell each other. */
import type { SessionOptions } from '../../../src/types';
import type { KeyPair } from '../../support/keys';

/** What an application process of the tests runs on; it comes as JSON in an environment variable. */
export interface Settings {
  readonly store: StoreName;
  readonly url: string;
  readonly keys: KeyPair;
  /** Of the cookies that express-session made. */
  readonly secret: string;
  /** More options of the middleware, as JSON has them. */
  readonly options?: Pick<SessionOptions, 'rolling' | 'jwt' | 'cookie' | 'cookieFormat'>;
  /** Whether the token says who has signed in, so that a login ends all older tokens. */
  readonly hasClaims?: boolean;
  /** An application that was not moved to this package yet. */
  readonly isLegacy?: boolean;
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
