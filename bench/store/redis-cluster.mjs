/* connect-redis on node-redis' client of a Redis Cluster. */

import { createCluster } from 'redis';
import { openOn } from './redis.mjs';

/**
 * @param {string} urls of the nodes, separated by commas
 * @returns {Promise<import('./types.ts').OpenedStore>}
 */
export function open(urls) {
  return openOn(createCluster({ rootNodes: urls.split(',').map((url) => ({ url })) }));
}
