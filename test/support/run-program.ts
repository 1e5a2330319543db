// Runs a program of programs.ts in a process of its own.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ProgramName } from './programs';

/** Quiet surroundings, whatever those of the test run are. */
const quiet = { NODE_ENV: '', DEBUG: '', NO_DEPRECATION: '', TRACE_DEPRECATION: '' };

/** Runs one of `programs` in a process of its own; rejects where it fails. */
export function runProgram(
  name: ProgramName,
  environment: Record<string, string> = {},
  flags: string[] = [],
): Promise<{ stdout: string; stderr: string }> {
  const file = path.join(__dirname, 'programs.ts');
  return promisify(execFile)(
    process.execPath,
    [...flags, '--require', './test/support/register.cjs', file, name],
    {
      env: { ...process.env, ...quiet, ...environment },
    },
  );
}
