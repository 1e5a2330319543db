import type { Update } from './store/guarantee';
import { openForwarding, withoutOrigin } from './legacy/legacy';
import type { Liveness } from './liveness';
import type { Calls, SavedCallback } from './store/records';
import { callStore, callStoreSafely } from './store/store-call';
import type { StoreKey } from './store-key';
import type { SessionRecord } from './types';

interface Save {
  readonly storedId: string;
  readonly record: SessionRecord;
  readonly liveness: Liveness;
  readonly storeKey: StoreKey;
}

/**
 * Stores a record. One that exists already is only updated, where the store can do that: then it is not made again if
 * another process has destroyed it.
 *
 * @throws what the store throws
 */
export function saveRecord({ store, update }: Calls, save: Save, done: SavedCallback): void {
  const { storedId, record, liveness } = save;
  const create = (call: typeof callStore): void => {
    call(
      (callback) => store.set(storedId, record, callback),
      (error) => {
        done(error);
      },
    );
  };
  if (!update) {
    create(callStore);
    return;
  }
  if (liveness.isStored) {
    callStore<boolean>((callback) => update(storedId, record, callback), done);
    return;
  }
  const { predecessor } = liveness;
  const forwarding = predecessor?.forwarding;
  if (!predecessor || !(forwarding || predecessor.liveness?.isStored)) {
    create(callStore);
    return;
  }
  const { id: previousId } = predecessor;
  // By now nobody could catch what the store throws.
  const createIf: SavedCallback = (error, saved) => {
    if (error || saved === false) done(error, saved);
    else create(callStoreSafely);
  };
  // A session with a new token: it is dead if it was destroyed under its old one.
  const old = forwarding ? withoutOrigin(record) : record;
  callStore<boolean>(
    (callback) => update(previousId, old, callback),
    (error, saved) => {
      if (error || saved !== false || !forwarding) createIf(error, saved);
      else updateForwarded(forwarding.id, update);
    },
  );

  /** The legacy session is no more: another process has upgraded it meanwhile, and stored it under another token. */
  function updateForwarded(forwardingId: string, update: Update): void {
    callStoreSafely<SessionRecord | null>(
      (callback) => store.get(forwardingId, callback as never),
      (error, found) => {
        const token = openForwarding(found, previousId);
        if (error || token === undefined) createIf(error, false);
        else callStoreSafely<boolean>((callback) => update(save.storeKey(token), record, callback), createIf);
      },
    );
  }
}
