'use strict';

/*
 * Lets Node require TypeScript. The compiler itself instead of a faster tool: its output is that of the build, without
 * helper code whose branches would count as ours in the coverage of src/.
 */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const ts = require('typescript');

const config = ts.readConfigFile(join(__dirname, '../../tsconfig.json'), (file) =>
  readFileSync(file, 'utf8'),
);
const { options } = ts.convertCompilerOptionsFromJson(
  config.config.compilerOptions,
  join(__dirname, '../..'),
);
const compilerOptions = {
  ...options,
  // Leaves import() as it is, for modules that cannot be required.
  module: ts.ModuleKind.Node16,
  moduleResolution: undefined,
  noEmit: false,
  inlineSourceMap: true,
};

process.setSourceMapsEnabled(true);

require.extensions['.ts'] = (module, fileName) => {
  const source = readFileSync(fileName, 'utf8');
  module._compile(ts.transpileModule(source, { fileName, compilerOptions }).outputText, fileName);
};
