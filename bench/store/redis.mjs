/* connect-redis on node-redis, as an application opens it. The commands of sessions are counted as the client gets them. */

import { RedisStore } from 'connect-redis';
import { createClient } from 'redis';

const COMMANDS = /** @type {const} */ (['get', 'set', 'expire', 'del', 'eval', 'evalSha']);

/**
 * @param {string} url
 * @returns {Promise<import('./types.ts').OpenedStore>}
 */
export function open(url) {
  return openOn(createClient({ url }));
}

/**
 * @param {any} client that is not connected yet
 * @returns {Promise<import('./types.ts').OpenedStore>}
 */
export async function openOn(client) {
  await client.connect();
  let sent = 0;
  for (const name of COMMANDS) {
    const send = client[name].bind(client);
    client[name] = (/** @type {unknown[]} */ ...args) => {
      sent += 1;
      return send(...args);
    };
  }
  const store = /** @type {any} */ (new RedisStore({ client }));
  return { store, commands: () => sent, ping: () => client.ping() };
}
