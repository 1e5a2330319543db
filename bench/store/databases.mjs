/* The databases of the benchmark: servers of its own on loopback, started as the tests start theirs. */

import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { Worker } from '../ipc.mjs';

/** @typedef {import('./types.ts').StoreName} StoreName */
/** @typedef {import('./types.ts').DatabaseServer} DatabaseServer */

/**
 * Where each is started, and its package in Debian.
 *
 * @type {Record<StoreName, { title: string, module: string, program: string, start: (module: any) => Promise<DatabaseServer>, debian: string }>}
 */
const recipes = {
  redis: {
    title: 'Redis',
    module: '../../test/support/redis.ts',
    program: 'redisProgram',
    // The tests write each command to disk; Redis by itself does not.
    start: ({ startRedis }) => startRedis('--appendonly', 'no'),
    debian: 'redis-server',
  },
  postgres: {
    title: 'PostgreSQL',
    module: '../../test/support/postgres.ts',
    program: 'postgresProgram',
    start: ({ startPostgres }) => startPostgres(),
    debian: 'postgresql',
  },
};

/**
 * @param {StoreName} store
 * @returns {Promise<{ server: DatabaseServer, version: string }>} `version` as "Redis 7.0"
 */
export async function startDatabase(store) {
  if (store === 'postgres') installPackages();
  const { title, module, program, start, debian } = recipes[store];
  const support = await tsImport(module, import.meta.url);
  if (support[program] === undefined) throw new Error(`--store ${store}: apt-get install ${debian}`);
  const answer = execFileSync(support[program], ['--version'], { encoding: 'utf8' });
  const number = /\d+(?:\.\d+)+/.exec(answer)?.[0] ?? '?';
  return { server: await start(support), version: `${title} ${number}` };
}

/** The client and the store are among the packages of the integration tests. */
function installPackages() {
  const file = fileURLToPath(new URL('../../test/integration/install.mjs', import.meta.url));
  execFileSync(process.execPath, [file, '.'], { stdio: 'inherit' });
}

/**
 * The database at this distance: a round trip to it takes `rtt` ms, or what it takes without a network if that is longer.
 *
 * @param {StoreName} store
 * @param {DatabaseServer} server
 * @param {number} rtt in ms
 * @returns {Promise<{ url: string, measuredRtt: number, stop: () => void }>}
 */
export async function atDistance(store, { url, port }, rtt) {
  if (rtt === 0) return { url, measuredRtt: await measureRtt(store, url), stop: () => undefined };
  const proxy = new Worker('./store/proxy.mjs');
  const far = new URL(url);
  far.port = String(await proxy.call('start', { port }));
  await proxy.call('delay', { rtt });
  // The database, the way to it and the proxy take their time as well, which is not to come on top.
  const excess = (await measureRtt(store, far.href)) - rtt;
  await proxy.call('delay', { rtt: Math.max(0, rtt - excess) });
  return {
    url: far.href,
    measuredRtt: await measureRtt(store, far.href),
    stop: () => {
      proxy.stop();
    },
  };
}

/**
 * How long a round trip takes from an application.
 *
 * @param {StoreName} store
 * @param {string} url
 * @returns {Promise<number>} ms
 */
async function measureRtt(store, url) {
  const worker = new Worker('./store/server.mjs', ['express-session', 'read', store, url]);
  try {
    return await worker.call('ping');
  } finally {
    worker.stop();
  }
}
