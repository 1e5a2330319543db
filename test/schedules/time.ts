/** Time under control: a clock that stands still, timers that run when told, turns of the event loop that are counted. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** A timer that nobody has run yet. */
export interface Timer {
  readonly ms: number;
  readonly run: () => void;
  readonly owner: number;
  /** Whether it waits for an answer of the store (storeTimeout): it only runs as a fault. */
  isTimeout: boolean;
  unref(): Timer;
  ref(): Timer;
  hasRef(): boolean;
}

type Callback = (...args: unknown[]) => void;

const real = { setTimeout, clearTimeout, setImmediate, clearImmediate, now: Date.now };

/** More turns than any step of the package takes; a loop without end would be found here. */
const MAX_TURNS = 500;

/** Whose timers are under control: other code of this test run, such as a pool of connections, keeps its own. */
const controlled = new AsyncLocalStorage<FakeTime>();

/**
 * Replaces what the package knows of time. Node's own modules keep the functions that they have taken before, and mocha
 * does so as well.
 */
export class FakeTime {
  now = real.now();
  /** The process whose code runs now: timers belong to it. */
  owner = 0;
  timers: Timer[] = [];
  /** Told of each new timer. */
  onTimer: ((timer: Timer) => void) | undefined;
  #immediates: (() => void)[] = [];

  /** Runs code whose timers are under control from now on. */
  run<T>(use: () => T): T {
    return controlled.run(this, use);
  }

  install(): void {
    const isControlled = (): boolean => controlled.getStore() === this;
    Date.now = () => this.now;
    Object.assign(globalThis, {
      setTimeout: (callback: Callback, ms = 1, ...args: unknown[]) =>
        isControlled() ? this.#add(callback, ms, args) : real.setTimeout(callback, ms, ...args),
      clearTimeout: (timer?: Timer | NodeJS.Timeout) => {
        const at = this.timers.indexOf(timer as Timer);
        if (at >= 0) this.timers.splice(at, 1);
        else if (!isControlled()) real.clearTimeout(timer as NodeJS.Timeout);
      },
      setImmediate: (callback: Callback, ...args: unknown[]) => {
        if (!isControlled()) return real.setImmediate(callback, ...args);
        const run = (): void => callback(...args);
        this.#immediates.push(run);
        return run;
      },
      clearImmediate: (run: (() => void) | NodeJS.Immediate) => {
        if (typeof run === 'function') this.#immediates = this.#immediates.filter((one) => one !== run);
        else real.clearImmediate(run);
      },
    });
  }

  restore(): void {
    const { now, ...functions } = real;
    Date.now = now;
    Object.assign(globalThis, functions);
    this.reset();
  }

  /** Forgets what a run that was given up has left. */
  reset(): void {
    this.timers = [];
    this.#immediates = [];
  }

  /** Takes a timer away and runs it. */
  fire(timer: Timer): void {
    this.timers = this.timers.filter((one) => one !== timer);
    timer.run();
  }

  /**
   * Waits until nothing moves any more but by the scheduler: a real turn of the event loop lets all microtasks and next
   * ticks run, and those that were put off to a later turn run here one by one.
   */
  async settle(): Promise<void> {
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      await new Promise<void>((resolve) => real.setImmediate(resolve));
      const run = this.#immediates.shift();
      if (!run) return;
      run();
    }
    throw new Error('the package does not come to rest');
  }

  #add(callback: Callback, ms: number, args: unknown[]): Timer {
    const timer: Timer = {
      ms,
      owner: this.owner,
      isTimeout: false,
      run: () => callback(...args),
      unref: () => timer,
      ref: () => timer,
      hasRef: () => false,
    };
    this.timers.push(timer);
    this.onTimer?.(timer);
    return timer;
  }
}
