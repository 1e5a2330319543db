'use strict';

/*
 * Keeps what the library warns of out of the report of a test run: tests that expect a warning listen for it, or start a
 * program of their own, and all others would only flood the screen. What others warn of, Node for one, is printed as ever.
 */

// Express prints the errors that reach it, but for this environment.
process.env.NODE_ENV ??= 'test';

const [print] = process.listeners('warning');

if (print) {
  process.removeListener('warning', print);
  process.on('warning', (warning) => {
    const isExpected = process.listenerCount('warning') > 1;
    if (!isExpected && !String(warning.code).startsWith('WARN_SESSION_')) print.call(process, warning);
  });
}

const write = process.stderr.write;

// A listener of the event `deprecation` would do as well, but it changes where the library's warnings go.
process.stderr.write = function writeOthers(text, ...rest) {
  if (/ express-session deprecated /.test(text)) return true;
  return write.call(this, text, ...rest);
};
