// Breaks what runs once, when a module is loaded: constants and regular expressions. All tests run for each change.
import functions from './stryker.config.mjs';

export default {
  ...functions,
  plugins: [...functions.plugins, './test/mutation/ignore-functions.mjs'],
  ignorers: ['functions'],
  ignoreStatic: false,
  htmlReporter: { fileName: 'coverage/mutation-constants.html' },
  jsonReporter: { fileName: 'coverage/mutation-constants.json' },
};
