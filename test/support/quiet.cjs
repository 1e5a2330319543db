'use strict';

/*
 * Keeps what the library warns of out of the report of a test run: tests that expect a warning listen for it, or start a
 * program of their own, and all others would only flood the screen. What others warn of, Node for one, is printed as ever.
 */

// Express prints the errors that reach it, but for this environment.
process.env.NODE_ENV ??= 'test';

/** The library's own, and what Node says to requests that tests make wrong on purpose. */
const isExpected = ({ code, name }) =>
  String(code).startsWith('WARN_SESSION_') || code === 'DEP0170' || name === 'UnsupportedWarning';

const [print] = process.listeners('warning');

if (print) {
  process.removeListener('warning', print);
  process.on('warning', (warning) => {
    const isHeard = process.listenerCount('warning') > 1;
    if (!isHeard && !isExpected(warning)) print.call(process, warning);
  });
}

const write = process.stderr.write;

// A listener of the event `deprecation` would do as well, but it changes where the library's warnings go.
process.stderr.write = function writeOthers(text, ...rest) {
  if (/ express-session deprecated /.test(text)) return true;
  return write.call(this, text, ...rest);
};
