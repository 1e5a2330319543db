/** The error of a store that does not answer within the `storeTimeout` option. */

export class StoreTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';

  /** @param timeout in ms */
  constructor(method: string, timeout: number) {
    super(`the store's ${method} did not answer within ${String(timeout)} ms (storeTimeout option)`);
  }
}
