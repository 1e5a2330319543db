#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runCommand } from './command-line';

process.exitCode = runCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  input: () => readFileSync(0, 'utf8'),
});
