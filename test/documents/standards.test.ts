/** docs/standards.md: each requirement says who meets it, and the tests that it names exist. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readDocument, root } from '../support/documents/markdown';
import { titlesIn } from '../support/documents/titles';

interface Requirement {
  readonly id: string;
  readonly who: string;
  readonly text: string;
  readonly tests: readonly { readonly file: string; readonly title: string }[];
}

const WITH_TESTS = ['Package', 'Option', 'In part'];
const WITHOUT_TESTS = ['Application', 'Not applicable'];

const { text: page } = readDocument('docs/standards.md');
const requirements = page
  .split(/^- (?=\*\*\d)/m)
  .slice(1)
  .map(requirementOf);

function requirementOf(text: string): Requirement {
  const [item = ''] = text.split(/^#/m);
  return {
    id: /^\*\*(.+?)\*\*/.exec(item)?.[1] ?? '',
    who: /^ {2}- \*\*(.+?)\.\*\*/m.exec(item)?.[1] ?? '',
    text: item,
    tests: [...item.matchAll(/\]\(\.\.\/(test\/[^)]+)\) “([^”]+)”/g)].map(([, file = '', title = '']) => ({
      file,
      title,
    })),
  };
}

/** Without the numbers of behaviours at its end: those may change. */
const bare = (title: string): string => title.replace(/ [([](?:(?:B\d{3}|[UF]C?\d+)[\s,–-]*)+[)\]]$/, '');

describe('docs/standards.md', () => {
  it('says of each requirement who meets it', () => {
    assert.ok(requirements.length > 80);
    const unclear = requirements.filter(({ who }) => ![...WITH_TESTS, ...WITHOUT_TESTS].includes(who));
    assert.deepEqual(
      unclear.map(({ text }) => text),
      [],
    );
  });

  it('has every requirement of the two chapters of ASVS, and every section of RFC 8725', () => {
    const sections = { 7.1: 3, 7.2: 4, 7.3: 2, 7.4: 5, 7.5: 3, 7.6: 2, 9.1: 3, 9.2: 4, 3: 12 };
    for (const [section, count] of Object.entries(sections)) {
      const expected = Array.from({ length: count }, (_, index) => `${section}.${String(index + 1)}`);
      const found = requirements.map(({ id }) => id).filter((id) => expected.includes(id));
      assert.deepEqual(found, expected);
    }
  });

  it('names a test for each requirement that the package has a part in', () => {
    const untested = requirements.filter(({ who, tests }) => WITH_TESTS.includes(who) && tests.length === 0);
    assert.deepEqual(
      untested.map(({ id }) => id),
      [],
    );
  });

  it('leads to what helps with each requirement that the application has to meet', () => {
    const alone = requirements.filter(
      ({ who, text }) => who === 'Application' && !/\]\((?!\.\.\/test)/.test(text),
    );
    assert.deepEqual(
      alone.map(({ id }) => id),
      [],
    );
  });

  it('shows each link to a test with the title that is meant', () => {
    for (const { id, text, tests } of requirements) {
      assert.equal(text.match(/\]\(\.\.\/test\//g)?.length ?? 0, tests.length, id);
    }
  });

  it('names tests that exist', () => {
    const missing = requirements.flatMap(({ id, tests }) =>
      tests.filter(({ file, title }) => !titlesOf(file).includes(title)).map((test) => ({ id, ...test })),
    );
    assert.deepEqual(missing, []);
  });
});

const known = new Map<string, string[]>();

function titlesOf(file: string): string[] {
  const source = path.join(root, file);
  const titles =
    known.get(file) ?? (existsSync(source) ? titlesIn(readFileSync(source, 'utf8')).map(bare) : []);
  known.set(file, titles);
  return titles;
}
