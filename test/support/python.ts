// Says where Python is, and skips the tests that need it where it is not.
import { spawnSync } from 'node:child_process';
import type { Context } from 'mocha';

/** Debian's: another Python may come first in the path, without Debian's packages. */
export const PYTHON = '/usr/bin/python3';

/** Skips what needs PyJWT where that is not installed, but never in continuous integration. */
export function requirePython(context: Context): void {
  const { status, stderr } = spawnSync(PYTHON, ['-c', 'import jwt, cryptography'], { encoding: 'utf8' });
  if (status === 0) return;
  const hint = 'apt-get install python3-jwt python3-cryptography';
  if (process.env.CI === 'true') throw new Error(`PyJWT is missing (${hint}): ${stderr}`);
  console.log(`      skipped, PyJWT is missing: ${hint}`);
  context.skip();
}
