import type { Update } from './guarantee';
import { livenessIn } from '../liveness';
import type { Calls, StoreMethods } from './records';
import { callStore, callStoreSafely } from './store-call';
import type { AnyStore, ErrorCallback, SessionRecord } from '../types';

type Answer<Result> = (error?: unknown, result?: Result) => void;

type Method = 'get' | 'set' | 'touch' | 'update' | 'destroy';

/**
 * The same calls, each with an error for its answer if nothing else has come in time.
 *
 * @param timeout how long each call may take, in ms
 */
export function inTime(store: AnyStore, update: Update | undefined, timeout: number): Calls {
  const timed = new TimedStore(store, update, timeout);
  const timedUpdate: Update = (id, record, callback) => {
    timed.update(id, record, callback);
  };
  return { store: timed, update: update && timedUpdate };
}

/** A store whose methods answer in time: with an error, if nothing else has come by then. */
class TimedStore implements StoreMethods {
  readonly #store: AnyStore;
  readonly #update: Update | undefined;
  readonly #timeout: number;

  constructor(store: AnyStore, update: Update | undefined, timeout: number) {
    this.#store = store;
    this.#update = update;
    this.#timeout = timeout;
  }

  get(id: string, callback: Answer<unknown>): void {
    this.#call('get', (done) => this.#store.get(id, done), callback);
  }

  set(id: string, record: SessionRecord, callback: ErrorCallback): void {
    this.#call('set', (done) => this.#store.set(id, record, done), callback, this.#undoing(id));
  }

  touch(id: string, record: SessionRecord, callback: ErrorCallback): void {
    this.#call('touch', (done) => this.#store.touch?.(id, record, done), callback, this.#undoing(id));
  }

  update(id: string, record: SessionRecord, callback: Answer<boolean>): void {
    this.#call<boolean>('update', (done) => this.#update?.(id, record, done), callback, this.#undoing(id));
  }

  destroy(id: string, callback: ErrorCallback): void {
    this.#call('destroy', (done) => this.#store.destroy(id, done), callback);
  }

  /** @throws what the method throws before it has answered */
  #call<Result>(
    name: Method,
    method: (done: Answer<Result>) => unknown,
    callback: Answer<Result>,
    late?: ErrorCallback,
  ): void {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      callback(new StoreTimeoutError(name, this.#timeout));
    }, this.#timeout);
    // A response that is held has a connection, which keeps the process alive.
    timer.unref();
    const done: Answer<Result> = (error, result) => {
      clearTimeout(timer);
      if (isLate) late?.(error);
      else callback(error, result);
    };
    try {
      callStore(method, done);
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
  }

  /** A late answer tells nobody anything; but what it has stored goes again if the session was destroyed meanwhile. */
  #undoing(id: string): ErrorCallback {
    // Held until the answer comes, so that whoever destroys the session marks this object.
    const liveness = livenessIn(this.#store).get(id);
    return (error) => {
      if (!error && liveness?.isDead) callStoreSafely((done) => this.#store.destroy(id, done), ignore);
    };
  }
}

class StoreTimeoutError extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(method: Method, timeout: number) {
    super(`the store's ${method} did not answer within ${String(timeout)} ms (storeTimeout option)`);
  }
}

function ignore(): void {
  // The request has had its error.
}
