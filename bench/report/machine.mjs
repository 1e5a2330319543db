import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import process from 'node:process';
import { URL } from 'node:url';

/** @type {Record<import('../types.ts').SubjectName, string>} */
export const titles = {
  none: 'no session',
  'express-session': 'express-session',
  'express-session-jwt': 'express-session-jwt',
  'fork-secp256k1': '0.2.2',
  'fork-p256': '0.2.2 P-256',
  'cookie-session': 'cookie-session',
  'iron-session': 'iron-session',
};

/** @type {Partial<Record<import('../types.ts').SubjectName, string>>} */
const packages = {
  'express-session-jwt': '..',
  'express-session': '../node_modules/express-session',
  'fork-p256': '../node_modules/express-session-jwt-0.2.2',
  'cookie-session': '../node_modules/cookie-session',
  'iron-session': '../node_modules/iron-session',
};

/** @type {Record<import('../store/types.ts').StoreName, string>} */
export const storeTitles = {
  redis: 'Redis',
  'redis-cluster': 'Redis Cluster of three nodes',
  postgres: 'PostgreSQL',
  pgbouncer: 'PostgreSQL behind PgBouncer',
};

const nodeRedis = ['../node_modules/connect-redis', '../node_modules/redis'];
const nodePostgres = [
  '../test/integration/node_modules/connect-pg-simple',
  '../test/integration/node_modules/pg',
];

/** @type {Record<import('../store/types.ts').StoreName, string[]>} */
const storePackages = {
  redis: nodeRedis,
  'redis-cluster': nodeRedis,
  postgres: nodePostgres,
  pgbouncer: nodePostgres,
};

/**
 * What the numbers of a run on a database depend on.
 *
 * @param {import('../store/types.ts').StoreName} store
 * @param {string} database its name and version
 * @param {number} rounds
 */
export function describeConditions(store, database, rounds) {
  const [machine, versions] = describeMachine(['express-session-jwt', 'express-session']);
  const parts = [machine, database, ...(storePackages[store] ?? []).map(versionOf), versions];
  return `${parts.join(', ')}; ${String(rounds)} rounds`;
}

/**
 * What the numbers depend on.
 *
 * @param {readonly import('../types.ts').SubjectName[]} subjects
 */
export function describeMachine(subjects) {
  const processors = cpus();
  const versions = subjects.flatMap((subject) => {
    const directory = packages[subject];
    if (directory === undefined) return [];
    return [versionOf(directory)];
  });
  const machine = `Node ${process.version}, ${String(processors.length)} × ${processors[0]?.model.trim() ?? 'unknown'}`;
  return [machine, versions.join(', ')];
}

/** @param {string} directory relative to bench/ */
function versionOf(directory) {
  const file = new URL(`../${directory}/package.json`, import.meta.url);
  const { name, version } = JSON.parse(readFileSync(file, 'utf8'));
  return `${name} ${version}`;
}
