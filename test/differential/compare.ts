// Compares what the two sides have done.
import assert from 'node:assert/strict';
import type { Clock } from './clock';
import type { MeantDifference } from './meant';
import type { Options, Sequence } from './sequences';
import type { Side } from './sides';
import { World } from './world';
import type { Wire } from './wire';

export interface Setting {
  wire: Wire;
  clock: Clock;
}

/** Plays a sequence to both sides and throws at the first request in which they differ. */
export async function compare(
  { wire, clock }: Setting,
  [expected, actual]: readonly [Side, Side],
  options: Options,
  sequence: Sequence,
  differences: readonly MeantDifference[] = [],
): Promise<void> {
  const play = async (side: Side, given: readonly MeantDifference[]) => {
    clock.reset();
    clock.install();
    try {
      return await new World(wire, clock, side, options, sequence, given).play(sequence.requests);
    } finally {
      clock.uninstall();
    }
  };
  const wanted = await play(expected, differences);
  const seen = await play(actual, []);
  wanted.forEach((observation, i) => {
    try {
      assert.deepStrictEqual(seen[i], observation);
    } catch (error) {
      throw new Error(
        `${actual.name} (+) differs from ${expected.name} (-) in request ${String(i + 1)} with ` +
          `${JSON.stringify(options)}:\n${(error as Error).message}`,
        { cause: error },
      );
    }
  });
}
