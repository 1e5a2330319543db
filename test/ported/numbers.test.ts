/** Each test of the two suites is here once, and each difference is said. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { readDifferences } from './differences';
import { forkNumbers, numbersIn, originalNumbers } from './titles';

/** The numbers in the texts of a source; comments are left out. */
function numbersOf(source: string): string[] {
  const numbers: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      // In a table of tests a text may be the numbers alone.
      numbers.push(...numbersIn(/^B\d+, /.test(node.text) ? `(${node.text})` : node.text));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('a.ts', source, ts.ScriptTarget.Latest));
  return numbers;
}

describe('The ported suites', () => {
  const sources = readdirSync(__dirname)
    .filter((name) => /^\d\d-.*\.test\.ts$/.test(name))
    .map((name) => readFileSync(path.join(__dirname, name), 'utf8'));

  it('Each test of express-session and of the fork is ported exactly once', () => {
    const expected = [...originalNumbers, ...forkNumbers];
    assert.equal(originalNumbers.length, 160);
    assert.equal(forkNumbers.length, 147);
    assert.deepEqual(sources.flatMap(numbersOf).sort(), expected.sort());
  });

  it('Each difference names tests of the suites once, and says what is asserted there, here, and why', () => {
    const differences = readDifferences();
    const known = new Set([...originalNumbers, ...forkNumbers]);
    const numbers = differences.flatMap((difference) => difference.numbers);
    assert.deepEqual(
      numbers.filter((number) => !known.has(number)),
      [],
    );
    assert.equal(new Set(numbers).size, numbers.length);
    for (const { there, here, reason } of differences) assert.ok(there && here && reason);
  });

  it('Numbers are read from the brackets at the end of a title alone', () => {
    assert.deepEqual(numbersIn('The token F1 (U7) opens it (B028, U22, UC3, FC4)'), ['U22', 'UC3', 'FC4']);
    assert.deepEqual(numbersIn('It works (B028)'), []);
    assert.deepEqual(numbersIn('U1 works'), []);
  });
});
