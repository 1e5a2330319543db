import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { Worker } from '../ipc.mjs';

/* The databases of the benchmark: servers of its own on loopback, started as the tests start theirs. */

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
 * The database at this distance.
 *
 * @param {DatabaseServer} server
 * @param {number} rtt in ms
 * @returns {Promise<{ url: string, stop: () => void }>}
 */
export async function atDistance({ url, port }, rtt) {
  if (rtt === 0) return { url, stop: () => undefined };
  const proxy = new Worker('./store/proxy.mjs');
  const far = new URL(url);
  far.port = String(await proxy.call('start', { port, rtt }));
  return {
    url: far.href,
    stop: () => {
      proxy.stop();
    },
  };
}
