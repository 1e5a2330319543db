/** Finds out whether a store's `touch` writes more than the expiry. */
import { isDeepStrictEqual } from 'node:util';
import { STATE_MEMBER } from '../session/record-state';
import type { SessionRecord } from '../types';
import { LIFETIME, newState, recordOf, withState } from './probe';

/** The calls of the store that are tried. */
export interface TouchedStore {
  get(id: string): Promise<SessionRecord | undefined>;
  set(id: string, record: SessionRecord): Promise<void>;
  touch(id: string, record: SessionRecord): Promise<void>;
  destroy(id: string): Promise<void>;
}

/**
 * Whether `touch` writes the data that it is given, writes what it has read before, or makes a record that is not there.
 *
 * @param newId an id is not used again after its destroy, because some stores only mark what is destroyed
 * @param races how often a touch runs at the same time as a write, and as a destroy
 */
export async function writesMoreThanExpiry(
  store: TouchedStore,
  newId: () => string,
  races: number,
): Promise<boolean> {
  const id = newId();
  const stored = recordOf(LIFETIME, withState(newState(), { probe: 'stored' }));
  await store.set(id, stored);
  await store.touch(id, { ...stored, probe: 'touched' });
  if ((await store.get(id))?.probe !== 'stored') return true;
  await store.destroy(id);
  await touchMissing(store, id, stored);
  if (await store.get(id)) return true;
  for (let race = 0; race < races; race++) {
    if (await losesRace(store, newId(), stored, race % 2 === 0)) return true;
  }
  return false;
}

/**
 * Whether a touch undoes a write, or a destroy, that runs at the same time.
 *
 * @param isFirst whether the write is called first. In which order a touch can bring back an older record depends on the store
 */
async function losesRace(
  store: TouchedStore,
  id: string,
  stored: SessionRecord,
  isFirst: boolean,
): Promise<boolean> {
  const state = newState();
  const replaced = recordOf(LIFETIME, withState(state));
  await store.set(id, stored);
  const calls = [() => store.touch(id, stored), () => store.set(id, replaced)];
  if (isFirst) calls.reverse();
  await Promise.all(calls.map((call) => call()));
  if (!isDeepStrictEqual((await store.get(id))?.[STATE_MEMBER], state)) return true;
  await Promise.all([touchMissing(store, id, stored), store.destroy(id)]);
  return (await store.get(id)) !== undefined;
}

/** Touches a record that is not there, which is an error for some stores. */
function touchMissing(store: TouchedStore, id: string, record: SessionRecord): Promise<void> {
  return store.touch(id, record).catch((error: unknown) => {
    if ((error as { isTimeout?: boolean }).isTimeout) throw error;
  });
}
