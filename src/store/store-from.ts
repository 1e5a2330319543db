/** Makes a store from async functions (`session.Store.from`). */
import { SessionError, SessionTypeError } from '../errors';
import { Store } from './store';
import type { AsyncStoreMethods, ErrorCallback, SessionRecord } from '../types';

const REQUIRED = ['get', 'set', 'destroy'] as const;
const OPTIONAL = ['touch', 'compareAndSet'] as const;

/**
 * Makes a store from an object of async functions.
 *
 * @throws TypeError that names the function that is missing or wrong
 */
export function storeFrom(methods: AsyncStoreMethods): Store {
  const given: unknown = methods;
  if (typeof given !== 'object' || given === null) {
    throw new SessionTypeError(
      'ERR_SESSION_ARGUMENT',
      'Store.from must be given an object of async functions: get, set, destroy',
    );
  }
  for (const name of [...REQUIRED, ...OPTIONAL.filter((name) => methods[name] !== undefined)]) {
    if (typeof methods[name] !== 'function') {
      throw new SessionTypeError(
        'ERR_SESSION_ARGUMENT',
        `Store.from must be given an object whose ${name} is an async function`,
      );
    }
  }
  return new StoreOfFunctions(methods);
}

class StoreOfFunctions extends Store {
  readonly #methods: AsyncStoreMethods;

  constructor(methods: AsyncStoreMethods) {
    super();
    this.#methods = methods;
    // Own members, so that the store has only the optional methods that it was given.
    if (methods.touch) this.touch = this.#touch;
    if (methods.compareAndSet) this.compareAndSet = this.#compareAndSet;
  }

  override get(id: string, callback: (error?: unknown, record?: SessionRecord | null) => void): void {
    answer<SessionRecord | null | undefined>(() => this.#methods.get(id), callback);
  }

  override set(id: string, record: SessionRecord, callback: ErrorCallback = noop): void {
    answer(() => this.#methods.set(id, record), withoutResult(callback));
  }

  override destroy(id: string, callback: ErrorCallback = noop): void {
    answer(() => this.#methods.destroy(id), withoutResult(callback));
  }

  #touch(id: string, record: SessionRecord, callback: ErrorCallback = noop): void {
    answer(() => this.#methods.touch?.(id, record), withoutResult(callback));
  }

  #compareAndSet(
    id: string,
    record: SessionRecord,
    tag: string | null,
    callback: (error?: unknown, stored?: boolean) => void = noop,
  ): void {
    answer(() => this.#methods.compareAndSet?.(id, record, tag), callback);
  }
}

/** Calls back once, outside of the promise's chain, so that an error that the callback throws is no rejection. */
function answer<Result>(
  start: () => Promise<Result> | undefined,
  callback: (error?: unknown, result?: Result) => void,
): void {
  void (async () => start())().then(
    (result) => {
      setImmediate(callback, null, result);
    },
    (error: unknown) => {
      setImmediate(
        callback,
        error ?? new SessionError('ERR_SESSION_STORE_REJECTED', 'the store rejected without a reason'),
      );
    },
  );
}

function withoutResult(callback: ErrorCallback): ErrorCallback {
  return (error) => {
    if (error) callback(error);
    else callback();
  };
}

function noop(): void {
  // Nobody waits for the answer.
}
