/** Timers that count turns of the event loop instead of milliseconds, so that nobody waits for a timeout. */

const real = { setTimeout, clearTimeout };

type Callback = (...args: unknown[]) => void;

/** A timer as the package uses it. */
class TurnTimer {
  isCleared = false;

  constructor(turns: number, run: () => void) {
    afterTurns(turns, () => {
      if (!this.isCleared) run();
    });
  }

  unref(): this {
    return this;
  }
}

export function afterTurns(turns: number, run: () => void): void {
  if (turns <= 0) run();
  else setImmediate(afterTurns, turns - 1, run);
}

/**
 * Replaces the timers that the package uses; Node's own modules, and mocha, keep those that they have taken before.
 *
 * @param turnsOf how many turns a timer of so many ms takes
 * @returns what undoes it
 */
export function countTurns(turnsOf: (ms: number) => number): () => void {
  Object.assign(globalThis, {
    setTimeout: (callback: Callback, ms = 1, ...args: unknown[]) =>
      new TurnTimer(turnsOf(ms), () => callback(...args)),
    clearTimeout: (timer: unknown) => {
      if (timer instanceof TurnTimer) timer.isCleared = true;
      else real.clearTimeout(timer as NodeJS.Timeout);
    },
  });
  return () => Object.assign(globalThis, real);
}

/** In real time, whatever the timers count: false if it takes longer than so many ms. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  let guard: NodeJS.Timeout | undefined;
  const isLate = new Promise<boolean>((resolve) => (guard = real.setTimeout(resolve, ms, false)));
  try {
    return await Promise.race([work.then(() => true), isLate]);
  } finally {
    real.clearTimeout(guard);
  }
}
