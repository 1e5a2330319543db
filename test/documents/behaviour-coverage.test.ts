/** Each behaviour of docs/behaviour.md stands in the title of a test that runs, and no other number does. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { testFiles, titlesIn } from '../support/documents/titles';

const CONTRACT = readFileSync(path.join(__dirname, '../../docs/behaviour.md'), 'utf8');

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
