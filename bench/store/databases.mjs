/* The databases of the benchmark: servers of its own on loopback, started as the tests start theirs. */

import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { Worker } from '../ipc.mjs';

/** @typedef {import('./types.ts').StoreName} StoreName */
/** @typedef {import('./types.ts').DatabaseServer} DatabaseServer */

/** The tests write each command to disk; Redis by itself does not. */
const IN_MEMORY = ['--appendonly', 'no'];

/**
 * How each is started, its program, and its package in Debian.
 *
 * @type {Record<StoreName, { title: string, start: () => Promise<DatabaseServer>, program: () => Promise<string | undefined>, debian: string }>}
 */
const recipes = {
  redis: {
    title: 'Redis',
    start: async () => (await support('redis')).startRedis(...IN_MEMORY),
    program: async () => (await support('redis')).redisProgram,
    debian: 'redis-server',
  },
  'redis-cluster': {
    title: 'Redis Cluster of three nodes',
    start: async () => (await support('redis-cluster')).startRedisCluster(...IN_MEMORY),
    program: async () => (await support('redis')).redisProgram,
    debian: 'redis-server',
  },
  postgres: {
    title: 'PostgreSQL',
    start: async () => (await support('postgres')).startPostgres(),
    program: async () => (await support('postgres')).postgresProgram,
    debian: 'postgresql',
  },
  pgbouncer: {
    title: 'PgBouncer',
    start: startBehindPgbouncer,
    program: async () => (await support('pgbouncer')).pgbouncerProgram,
    debian: 'postgresql pgbouncer',
  },
};

/**
 * @param {string} name of a file in test/support
 * @returns {Promise<any>}
 */
function support(name) {
  return tsImport(`../../test/support/${name}.ts`, import.meta.url);
}

async function startBehindPgbouncer() {
  const postgres = await recipes.postgres.start();
  const pgbouncer = await (await support('pgbouncer')).startPgbouncer(postgres.url);
  const remove = async () => {
    await pgbouncer.remove();
    await postgres.remove();
  };
  return { ...pgbouncer, remove };
}

/**
 * @param {StoreName} store
 * @returns {Promise<{ server: DatabaseServer, version: string }>} `version` as "Redis 7.0"
 */
export async function startDatabase(store) {
  if (store === 'postgres' || store === 'pgbouncer') installPackages();
  const { title, start, program, debian } = recipes[store];
  const file = await program();
  if (file === undefined) throw new Error(`--store ${store}: apt-get install ${debian}`);
  const answer = execFileSync(file, ['--version'], { encoding: 'utf8' });
  const number = /\d+(?:\.\d+)+/.exec(answer)?.[0] ?? '?';
  return { server: await start(), version: `${title} ${number}` };
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
