// Says what Stryker breaks, and which tests have to notice it. This run breaks functions; constants.config.mjs is the other one.

/** The code in which a mistake opens somebody else's session, or loses one. */
const mutate = [
  'src/token/*.ts',
  'src/legacy/*.ts',
  'src/request/decide.ts',
  'src/request/finish.ts',
  'src/session/live-session.ts',
];

const unit = [
  'test/unit/legacy/*.test.ts',
  'test/unit/token/*.test.ts',
  'test/unit/request/decide.test.ts',
  'test/unit/request/finish.test.ts',
  'test/unit/session/live-session.test.ts',
];

/** Quick tests of finish.ts, most of which shows in responses. */
const behaviours = [
  ...[
    'foreign-responses',
    'genid',
    'id-and-token',
    'keys',
    'late-errors',
    'pending-work',
    'response',
    'rotation',
  ],
  ...['save-errors', 'streams', 'throwing-store', 'touch', 'undeliverable', 'unset'],
].map((topic) => `test/behaviour/${topic}.test.ts`);

export default {
  mutate,
  testRunner: 'mocha',
  plugins: ['@stryker-mutator/mocha-runner'],
  mochaOptions: {
    config: '.mocharc.json',
    require: [
      './test/support/register.cjs',
      './test/support/quiet.cjs',
      './test/support/hooks.ts',
      './test/mutation/time-limit.cjs',
    ],
    spec: [...unit, ...behaviours],
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
