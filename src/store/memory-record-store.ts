/** Calls the library's own MemoryStore with JSON text instead of records, which saves most of the work. */
import type { ErrorCallback } from '../types';
import { MemoryStore } from './memory-store';
import { type Contents, type FoundCallback, RecordStore } from './record-store';
import type { Answer } from './store-call';
import { isWatched, methods, type WatchedMethod } from './watched-call';

/** A method that the application has replaced is called as with any other store. */
export class MemoryRecordStore extends RecordStore {
  override readonly refusesDestroyed = true;
  readonly #memory: MemoryStore;

  constructor(store: MemoryStore, timeout: number | undefined) {
    super(store, timeout);
    this.#memory = store;
  }

  override get touchMovesExpiryOnly(): boolean {
    return this.#memory.touch === MemoryStore.prototype.touch;
  }

  override knownExpiry(id: string): Date | undefined {
    return this.#memory.expiryOf(id);
  }

  override get(id: string, callback: FoundCallback): void {
    if (this.#memory.get !== MemoryStore.prototype.get) {
      super.get(id, callback);
      return;
    }
    if (isWatched(methods.get)) {
      this.call(methods.get, id, (done) => setImmediate(done, null, this.#memory.read(id)), callback);
      return;
    }
    const found = this.#memory.read(id);
    setImmediate(callback, null, found);
  }

  override set(id: string, contents: Contents, callback: ErrorCallback): void {
    if (this.#memory.set !== MemoryStore.prototype.set) {
      super.set(id, contents, callback);
      return;
    }
    const { data, cookie, kept, state } = contents;
    this.#run(methods.set, id, callback, (done) => {
      this.#memory.put(id, data, kept ?? cookie, state, kept !== undefined);
      setImmediate(done);
    });
  }

  override destroy(id: string, callback: ErrorCallback): void {
    if (this.#memory.destroy !== MemoryStore.prototype.destroy) {
      super.destroy(id, callback);
      return;
    }
    this.#run(methods.destroy, id, callback, (done) => {
      this.#memory.destroy(id, done);
    });
  }

  override touch(id: string, contents: Contents, callback: ErrorCallback): void {
    if (this.#memory.touch !== MemoryStore.prototype.touch) {
      super.touch(id, contents, callback);
      return;
    }
    this.#run(methods.touch, id, callback, (done) => {
      this.#memory.renew(id, contents.cookie);
      setImmediate(done);
    });
  }

  /** Runs work that is no call of an application's store. Only subscribers make it one. */
  #run<Result>(
    method: WatchedMethod,
    id: string,
    callback: Answer<Result>,
    work: (done: Answer<Result>) => unknown,
  ): void {
    if (isWatched(method)) this.call(method, id, work, callback);
    else work(callback);
  }
}
