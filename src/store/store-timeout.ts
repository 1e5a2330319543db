/** The error of a store that does not answer in the time that `storeTimeout` gives it. */

export class StoreTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';

  /** @param timeout in ms */
  constructor(method: string, timeout: number) {
    super(`the store's ${method} did not answer within ${String(timeout)} ms (storeTimeout option)`);
  }
}
