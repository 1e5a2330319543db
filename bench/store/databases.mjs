/* The databases of the benchmark: servers of its own on loopback, started as the tests start theirs. */

import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { Worker } from '../ipc.mjs';
import { storeTitles } from '../report/machine.mjs';

/** @typedef {import('./types.ts').StoreName} StoreName */
/** @typedef {import('./types.ts').DatabaseServer} DatabaseServer */

/** The tests write each command to disk; Redis by itself does not. */
const IN_MEMORY = ['--appendonly', 'no'];

/**
 * How each is started, its program, and its packages in Debian.
 *
 * @type {Record<StoreName, { debian: string, load: () => Promise<{ program: string | undefined, start: () => Promise<DatabaseServer> }> }>}
 */
const recipes = {
  redis: {
    debian: 'redis-server',
    async load() {
      const { redisProgram: program, startRedis } = await support('redis');
      return { program, start: () => startRedis(...IN_MEMORY) };
    },
  },
  'redis-cluster': {
    debian: 'redis-server',
    async load() {
      const { redisProgram: program } = await support('redis');
      const { startRedisCluster } = await support('redis-cluster');
      return { program, start: () => startRedisCluster(...IN_MEMORY) };
    },
  },
  postgres: {
    debian: 'postgresql',
    async load() {
      installPackages();
      const { postgresProgram: program, startPostgres: start } = await support('postgres');
      return { program, start };
    },
  },
  pgbouncer: {
    debian: 'postgresql pgbouncer',
    async load() {
      installPackages();
      const { pgbouncerProgram: program, startPgbouncerBefore } = await support('pgbouncer');
      const { startPostgres } = await support('postgres');
      return { program, start: async () => startPgbouncerBefore(await startPostgres()) };
    },
  },
};

/**
 * Loads a file of test/support, anew at each call.
 *
 * @param {string} name
 * @returns {Promise<any>}
 */
function support(name) {
  return tsImport(`../../test/support/${name}.ts`, import.meta.url);
}

/**
 * @param {StoreName} store
 * @returns {Promise<{ server: DatabaseServer, version: string }>} `version` as "Redis 7.0"
 */
export async function startDatabase(store) {
  const { debian, load } = recipes[store];
  const { program, start } = await load();
  if (program === undefined) throw new Error(`--store ${store}: apt-get install ${debian}`);
  const answer = execFileSync(program, ['--version'], { encoding: 'utf8' });
  const number = /\d+(?:\.\d+)+/.exec(answer)?.[0] ?? '?';
  return { server: await start(), version: `${storeTitles[store]} ${number}` };
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
