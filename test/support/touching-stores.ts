// The ways in which stores renew an expiry. All but the first write more than that.
import { InsertingStore } from './inserting-store';
import { ForeignStore } from './stores';

/** Reads the record, and writes it back with another expiry when the call goes on. */
class RereadingStore extends ForeignStore {
  override touch(...[id, session, callback]: Parameters<ForeignStore['touch']>): void {
    const text = this.records.get(id);
    this.run({ method: 'touch', id, data: JSON.stringify(session) }, callback, () => {
      if (text === undefined) return;
      this.records.set(id, JSON.stringify({ ...(JSON.parse(text) as object), cookie: session.cookie }));
    });
  }
}

/** Moves the expiry of a record that is there, and inserts one where there is none. */
class UpsertingStore extends ForeignStore {
  override touch(...[id, session, callback]: Parameters<ForeignStore['touch']>): void {
    const text = JSON.stringify(session);
    super.touch(id, session, (error) => {
      if (!error && !this.records.has(id)) this.records.set(id, text);
      callback?.(error);
    });
  }
}

export const touchingStores: readonly [kind: string, create: () => ForeignStore][] = [
  ['moves the expiry only', () => new ForeignStore()],
  ['reads the record and writes it back', () => new RereadingStore()],
  ['is a set', () => new InsertingStore()],
  ['is an upsert', () => new UpsertingStore()],
];
