/** Which timer waits for which call of the store, so that a single call can take too long while time stands still. */
import type { Call } from './store';
import type { Timer } from './time';

/**
 * The package sets a timer for a call just before it makes it, or just after. A timer and a call of the same turn belong
 * together.
 */
export class Timeouts {
  readonly #timers = new Map<Call, Timer>();
  #unclaimed: Timer[] = [];
  #awaiting: Call[] = [];

  addTimer(timer: Timer): void {
    const call = this.#awaiting.shift();
    if (call) this.#timers.set(call, timer);
    else this.#unclaimed.push(timer);
  }

  addCall(call: Call): void {
    const timer = this.#unclaimed.pop();
    if (timer) this.#timers.set(call, timer);
    else this.#awaiting.push(call);
  }

  /** Undefined where the package waits as long as it takes. */
  timerOf(call: Call): Timer | undefined {
    return this.#timers.get(call);
  }

  remove(call: Call): void {
    this.#timers.delete(call);
  }

  /** The turn is over. */
  endTurn(): void {
    this.#awaiting = [];
    this.#unclaimed = [];
  }
}
