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
    const file = new URL(`../${directory}/package.json`, import.meta.url);
    const { name, version } = JSON.parse(readFileSync(file, 'utf8'));
    return [`${name} ${version}`];
  });
  const machine = `Node ${process.version}, ${String(processors.length)} × ${processors[0]?.model.trim() ?? 'unknown'}`;
  return [machine, versions.join(', ')];
}
