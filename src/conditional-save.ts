import type { Update } from './guarantee';
import type { Liveness } from './liveness';
import { callStore, callStoreSafely } from './store-call';
import type { AnyStore, SessionRecord } from './types';

interface Save {
  readonly storedId: string;
  readonly record: SessionRecord;
  readonly liveness: Liveness;
}

/** `saved`: false if the session was destroyed meanwhile, and nothing was stored. */
type SavedCallback = (error?: unknown, saved?: boolean) => void;

/**
 * Stores a record. One that exists already is only updated, where the store can do that: then it is not made again if
 * another process has destroyed it.
 *
 * @throws what the store throws
 */
export function saveRecord(
  store: AnyStore,
  update: Update | undefined,
  save: Save,
  done: SavedCallback,
): void {
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
  if (!predecessor?.liveness?.isStored) {
    create(callStore);
    return;
  }
  // A session with a new token: it is dead if it was destroyed under its old one.
  callStore<boolean>(
    (callback) => update(predecessor.id, record, callback),
    (error, saved) => {
      if (error || saved === false) done(error, saved);
      // By now nobody could catch what the store throws.
      else create(callStoreSafely);
    },
  );
}
