/** The command check, which tries a configuration before it is deployed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkModule } from '../../src/cli/check';
import { runCommand } from '../../src/cli/command-line';
import { UsageError } from '../../src/cli/streams';
import { keys } from '../support/keys';

const SOURCE = JSON.stringify(path.join(__dirname, '../../src'));
const KEYS = JSON.stringify(keys);

/** Applications, by the names of their files. */
const modules = {
  'named.js': `exports.sessions = require(${SOURCE})({ keys: ${KEYS} });`,
  'itself.js': `module.exports = require(${SOURCE})({ keys: ${KEYS} });`,
  'default.mjs': `import { createRequire } from 'node:module';
    export default createRequire(import.meta.url)(${SOURCE})({ keys: ${KEYS} });`,
  'default-object.mjs': `import { createRequire } from 'node:module';
    export default { sessions: createRequire(import.meta.url)(${SOURCE})({ keys: ${KEYS} }) };`,
  'awaiting.mjs': `import { createRequire } from 'node:module';
    const session = await Promise.resolve(createRequire(import.meta.url)(${SOURCE}));
    export const sessions = session({ keys: ${KEYS} });`,
  'keyless.js': `exports.sessions = require(${SOURCE})();`,
  'busy.js': `require('node:http').createServer().listen(0, '127.0.0.1');
    setInterval(() => undefined, 1000);
    setTimeout(() => { throw new Error('port taken'); }, 100);
    exports.sessions = require(${SOURCE})({ keys: ${KEYS} });`,
  'none.js': `exports.app = () => undefined;`,
  'text.js': `module.exports = 'bogus';`,
  'broken.js': `throw new Error('no database');`,
  'throws-text.js': `throw 'no database';`,
  'waiting.mjs': `export const sessions = undefined; await new Promise(() => undefined);`,
};

describe('express-session-jwt check (B269)', function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'check-command-'));
    for (const [name, source] of Object.entries(modules)) writeFileSync(path.join(folder, name), source);
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  async function run(file: string, limit?: number) {
    let [out, err] = ['', ''];
    const streams = {
      out: (text: string) => (out += text),
      err: (text: string) => (err += text),
      input: () => '',
    };
    const name = path.join(folder, file);
    const result =
      limit === undefined ? runCommand(['check', name], streams) : checkModule(name, streams, limit);
    return { code: await result, out, err };
  }

  for (const file of ['named.js', 'itself.js', 'default.mjs', 'default-object.mjs', 'awaiting.mjs']) {
    it(`finds the middleware that ${file} exports, prints the report and returns 0`, async () => {
      const { code, out, err } = await run(file);
      assert.equal(err, '');
      assert.match(out, /^ok {6}keys {10}\S+ \(P-256\) signs and verifies$/m);
      assert.match(out, /^note {4}store {9}MemoryStore/m);
      assert.match(out, /\nNo check has failed\.\n$/);
      assert.equal(code, 0);
    });
  }

  it('returns 1 where a check has failed', async () => {
    const { code, out } = await run('keyless.js');
    assert.match(out, /^failed {2}keys {10}there are no keys/m);
    assert.match(out, /\nFAILED: see above\.\n$/);
    assert.equal(code, 1);
  });

  for (const [file, complaint] of [
    ['none.js', /none\.js exports no session middleware: export what session\(\) returns as "sessions"/],
    ['text.js', /exports no session middleware/],
    ['broken.js', /broken\.js cannot be loaded: no database/],
    ['throws-text.js', /cannot be loaded: no database/],
    ['missing.js', /missing\.js cannot be loaded: Cannot find module/],
  ] as const) {
    it(`returns 2 and says why of ${file}`, async () => {
      const { code, out, err } = await run(file);
      assert.match(err, complaint);
      assert.equal(out, '');
      assert.equal(code, 2);
    });
  }

  it('does not wait for ever for a module to load', async () => {
    await assert.rejects(run('waiting.mjs', 50), (error: Error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /waiting\.mjs cannot be loaded: it has not loaded within 0\.05 seconds/);
      return true;
    });
  });

  it('ends the process after the report, though the application goes on, and tells its other errors', async () => {
    const program = ['--require', './test/support/register.cjs', 'src/cli/main.ts'];
    const { code, stdout, stderr } = await new Promise<{ code: unknown; stdout: string; stderr: string }>(
      (resolve) => {
        execFile(
          process.execPath,
          [...program, 'check', path.join(folder, 'busy.js')],
          { env: { ...process.env, NODE_ENV: '' } },
          (error, stdout, stderr) => {
            resolve({ code: error ? error.code : 0, stdout, stderr });
          },
        );
      },
    );
    assert.match(stdout, /No check has failed\.\n$/);
    assert.match(stderr, /busy\.js has failed meanwhile: port taken$/m);
    assert.equal(code, 0);
  });

  it('returns 2 without a file', () => {
    const streams = { out: () => undefined, err: () => undefined, input: () => '' };
    assert.equal(runCommand(['check'], streams), 2);
    assert.equal(runCommand(['check', 'a.js', 'b.js'], streams), 2);
  });
});
