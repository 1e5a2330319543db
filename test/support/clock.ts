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

/** Runs `use` with `performance.now` going its way, and further by what `tick` is told. */
export async function withMovableClock<T>(use: (tick: (ms: number) => void) => Promise<T>): Promise<T> {
  const real = performance.now.bind(performance);
  let ahead = 0;
  performance.now = () => real() + ahead;
  try {
    return await use((ms) => (ahead += ms));
  } finally {
    Reflect.deleteProperty(performance, 'now');
  }
}
