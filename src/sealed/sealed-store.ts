/** A store that seals what another store keeps. */
import { callsOf, KEEPS_EXPIRY, type StoreCalls } from '../store/guarantee';
import { Store } from '../store/store';
import { callStore, callStoreSafely } from '../store/store-call';
import type { AnyStore, ErrorCallback, SessionRecord } from '../types';
import type { RecordSealer } from './record-sealer';

/** A store with the methods that are optional, and not for the middleware. */
export interface FullStore extends AnyStore {
  all?(callback: AnswerCallback): unknown;
  length?(callback: (error: unknown, length: number) => void): unknown;
  clear?(callback: ErrorCallback): unknown;
}

type AnswerCallback = (error?: unknown, answer?: unknown) => void;
type CompareArguments = Parameters<NonNullable<StoreCalls['compareAndSet']>>;

/** It has an optional method only if the other store has it, or if the library has a `compareAndSet` for that store. */
export class SealedStore extends Store {
  readonly [KEEPS_EXPIRY]: boolean;
  readonly #store: FullStore;
  readonly #records: RecordSealer;
  readonly #calls: StoreCalls;
  declare all?: (callback?: AnswerCallback) => void;
  declare length?: FullStore['length'];
  declare clear?: (callback?: ErrorCallback) => unknown;

  constructor(store: FullStore, records: RecordSealer) {
    super();
    this.#store = store;
    this.#records = records;
    this.#calls = callsOf(store);
    this[KEEPS_EXPIRY] = this.#calls.canKeepExpiry;
    if (this.#calls.touch) this.touch = this.#touch;
    if (this.#calls.compareAndSet) this.compareAndSet = this.#compareAndSet;
    if (store.all) this.all = this.#all;
    if (store.length) this.length = (callback) => store.length?.(callback);
    if (store.clear) this.clear = (callback = noop) => store.clear?.(callback);
    for (const event of ['connect', 'disconnect'] as const) {
      store.on(event, () => {
        this.emit(event);
      });
    }
  }

  override get(id: string, callback: (error?: unknown, record?: SessionRecord | null) => void): void {
    callStoreSafely(
      (done) => this.#store.get(id, done),
      opening((stored) => this.#records.open(id, stored), callback as AnswerCallback),
    );
  }

  override set(id: string, record: SessionRecord, callback: ErrorCallback = noop): unknown {
    return this.#store.set(id, this.#records.seal(id, record), callback);
  }

  override destroy(id: string, callback: ErrorCallback = noop): unknown {
    return this.#store.destroy(id, callback);
  }

  /** The data are sealed here, too, because some stores write the whole record. */
  #touch(id: string, record: SessionRecord, callback: ErrorCallback = noop): unknown {
    return this.#calls.touch?.(id, this.#records.seal(id, record), callback);
  }

  /** The tag is in the member `__session`, which stays readable, so that the other store finds it. */
  #compareAndSet(...[id, record, tag, callback, options]: CompareArguments): void {
    const sealed = this.#records.seal(id, record);
    callStore<boolean>((done) => this.#calls.compareAndSet?.(id, sealed, tag, done, options), callback);
  }

  #all(callback: AnswerCallback = noop): void {
    callStoreSafely(
      (done) => this.#store.all?.(done),
      opening((stored) => this.#records.openAll(stored), callback),
    );
  }
}

/** A callback that opens what the store answers. */
function opening(open: (stored: unknown) => unknown, callback: AnswerCallback): AnswerCallback {
  return (error, stored) => {
    if (error) {
      callback(error);
      return;
    }
    let opened: unknown;
    try {
      opened = open(stored);
    } catch (unreadable) {
      callback(unreadable);
      return;
    }
    callback(null, opened);
  };
}

function noop(): void {
  // Nobody waits for the answer.
}
