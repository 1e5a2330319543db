/** A clock that stands still until it is told to move on. */
export interface Clock {
  now: () => number;
  tick: (ms: number) => void;
}

/**
 * Runs `use` with `Date.now` standing still, so that times can be compared to the millisecond. Only `Date.now` is
 * replaced: timers and `new Date(number)` stay as they are.
 */
export async function withFrozenClock<T>(use: (clock: Clock) => T | Promise<T>): Promise<T> {
  const real = Date.now;
  let now = real();
  Date.now = () => now;
  try {
    return await use({ now: () => now, tick: (ms) => (now += ms) });
  } finally {
    Date.now = real;
  }
}
