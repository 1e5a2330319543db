/** Calls one method of a store, and takes its answer in whatever way it comes. */
import { SessionError } from '../errors';

export type Answer<Result> = (error?: unknown, result?: Result) => void;

/**
 * Calls a store's method with a callback, and takes its first answer: by callback, by its promise, or by what it throws. A
 * promise that fulfils with undefined is no answer, because the `async` methods of some stores return before they call back.
 *
 * @throws what the method throws before it has answered, and what the callback throws
 */
export function callStore<Result>(
  method: (callback: Answer<Result>) => unknown,
  callback: Answer<Result>,
): void {
  let isAnswered = false;
  /** Whether this answer is the first. */
  const claim = (): boolean => {
    const isFirst = !isAnswered;
    isAnswered = true;
    return isFirst;
  };
  let ofCallback: { error: unknown } | undefined;
  let returned: unknown;
  try {
    returned = method((failure, result) => {
      if (!claim()) return;
      try {
        callback(failure, result);
      } catch (error) {
        ofCallback = { error };
        throw error;
      }
    });
  } catch (error) {
    // If the store throws after it has answered, only the answer counts.
    if (claim() || ofCallback?.error === error) throw error;
    return;
  }
  if (!isThenable(returned)) return;
  // The callback runs outside of the promise's chain. Inside, an error that it throws would be an unhandled rejection.
  returned.then(
    (result) => {
      if (result !== undefined && claim()) setImmediate(callback, null, result as Result);
    },
    (error: unknown) => {
      if (claim())
        setImmediate(
          callback,
          error ?? new SessionError('ERR_SESSION_STORE_REJECTED', 'the store rejected without a reason'),
        );
    },
  );
}

/** Like callStore, but an error that the method throws is its answer. What the callback throws is still thrown. */
export function callStoreSafely<Result>(
  method: (callback: Answer<Result>) => unknown,
  callback: Answer<Result>,
): void {
  const state = { isAnswered: false };
  try {
    callStore<Result>(method, (error, result) => {
      state.isAnswered = true;
      callback(error, result);
    });
  } catch (error) {
    if (state.isAnswered) throw error;
    callback(error);
  }
}

/** Whether an error only means that there is no record, as with stores on files. */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === 'ENOENT';
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
