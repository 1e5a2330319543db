/** Finds out whether a store's `touch` writes more than the expiry. */
import { isDeepStrictEqual } from 'node:util';
import { STATE_MEMBER } from '../session/record-state';
import { LIFETIME, newState, type Probe, recordOf, withState } from './probe';

/** How often a touch and a write run at the same time. */
const RACES = 5;

/** Whether `touch` writes the data that it is given, writes what it has read before, or makes a record that is not there. */
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
    // The order alternates, because it depends on the store in which order a touch can bring back an older record.
    const calls = [() => probe.touch(id, stored), () => probe.set(id, replaced)];
    if (race % 2 === 0) calls.reverse();
    await Promise.all(calls.map((call) => call()));
    if (!isDeepStrictEqual((await probe.get(id))?.[STATE_MEMBER], state)) return true;
  }
  await probe.destroy(id);
  // For some stores it is an error to touch a record that is not there.
  await probe.touch(id, stored).catch((error: unknown) => {
    if ((error as { isTimeout?: boolean }).isTimeout) throw error;
  });
  return (await probe.get(id)) !== undefined;
}
