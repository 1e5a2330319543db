'use strict';

/*
 * Lets Node require TypeScript. The compiler itself instead of a faster tool: its output is that of the build, without
 * helper code whose branches would count as ours in the coverage of src/. What it has compiled is kept under
 * node_modules/.cache, by its content: loading the compiler takes longer than most of the programs that tests start.
 */
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '../..');
const cache = join(root, 'node_modules/.cache/compiled-tests');
const configText = readFileSync(join(root, 'tsconfig.json'), 'utf8');
const { version } = require('typescript/package.json');
/** All that decides what a source becomes, but for the source itself. */
const circumstances = [version, configText, readFileSync(__filename, 'utf8')].join('\n');

function compile(source, fileName) {
  const ts = require('typescript');
  const { config } = ts.parseConfigFileTextToJson('tsconfig.json', configText);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const compilerOptions = {
    ...options,
    // Leaves import() as it is, for modules that cannot be required.
    module: ts.ModuleKind.Node16,
    moduleResolution: undefined,
    noEmit: false,
    inlineSourceMap: true,
  };
  return ts.transpileModule(source, { fileName, compilerOptions }).outputText;
}

function compiled(fileName) {
  const source = readFileSync(fileName, 'utf8');
  // The source map contains the file's name.
  const hash = createHash('sha256').update([circumstances, fileName, source].join('\0'));
  const kept = join(cache, `${hash.digest('hex')}.js`);
  try {
    return readFileSync(kept, 'utf8');
  } catch {
    const output = compile(source, fileName);
    mkdirSync(cache, { recursive: true });
    // Renamed, since processes that run at the same time shall not read half a file.
    writeFileSync(`${kept}.${process.pid}`, output);
    renameSync(`${kept}.${process.pid}`, kept);
    return output;
  }
}

process.setSourceMapsEnabled(true);

require.extensions['.ts'] = (module, fileName) => {
  module._compile(compiled(fileName), fileName);
};
