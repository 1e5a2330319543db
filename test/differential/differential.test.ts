/**
 * Plays generated request sequences to express-session 1.19 and to this package and compares all that can be observed:
 * status, reason, body, headers in their order but for the id and Date, what handlers see, calls and arguments that
 * reach the store, its contents, late errors. Ids go by the order of their first appearance. What is meant to differ is
 * listed in differential/meant.ts, and nowhere else.
 *
 *   DIFFERENTIAL_SEED   replays a run; a failure prints its seed
 *   DIFFERENTIAL_RUNS   number of sequences (2000)
 *
 * e.g. `DIFFERENTIAL_SEED=-123 npm test -- --grep "rolling, unset destroy"`. Each combination of options draws its
 * sequences from a seed of its own, derived from that one, so --grep does not change them.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import session from '../../src';
import { Clock } from './clock';
import { compare } from './compare';
import { meantDifferences } from './meant';
import { optionCombinations, sequences, type Options } from './sequences';
import { originalSide, packageSide } from './sides';
import { Wire } from './wire';
import { keys } from '../support/keys';

const seed = Number(process.env.DIFFERENTIAL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env.DIFFERENTIAL_RUNS ?? 2_000);
const runsEach = Math.ceil(runs / optionCombinations.length);

function nameOf({ resave, saveUninitialized, rolling, unset, maxAge }: Options): string {
  const flags = Object.entries({ resave, saveUninitialized, rolling }).filter(([, on]) => on);
  const names = [...flags.map(([name]) => name), `unset ${unset}`];
  return `${names.join(', ')}, ${maxAge === null ? 'no maxAge' : `maxAge ${String(maxAge / 1_000)} s`}`;
}

describe('in the place of express-session', function () {
  // Long enough to reduce a failing sequence to its least.
  this.timeout(120_000);

  const setting = { wire: new Wire(), clock: new Clock() };
  const sides = [originalSide(), packageSide(session, keys)] as const;
  const differences = meantDifferences();

  before(() => setting.wire.open());
  after(() => setting.wire.close());
  afterEach(function () {
    if (this.currentTest?.isFailed()) console.error(`    replay with DIFFERENTIAL_SEED=${String(seed)}`);
  });

  optionCombinations.forEach((options, i) => {
    it(`behaves alike with ${nameOf(options)}`, async () => {
      const property = fc.asyncProperty(sequences, (sequence) =>
        compare(setting, sides, options, sequence, differences),
      );
      const result = await fc.check(property, {
        seed: seed + i,
        numRuns: runsEach,
        interruptAfterTimeLimit: 90_000,
        markInterruptAsFailure: true,
      });
      const { failed, counterexample, errorInstance } = result;
      const error = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
      assert.ok(
        !failed,
        `${inspect(counterexample?.[0], { depth: null, breakLength: 110, compact: 5 })}\n${error}`,
      );
    });
  });

  // With few sequences it would be chance.
  if (runs >= 2_000) {
    it('differs in every way that is listed as meant', () => {
      const idle = differences.filter(({ times }) => times === 0);
      assert.deepEqual(
        idle.map(({ behaviour }) => behaviour),
        [],
      );
    });
  }
});
