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
 * @param id of the record that is written. It may be left behind
 * @param races how often a touch runs at the same time as a write, and as a destroy
 */
export async function writesMoreThanExpiry(store: TouchedStore, id: string, races: number): Promise<boolean> {
  const stored = recordOf(LIFETIME, withState(newState(), { probe: 'stored' }));
  // For some stores it is an error to touch a record that is not there.
  const touchMissing = () =>
    store.touch(id, stored).catch((error: unknown) => {
      if ((error as { isTimeout?: boolean }).isTimeout) throw error;
    });

  await store.set(id, stored);
  await store.touch(id, { ...stored, probe: 'touched' });
  if ((await store.get(id))?.probe !== 'stored') return true;
  await store.destroy(id);
  await touchMissing();
  if (await store.get(id)) return true;
  for (let race = 0; race < races; race++) {
    const state = newState();
    const replaced = recordOf(LIFETIME, withState(state));
    await store.set(id, stored);
    // The order alternates, because it depends on the store in which order a touch can bring back an older record.
    const calls = [() => store.touch(id, stored), () => store.set(id, replaced)];
    if (race % 2 === 0) calls.reverse();
    await Promise.all(calls.map((call) => call()));
    if (!isDeepStrictEqual((await store.get(id))?.[STATE_MEMBER], state)) return true;
    await Promise.all([touchMissing(), store.destroy(id)]);
    if (await store.get(id)) return true;
  }
  return false;
}
