// A store that compares texts in which no tag can be seen, as where records are compressed or encrypted.
import { ComparingStore } from './comparing-store';

/** A tag is never found, and `"__session":` neither. */
export class HidingStore extends ComparingStore {
  override compareAndSet(...[id, data, tag, callback]: Parameters<ComparingStore['compareAndSet']>): void {
    const text = JSON.stringify(data);
    this.expected.push(tag);
    this.run(
      { method: 'compareAndSet', id, data: text },
      (error, stored) => callback(error, stored as boolean),
      () => {
        if (tag !== null || !this.records.has(id)) return false;
        this.records.set(id, text);
        return true;
      },
    );
  }
}
