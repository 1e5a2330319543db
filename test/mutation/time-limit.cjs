'use strict';

/* Stryker switches mocha's time limit off. But a change that leaves a response without its end should cost seconds, not a minute. */
exports.mochaHooks = {
  beforeEach() {
    this.currentTest.timeout(5000);
  },
};
