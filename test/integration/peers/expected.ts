/** Compares what a scenario shows on express-session and on this package. */
import assert from 'node:assert/strict';
import { type Side, sides } from './sides';

export type Findings = Record<string, unknown>;

/** What is to be found: on both sides, and what only one of them shows. */
export interface Expected {
  readonly both?: Findings;
  /** Of express-session. */
  readonly theirs?: Findings;
  /** Of this package. */
  readonly ours?: Findings;
  /** One side after the other, since they would disturb each other. */
  readonly isAlone?: boolean;
}

/** Runs the scenario on both sides. Nothing may be found that is not expected, nor the other way round. */
export async function compare(
  { both = {}, theirs = {}, ours = {}, isAlone = false }: Expected,
  run: (side: Side) => Promise<Findings>,
): Promise<void> {
  const check = async (side: Side): Promise<void> => {
    const own = side.name === 'express-session' ? theirs : ours;
    assert.deepEqual(await run(side), { ...both, ...own }, side.name);
  };
  if (isAlone) {
    for (const side of sides) await check(side);
    return;
  }
  for (const settled of await Promise.allSettled(sides.map(check))) {
    if (settled.status === 'rejected') throw settled.reason;
  }
}
