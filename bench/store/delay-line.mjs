/* The delay of the proxy, apart from sockets and clocks. */

/** A line of given length: what goes in comes out that much later, in order. What follows is on its way at the same time. */
export class DelayLine {
  /** @type {{ due: number, deliver: () => void }[]} */
  #onTheWay = [];
  #isWaiting = false;
  #ms;
  #wakeAt;
  #now;

  /**
   * @param {number} ms
   * @param {(due: number) => void} wakeAt asks for one call of `run`, not before this time
   * @param {() => number} now in ms
   */
  constructor(ms, wakeAt, now) {
    this.#ms = ms;
    this.#wakeAt = wakeAt;
    this.#now = now;
  }

  /** @param {number} ms how long what goes in from now on is on its way */
  set length(ms) {
    this.#ms = ms;
  }

  /** @param {() => void} deliver */
  push(deliver) {
    this.#onTheWay.push({ due: this.#now() + this.#ms, deliver });
    this.#wait();
  }

  /** Delivers what has arrived by now. */
  run() {
    this.#isWaiting = false;
    const now = this.#now();
    const arrived = this.#onTheWay.findIndex(({ due }) => due > now);
    const count = arrived < 0 ? this.#onTheWay.length : arrived;
    for (const { deliver } of this.#onTheWay.splice(0, count)) deliver();
    this.#wait();
  }

  #wait() {
    const [next] = this.#onTheWay;
    if (!next || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#wakeAt(next.due);
  }
}
