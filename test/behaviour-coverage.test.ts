/** Each behaviour of docs/behaviour.md stands in the title of a test that runs, and no other number does. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const CONTRACT = readFileSync(path.join(__dirname, '../docs/behaviour.md'), 'utf8');

/** The numbers of a part of the contract, in their order there. */
const numbersOf = (part: string): number[] =>
  [...part.matchAll(/^- \*\*B(\d{3})\*\*/gm)].map(([, number]) => Number(number));

const NUMBERS = numbersOf(CONTRACT);

const label = (number: number): string => `B${String(number).padStart(3, '0')}`;

/** The numbers a title shows: `B012`, lists such as `B012, B014`, ranges such as `B012–B014`. */
function behavioursIn(title: string): number[] {
  return [...title.matchAll(/\bB(\d{3})(?:\s*[-–—]\s*B?(\d{3}))?(?!\d)/g)].flatMap(([, first, last]) => {
    const [from, to] = [Number(first), Number(last ?? first)];
    return Array.from({ length: Math.max(to - from + 1, 0) }, (_, offset) => from + offset);
  });
}

/** The text of a title as far as it stands in the source, what is computed left out; undefined if all of it is. */
function literalText(node: ts.Expression): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…');
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return `${literalText(node.left) ?? '…'}${literalText(node.right) ?? '…'}`;
  }
  return undefined;
}

/**
 * The titles of all tests and suites of a source that run: neither comments, nor what is skipped or has no body.
 * Where a title or its number is a mere variable, as with tests from a table, the strings of the file that end like a
 * title, or are nothing but a number, stand for it.
 */
function titlesIn(source: string): string[] {
  const file = ts.createSourceFile('a.test.ts', source, ts.ScriptTarget.Latest);
  const titles: string[] = [];
  const candidates: string[] = [];
  const computed: ts.Expression[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) && /\(B\d{3}[^)]*\)$|^B\d{3}$/.test(node.text))
      candidates.push(node.text);
    if (ts.isCallExpression(node)) {
      const [title, body] = node.arguments;
      const callee = node.expression.getText(file);
      if (/^(x(it|describe)|(it|describe)\.skip)$/.test(callee)) return;
      if (/^(it|describe)(\.only)?$/.test(callee) && title && body) {
        const text = literalText(title);
        if (text === undefined || text.includes('(…')) computed.push(title);
        if (text !== undefined) titles.push(text);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return computed.length === 0 ? titles : [...new Set([...titles, ...candidates])];
}

/** The project's own test files; those of the consumer projects are other people's. */
function testFiles(directory = __dirname): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) return /^(node_modules|consumers)$/.test(entry.name) ? [] : testFiles(file);
    return entry.name.endsWith('.test.ts') ? [file] : [];
  });
}

describe('the titles of the tests', () => {
  const shown = new Map<number, string[]>();
  before(() => {
    for (const file of testFiles()) {
      for (const title of titlesIn(readFileSync(file, 'utf8'))) {
        for (const number of behavioursIn(title)) shown.set(number, [...(shown.get(number) ?? []), title]);
      }
    }
  });

  it('show every numbered behaviour', () => {
    const missing = NUMBERS.filter((number) => !shown.has(number));
    assert.deepEqual(missing.map(label), []);
  });

  it('show no behaviour that does not exist', () => {
    const unknown = [...shown.entries()].filter(([number]) => !NUMBERS.includes(number));
    assert.deepEqual(unknown, []);
  });
});

describe('docs/behaviour.md', () => {
  it('numbers its lines from B001 on, without a gap', () => {
    assert.ok(NUMBERS.length > 0);
    assert.deepEqual(
      NUMBERS,
      NUMBERS.map((_, index) => index + 1),
    );
  });

  it('says in its contents which numbers each group has', () => {
    const contents = [...CONTRACT.matchAll(/^\d+\. \[(.+)\]\(.*\): B(\d{3})(?:–B(\d{3}))?$/gm)].map(
      ([, heading, first, last = first]) => [heading, Number(first), Number(last)],
    );
    const groups = CONTRACT.split(/^## /m).slice(1);
    const found = groups.map((group) => {
      const numbers = numbersOf(group);
      return [group.split('\n')[0], numbers[0], numbers.at(-1)];
    });
    assert.deepEqual(contents, found);
  });
});

describe('the reading of titles', () => {
  it('expands ranges and lists', () => {
    assert.deepEqual(behavioursIn('says it all (B001–B003, B007 B009/B011)'), [1, 2, 3, 7, 9, 11]);
    assert.deepEqual(behavioursIn('says it (B001-B002) and (B010–012)'), [1, 2, 10, 11, 12]);
    assert.deepEqual(behavioursIn('says B12, B0123 and AB123'), []);
  });

  it('finds titles in every way of writing them', () => {
    const source = `
      describe('suite', () => {
        it("double", () => {});
        it(\`of \${name} template\`, async () => {});
        it(
          'on a line ' + 'of its own',
          function () {},
        );
        it.only('chosen', run);
      });`;
    const titles = ['suite', 'double', 'of … template', 'on a line of its own', 'chosen'];
    assert.deepEqual(titlesIn(source), titles);
  });

  it('finds titles in a table of tests, and nothing else there', () => {
    const source = `
      // ['in a comment (B001)', 1],
      for (const [title, value] of [['in a table (B002)', 2], ['no title: B003', 3]]) {
        it(title, () => {});
      }`;
    assert.deepEqual(titlesIn(source), ['in a table (B002)']);
    const numbers = "for (const number of ['B004', 'x B005']) it(`says (${number})`, () => {});";
    assert.deepEqual(titlesIn(numbers), ['says (…)', 'B004']);
    assert.deepEqual(titlesIn("const text = 'no test reads it (B002)'; it('says', () => {});"), ['says']);
  });

  it('passes over comments, strings, skipped tests and tests without a body', () => {
    const source = `
      // it('in a comment', () => {});
      /* describe('in another', () => {}); */
      const text = "it('in a string', () => {})";
      other('call', () => {});
      it('without a body');
      it.skip('skipped', () => {});
      xit('crossed out', () => {});
      describe.skip('skipped suite', () => { it('in a skipped suite', () => {}); });`;
    assert.deepEqual(titlesIn(source), []);
  });
});
