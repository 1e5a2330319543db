/** Tries all that the middleware needs of a store, and says in plain words what it found. */
import { isDeepStrictEqual } from 'node:util';
import { STATE_MEMBER } from '../session/record-state';
import { isNarrowColumn } from '../store/narrow-column';
import { isUnsupported } from '../store/hidden-tags';
import type { CheckFinding, SessionRecord } from '../types';
import { checkExpiry } from './expiry-check';
import type { Findings } from './findings';
import { LIFETIME, newId, newState, type Probe, recordOf, SAMPLE, StoreCallError, withState } from './probe';
import { writesMoreThanExpiry } from './touch-check';

/** What the checks have learnt about the store. */
export interface StoreAbilities {
  compares: boolean;
  /** Undefined: there is no `touch`, or it could not be tried. */
  touchWritesRecord: boolean | undefined;
}

type Check = (probe: Probe, findings: Findings, abilities: StoreAbilities) => Promise<void>;

/** How often a touch runs at the same time as a write, and as a destroy. */
const RACES = 5;

const FIRST_STATE = newState();
const NARROW =
  'a column is too narrow: ids have 32 characters, and data are as long as the application makes them';

/** The order counts: the first check stores what the others look at. */
const CHECKS: readonly [name: CheckFinding['name'], check: Check][] = [
  ['write', checkWrite],
  ['ids', checkIds],
  ['data', checkData],
  ['__session', checkState],
  ['cookie', checkCookie],
  ['compareAndSet', checkComparison],
  ['touch', checkTouch],
  ['expiry', checkExpiry],
  ['destroy', checkDestroy],
];

/** Never throws nor rejects. The probe is destroyed at the end, whatever has happened. */
export async function checkStore(probe: Probe, findings: Findings): Promise<StoreAbilities> {
  const abilities: StoreAbilities = { compares: false, touchWritesRecord: undefined };
  let reason: string | undefined;
  for (const [name, check] of CHECKS) {
    if (reason !== undefined) {
      findings.add(name, 'skipped', `not tried, since ${reason}`);
      continue;
    }
    try {
      await check(probe, findings, abilities);
    } catch (error) {
      findings.add(name, 'failed', sentenceOf(error));
      if (name === 'write') reason = 'nothing could be stored';
      else if (error instanceof StoreCallError && error.isTimeout) reason = 'the store does not answer';
    }
  }
  await removeProbe(probe, findings);
  return abilities;
}

async function removeProbe(probe: Probe, findings: Findings): Promise<void> {
  try {
    await probe.remove();
  } catch (error) {
    const rest = `the probe session may be left for ${String(LIFETIME / 1000)} seconds, then it expires`;
    findings.add('cleanup', 'failed', `${sentenceOf(error)}; ${rest}`);
  }
}

function sentenceOf(error: unknown): string {
  const { message, cause } = error as Error;
  return isNarrowColumn(cause) ? `${message} (${NARROW})` : `the store's ${message}`;
}

async function checkWrite(probe: Probe, findings: Findings): Promise<void> {
  await probe.set(probe.id, recordOf(LIFETIME, withState(FIRST_STATE, SAMPLE)));
  findings.add('write', 'ok', 'the store has taken a session');
}

async function checkIds(probe: Probe, findings: Findings): Promise<void> {
  const { id } = probe;
  // No id has this character.
  const neighbour = `${id.slice(0, -1)}~`;
  const [found, other] = [await probe.get(id), await probe.get(neighbour)];
  if (!found) {
    findings.add(
      'ids',
      'failed',
      `what was stored is not found: does the store keep 32 characters of an id?`,
    );
  } else if (other) {
    findings.add('ids', 'failed', 'ids that differ in their last character are the same to the store');
  } else findings.add('ids', 'ok', 'ids of 32 characters fit');
}

async function checkData(probe: Probe, findings: Findings): Promise<void> {
  const found = await findProbe(probe);
  const spoilt = Object.entries(SAMPLE).filter(([name, value]) => !isDeepStrictEqual(found[name], value));
  if (spoilt.length === 0) findings.add('data', 'ok', 'data come back as they were');
  else {
    const names = spoilt.map(([name]) => `"${name}"`).join(', ');
    findings.add('data', 'failed', `data come back changed: ${names} of the probe is not what was stored`);
  }
}

async function checkState(probe: Probe, findings: Findings): Promise<void> {
  const found = await findProbe(probe);
  if (isDeepStrictEqual(found[STATE_MEMBER], FIRST_STATE)) {
    findings.add('__session', 'ok', 'the member __session comes back');
  } else {
    const text =
      'the member __session does not come back as it was: no session can be opened with this store';
    findings.add('__session', 'failed', text);
  }
}

async function checkCookie(probe: Probe, findings: Findings): Promise<void> {
  const { cookie } = await findProbe(probe);
  const { expires, originalMaxAge, path } = Object(cookie) as Record<string, unknown>;
  const left = new Date(expires as string).valueOf() - Date.now();
  // Some stores keep whole seconds.
  const isKept = left > LIFETIME / 2 && left <= LIFETIME + 1000;
  if (isKept && originalMaxAge === LIFETIME && path === '/') {
    findings.add('cookie', 'ok', "the cookie's settings and its expiry come back");
  } else {
    findings.add('cookie', 'failed', "the cookie's settings or its expiry do not come back as they were");
  }
}

/** @throws Error if the probe is not there */
async function findProbe(probe: Probe): Promise<SessionRecord> {
  const found = await probe.get(probe.id);
  if (!found) throw new Error('get does not find the probe');
  return found;
}

async function checkComparison(probe: Probe, findings: Findings, abilities: StoreAbilities): Promise<void> {
  if (!probe.calls.compareAndSet) {
    findings.add('compareAndSet', 'note', 'the store has no compareAndSet, and none is known for it');
    return;
  }
  const next = newState();
  const record = recordOf(LIFETIME, withState(next));
  try {
    if (!(await probe.compareAndSet(probe.id, record, FIRST_STATE.tag))) {
      const text =
        'compareAndSet is of no use: it does not find the tag that was stored (compressed or encrypted?)';
      findings.add('compareAndSet', 'note', text);
    } else if (!isDeepStrictEqual((await probe.get(probe.id))?.[STATE_MEMBER], next)) {
      findings.add('compareAndSet', 'failed', 'compareAndSet says that it has stored, and has not');
    } else if (await probe.compareAndSet(probe.id, record, FIRST_STATE.tag)) {
      findings.add('compareAndSet', 'failed', 'compareAndSet stores over a record with another tag');
    } else if (await probe.compareAndSet(probe.id, record, null)) {
      findings.add('compareAndSet', 'failed', 'compareAndSet for null stores over a record with __session');
    } else {
      abilities.compares = true;
      findings.add('compareAndSet', 'ok', 'compareAndSet stores only over what was read');
    }
  } catch (error) {
    if (!isUnsupported((error as Error).cause)) throw error;
    findings.add('compareAndSet', 'note', `compareAndSet is of no use here: ${(error as Error).message}`);
  }
}

async function checkTouch(probe: Probe, findings: Findings, abilities: StoreAbilities): Promise<void> {
  if (!probe.calls.touch) {
    const text =
      'the store has no touch: expiries are renewed by requests that change something, or with resave: true';
    findings.add('touch', 'note', text);
    return;
  }
  abilities.touchWritesRecord = await writesMoreThanExpiry(probe, newId, RACES);
  if (abilities.touchWritesRecord) {
    const text =
      'touch writes the record: a request elsewhere can bring back what was destroyed or replaced meanwhile';
    findings.add('touch', 'note', text);
  } else findings.add('touch', 'ok', 'touch moves the expiry only');
}

async function checkDestroy(probe: Probe, findings: Findings, abilities: StoreAbilities): Promise<void> {
  await probe.destroy(probe.id);
  if (await probe.get(probe.id)) {
    findings.add('destroy', 'failed', 'a destroyed session is still there: nobody can log out');
    return;
  }
  const state = newState();
  const isBack =
    abilities.compares &&
    (await probe.compareAndSet(probe.id, recordOf(LIFETIME, withState(state)), state.tag));
  if (isBack) findings.add('destroy', 'failed', 'compareAndSet brings back a session that was destroyed');
  else findings.add('destroy', 'ok', 'a destroyed session is gone');
}
