#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { runCommand } from './command-line';

const result = runCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  input: () => readFileSync(0, 'utf8'),
});
if (typeof result === 'number') process.exitCode = result;
else {
  void result.then((code) => {
    // An application that was loaded may keep a server or connections open. What is written goes first.
    process.stdout.write('', () => {
      process.exit(code);
    });
  });
}
