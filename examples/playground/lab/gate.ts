/** A place in a handler where requests wait until the demonstration lets them go on. */
export class Gate {
  #waiting = 0;
  #arrived: (() => void)[] = [];
  #open: () => void = () => undefined;
  readonly #opened = new Promise<void>((resolve) => (this.#open = resolve));

  /** Called by a handler. */
  async wait(): Promise<void> {
    this.#waiting++;
    for (const tell of this.#arrived.splice(0)) tell();
    await this.#opened;
  }

  /** Fulfils when so many requests are here. */
  async arrivals(count: number): Promise<void> {
    while (this.#waiting < count) await new Promise<void>((resolve) => this.#arrived.push(resolve));
  }

  open(): void {
    this.#open();
  }
}
