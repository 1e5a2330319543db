/** Finds out whether a store's `touch` writes more than the expiry. */
import { isDeepStrictEqual } from 'node:util';
import { STATE_MEMBER } from '../session/record-state';
import { LIFETIME, newState, type Probe, recordOf, withState } from './probe';

/** How often a touch meets a write. */
const RACES = 5;

/** It writes the data that it is given, makes a record that is not there, or writes what it has read before. */
export async function writesMoreThanExpiry(probe: Probe): Promise<boolean> {
  const { id } = probe;
  const stored = recordOf(LIFETIME, withState(newState(), { probe: 'stored' }));
  await probe.set(id, stored);
  await probe.touch(id, { ...stored, probe: 'touched' });
  if ((await probe.get(id))?.probe !== 'stored') return true;
  for (let race = 0; race < RACES; race++) {
    const state = newState();
    const replaced = recordOf(LIFETIME, withState(state));
    await probe.set(id, stored);
    // What touch has read must be old when it writes: either may begin.
    const calls = [() => probe.touch(id, stored), () => probe.set(id, replaced)];
    if (race % 2 === 0) calls.reverse();
    await Promise.all(calls.map((call) => call()));
    if (!isDeepStrictEqual((await probe.get(id))?.[STATE_MEMBER], state)) return true;
  }
  await probe.destroy(id);
  // That there is none is an error with some stores.
  await probe.touch(id, stored).catch((error: unknown) => {
    if ((error as { isTimeout?: boolean }).isTimeout) throw error;
  });
  return (await probe.get(id)) !== undefined;
}
