// Breaks what is computed once, while a module is loaded: constants and regular expressions. All unit tests run for each.
import functions from './stryker.config.mjs';

export default {
  ...functions,
  plugins: [...functions.plugins, './test/mutation/ignore-functions.mjs'],
  mochaOptions: {
    ...functions.mochaOptions,
    spec: functions.mochaOptions.spec.filter((tests) => tests.startsWith('test/unit/')),
  },
  ignorers: ['functions'],
  ignoreStatic: false,
  htmlReporter: { fileName: 'coverage/mutation-constants.html' },
  jsonReporter: { fileName: 'coverage/mutation-constants.json' },
};
