/** What becomes of two requests' changes to one session. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mergeData } from '../../../src/session/merge';

type Data = Record<string, unknown>;

const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '');
const values = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(null), fc.jsonValue({ maxDepth: 2 }));
/** The data of a session, as JSON has it. */
const data = fc
  .array(fc.tuple(names, values), { maxLength: 5 })
  .map((members) => parse(JSON.stringify(Object.fromEntries(members))));

const parse = (text: string): Data => JSON.parse(text) as Data;
const merge = (base: Data, mine: Data, theirs: Data): Data =>
  parse(mergeData(JSON.stringify(base), JSON.stringify(mine), JSON.stringify(theirs)));

/** A member's value as text; undefined where there is none. */
const memberOf = (from: Data, name: string): string | undefined =>
  Object.hasOwn(from, name) ? JSON.stringify(from[name]) : undefined;

describe('Merged data', () => {
  it('has of each member my value where I have changed it, else theirs (B245)', () => {
    fc.assert(
      fc.property(data, data, data, (base, mine, theirs) => {
        const merged = merge(base, mine, theirs);
        const all = new Set([base, mine, theirs, merged].flatMap((one) => Object.keys(one)));
        for (const name of all) {
          const isMine = memberOf(mine, name) !== memberOf(base, name);
          assert.equal(memberOf(merged, name), memberOf(isMine ? mine : theirs, name), name);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is mine where nobody else has changed anything, and theirs where I have not, to the letter (B245)', () => {
    fc.assert(
      fc.property(data, data, (base, other) => {
        const [before, after] = [JSON.stringify(base), JSON.stringify(other)];
        assert.equal(mergeData(before, after, before), after);
        assert.equal(mergeData(before, before, after), after);
      }),
    );
  });

  it('is the same in either order where two change different members (B245)', () => {
    fc.assert(
      fc.property(data, values, values, (base, first, second) => {
        const one = { ...base, a: first };
        const two = { ...base, b: second };
        assert.deepEqual(merge(base, one, two), merge(base, two, one));
      }),
    );
  });

  it('leaves prototypes alone (B148)', () => {
    const merged = mergeData('{"x":1}', '{"x":1,"__proto__":{"admin":true}}', '{"x":1,"y":2}');
    assert.equal(merged, '{"x":1,"y":2,"__proto__":{"admin":true}}');
    assert.equal(({} as { admin?: true }).admin, undefined);
  });
});
