/** Each code of an error or a warning has its heading in docs/errors.md. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const CODE = /\b(?:ERR_SESSION|WARN_SESSION|ERR_COMPARE)_[A-Z_]+\b|'ETIMEDOUT'/g;

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(path.join('src', name), 'utf8') }));

describe('the codes of errors and warnings (B271)', () => {
  it('each have a heading in docs/errors.md, which has no others', () => {
    const inSource = sources.flatMap(({ text }) => text.match(CODE) ?? []);
    const codes = [...new Set(inSource.map((code) => code.replaceAll("'", '')))].sort();
    const headings = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^### (.*)$/gm)].map(
      ([, code]) => code,
    );
    assert.deepEqual([...headings].sort(), codes);
  });

  it('each are explained in 2 to 5 sentences or with a remedy', () => {
    for (const part of readFileSync('docs/errors.md', 'utf8').split(/^### /m).slice(1)) {
      const [code = '', ...lines] = part.split('\n');
      assert.ok(lines.join(' ').trim().length > 80, code);
    }
  });

  it('are on every error that the library makes', () => {
    // The program, the kit for stores and the imitations of Node's own errors have none.
    const others =
      /^(?:cli|store-test|check)\/|^http\/(?:refusals|closed-headers)|^diagnostics|^errors|adapters\/adapter/;
    for (const { name, text } of sources) {
      if (others.test(name)) continue;
      assert.doesNotMatch(text, /new (?:Type|Range)?Error\(/, name);
    }
  });
});
