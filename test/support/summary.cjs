'use strict';

/* Reports a run on one screen: a dot for every hundred tests, what failed as soon as it fails, and at the end in full. */
const { reporters } = require('mocha');

module.exports = class Summary extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    let passed = 0;
    runner.on('pass', () => {
      passed += 1;
      if (passed % 100 === 0) process.stdout.write('.');
    });
    runner.on('fail', (test) => {
      process.stdout.write(`\n  failed: ${test.fullTitle()}\n`);
    });
    runner.once('end', () => {
      this.epilogue();
    });
  }
};
