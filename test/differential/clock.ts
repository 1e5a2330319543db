/**
 * A clock that stands still unless told to go on, so that expiry times of both sides can be compared to the
 * millisecond. Timers keep running: only what reads the time sees it.
 */
export class Clock {
  static readonly start = Date.UTC(2030, 0, 1, 12, 0, 0, 250);
  #now = Clock.start;
  readonly #realNow = Date.now;

  install(): void {
    Date.now = () => this.#now;
  }

  uninstall(): void {
    Date.now = this.#realNow;
  }

  reset(): void {
    this.#now = Clock.start;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
