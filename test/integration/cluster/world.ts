/** What the scenarios are given. */
import type { Cluster } from './cluster';
import type { StoreName } from './settings';
import type { DatabaseServer } from '../../support/database-server';

/** Where the scenarios take place; there once the `before` hooks have run. */
export interface World {
  readonly store: StoreName;
  readonly cluster: Cluster;
  readonly database: DatabaseServer;
  /** Ids of everything that the store has. */
  readonly storedIds: () => Promise<string[]>;
}
