// Says what Stryker breaks, and which tests have to notice it. This run breaks functions; constants.config.mjs is the other one.

/** The code in which a mistake opens somebody else's session, or loses one. */
const mutate = [
  'src/token/*.ts',
  'src/legacy/*.ts',
  'src/request/decide.ts',
  'src/request/finish.ts',
  'src/session/live-session.ts',
];

/** Tests that take seconds, start programs in which nothing is broken, or do not reach the code above. */
const leftOut = [
  'test/unit/{cli,http,options}/**',
  'test/unit/keys/remote-keys.test.ts',
  'test/behaviour/*.property.test.ts',
  'test/behaviour/{check,check-command,diagnostics,likely-mistakes,options,promises,run-time-warnings}.test.ts',
  'test/behaviour/{destroyed-meanwhile,garbage,key-rotation,store-timeout,two-middlewares,wire}.test.ts',
];

export default {
  mutate,
  testRunner: 'mocha',
  plugins: ['@stryker-mutator/mocha-runner'],
  mochaOptions: {
    config: '.mocharc.json',
    require: ['./test/support/register.cjs', './test/support/quiet.cjs', './test/mutation/time-limit.cjs'],
    spec: ['test/unit/**/*.test.ts', 'test/behaviour/*.test.ts'],
    ignore: leftOut,
  },
  coverageAnalysis: 'perTest',
  // What runs while a module is loaded needs a process of its own for each change.
  ignoreStatic: true,
  concurrency: 1,
  // Not copied, because nothing here needs it.
  ignorePatterns: ['/dist', '/coverage', '/docs', '/bench', '/test/integration'],
  tempDirName: 'coverage/mutation',
  reporters: ['clear-text', 'html', 'json', 'progress-append-only'],
  htmlReporter: { fileName: 'coverage/mutation.html' },
  jsonReporter: { fileName: 'coverage/mutation.json' },
  clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
  thresholds: { high: 100, low: 90, break: 90 },
};
