// A store whose touch inserts a record where there is none.
import { ForeignStore } from './stores';

/** A store whose `touch` inserts where there is no record, as an upsert in SQL does. */
export class InsertingStore extends ForeignStore {
  override touch(...[id, session, callback]: Parameters<ForeignStore['touch']>): void {
    const text = JSON.stringify(session);
    super.touch(id, session, (error) => {
      if (!error) this.records.set(id, text);
      callback?.(error);
    });
  }
}
