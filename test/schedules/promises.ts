/** What is not promised, by pairs of requests. It is asserted as found, so that what docs/stores.md says is true by test. */
import type { PropertyName } from './properties';
import type { Scenario } from './scenario';
import type { Kind } from './scenarios';

/** Those that store data of a session that they have loaded. */
const WRITING: readonly Kind[] = ['modify', 'soft', 'renew', 'redirect', 'login', 'stream'];
/** Those that only touch it. */
const TOUCHING: readonly Kind[] = ['read', 'refresh', 'express-session', '0.2.2'];

function kindsOf({ name }: Scenario): readonly string[] {
  return name.replace(/ \(.*/, '').split(' + ');
}

/** The pair has this kind, and as the other one any of those. */
function isPairOf(scenario: Scenario, one: Kind, others: readonly Kind[]): boolean {
  const kinds = kindsOf(scenario);
  const at = kinds.indexOf(one);
  return at >= 0 && kinds.length === 2 && others.includes(kinds[1 - at] as Kind);
}

/**
 * On every store: `regenerate` destroys one record and makes another. Who comes in between with the old cookie has no
 * session, and is given a new one if it stores something; its answer may come last. With express-session it is the same.
 */
export function everywhereNotPromised(scenario: Scenario): readonly PropertyName[] {
  return isPairOf(scenario, 'regenerate', ['modify', 'soft', 'renew', 'redirect']) ? ['keptByOwner'] : [];
}

/** Without compareAndSet, in one process: what the application destroys in the store itself, the process does not know of. */
export function plainNotPromised(scenario: Scenario): readonly PropertyName[] {
  const { touch } = scenario.store;
  const kinds = kindsOf(scenario);
  const isRevived =
    isPairOf(scenario, 'raw', WRITING) ||
    (touch === 'rewrite' && isPairOf(scenario, 'raw', TOUCHING)) ||
    // The request that destroys it touches it at its end.
    (touch === 'set' && kinds.includes('raw'));
  return isRevived ? ['deadAfterLogout'] : everywhereNotPromised(scenario);
}

/** The same, where it takes a fault besides. */
export function plainMayFail(scenario: Scenario): readonly PropertyName[] {
  return kindsOf(scenario).includes('raw') ? ['deadAfterLogout'] : [];
}

/** Without compareAndSet, in two processes. Pairs that are not here keep all properties. */
const ACROSS: Partial<Record<string, readonly PropertyName[]>> = {
  'login + login': ['loginIsPrivate'],
  'login + modify': ['keptByOwner', 'signedInByLogin'],
  'login + renew': ['signedInByLogin', 'loginIsPrivate'],
  'soft + logout': ['deadAfterLogout'],
  'modify + logout': ['deadAfterLogout'],
  '0.2.2 + login': ['keptByOwner'],
  'redirect + raw': ['deadAfterLogout'],
};

export function acrossNotPromised(scenario: Scenario): readonly PropertyName[] {
  return ACROSS[kindsOf(scenario).join(' + ')] ?? [];
}
