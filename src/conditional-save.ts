import type { Update } from './guarantee';
import { digestOf } from './digest';
import { forwardingId, openForwarding, withoutOrigin } from './legacy';
import type { Liveness, Predecessor } from './liveness';
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
  if (!predecessor || !(predecessor.forwarding || predecessor.liveness?.isStored)) {
    create(callStore);
    return;
  }
  // By now nobody could catch what the store throws.
  const createIf: SavedCallback = (error, saved) => {
    if (error || saved === false) done(error, saved);
    else create(callStoreSafely);
  };
  // A session with a new token: it is dead if it was destroyed under its old one.
  const old = predecessor.forwarding ? withoutOrigin(record) : record;
  callStore<boolean>(
    (callback) => update(predecessor.id, old, callback),
    (error, saved) => {
      if (error || saved !== false || !predecessor.forwarding) createIf(error, saved);
      else saveForwarded(store, update, { predecessor, record }, createIf);
    },
  );
}

/** The legacy session is no more: another process has upgraded it meanwhile, and stored it under another token. */
function saveForwarded(
  store: AnyStore,
  update: Update,
  { predecessor, record }: { predecessor: Predecessor; record: SessionRecord },
  done: SavedCallback,
): void {
  callStoreSafely<SessionRecord | null>(
    (callback) => store.get(forwardingId(predecessor.id), callback as never),
    (error, forwarding) => {
      const token = openForwarding(forwarding, predecessor.id);
      if (error || token === undefined) done(error, false);
      else callStoreSafely<boolean>((callback) => update(digestOf(token), record, callback), done);
    },
  );
}
