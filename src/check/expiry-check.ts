/** Checks that a session with a short life expires, and that one that was touched lives on. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Findings } from './findings';
import { LIFETIME, newState, type Probe, recordOf, SHORT_LIFETIME, withState } from './probe';

/** How long to wait, in ms. Stores that count in seconds may round up twice. */
const PATIENCE = 2250;

/** How often to look, in ms. */
const INTERVAL = 150;

export async function checkExpiry(probe: Probe, findings: Findings): Promise<void> {
  const { id, briefId, calls } = probe;
  const members = withState(newState());
  const brief = recordOf(SHORT_LIFETIME, members);
  await Promise.all([probe.set(briefId, brief), calls.touch && probe.set(id, brief)]);
  if (calls.touch) await probe.touch(id, recordOf(LIFETIME, members));
  if (!(await expires(probe, briefId))) {
    const text = calls.touch
      ? 'sessions that have expired are found until the store cleans up'
      : 'the store finds sessions that have expired: the middleware looks at their expiry by itself';
    findings.add('expiry', 'note', text);
  } else if (calls.touch && !(await probe.get(id))) {
    findings.add(
      'expiry',
      'failed',
      'touch does not renew the expiry: users are signed out while they are active',
    );
  } else {
    const touched = calls.touch ? ', and one that is touched lives on' : '';
    findings.add('expiry', 'ok', `a session that has expired is not found any more${touched}`);
  }
}

async function expires(probe: Probe, id: string): Promise<boolean> {
  const end = Date.now() + PATIENCE;
  do {
    await wait(INTERVAL);
    if (!(await probe.get(id))) return true;
  } while (Date.now() < end);
  return false;
}
