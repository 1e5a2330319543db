#!/usr/bin/env node
/** The program `express-session-jwt`: runs one command, and ends with its exit code. */
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
    // The application that was loaded may keep a server or connections open, so the process has to be ended. The output is
    // written first.
    process.stdout.write('', () => {
      process.exit(code);
    });
  });
}
