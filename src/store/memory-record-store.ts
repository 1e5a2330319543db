/** Calls the library's own MemoryStore with JSON text instead of records, which saves most of the work. */
import type { ErrorCallback } from '../types';
import { MemoryStore } from './memory-store';
import { type Contents, type FoundCallback, RecordStore } from './record-store';

/** A method that the application has replaced is called as with any other store. */
export class MemoryRecordStore extends RecordStore {
  override readonly refusesDestroyed = true;
  readonly #memory: MemoryStore;

  constructor(store: MemoryStore, timeout: number | undefined) {
    super(store, timeout);
    this.#memory = store;
  }

  override knownExpiry(id: string): Date | undefined {
    return this.#memory.expiryOf(id);
  }

  override get(id: string, callback: FoundCallback): void {
    if (this.#memory.get !== MemoryStore.prototype.get) {
      super.get(id, callback);
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
    this.#memory.put(id, data, kept ?? cookie, state, kept !== undefined);
    setImmediate(callback);
  }

  override destroy(id: string, callback: ErrorCallback): void {
    if (this.#memory.destroy === MemoryStore.prototype.destroy) this.#memory.destroy(id, callback);
    else super.destroy(id, callback);
  }

  override touch(id: string, contents: Contents, callback: ErrorCallback): void {
    if (this.#memory.touch !== MemoryStore.prototype.touch) {
      super.touch(id, contents, callback);
      return;
    }
    this.#memory.renew(id, contents.cookie);
    setImmediate(callback);
  }
}
