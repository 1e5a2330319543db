/** Tries the keys and the store of a middleware, and reports in plain words (`sessions.check()`). */
import type { Config } from '../options/options';
import { MemoryStore } from '../store/memory-store';
import type { AnyStore, CheckReport, Guarantee } from '../types';
import { Findings } from './findings';
import { checkKeys } from './key-check';
import { Probe } from './probe';
import { checkStore, type StoreAbilities } from './store-checks';

/** The store that a middleware uses, and what the middleware expects of it. */
export interface CheckedStorage {
  readonly store: AnyStore;
  readonly guarantee: Guarantee;
  readonly isConnected: boolean;
}

/** How long a call of the store may take, in ms, if the `storeTimeout` option is not shorter. */
const LIMIT = 3000;

/** Never throws nor rejects. @param storage undefined: the middleware has no store */
export async function check(config: Config, storage: CheckedStorage | undefined): Promise<CheckReport> {
  const findings = new Findings();
  checkKeys(config, findings);
  if (!storage) {
    const text = config.tokens
      ? 'there is no store: tokens are verified by themselves, and no session is kept'
      : 'there is no store option: sessions are kept in this process, or not at all';
    findings.add('store', 'skipped', text);
    return findings.report();
  }
  const { store, isConnected } = storage;
  const name = store.constructor.name || 'the store';
  if (!isConnected) {
    findings.add(
      'store',
      'failed',
      `${name} has told that it is disconnected: requests go without a session`,
    );
  } else if (store instanceof MemoryStore) {
    findings.add('store', 'note', `${name}: sessions are kept in this process, and lost when it ends`);
  } else findings.add('store', 'ok', `${name} is there`);
  const abilities = await checkStore(
    new Probe(store, Math.min(LIMIT, config.storeTimeout ?? LIMIT)),
    findings,
  );
  if (isConnected) addGuarantee(storage, abilities, findings);
  return findings.report();
}

function addGuarantee({ guarantee }: CheckedStorage, abilities: StoreAbilities, findings: Findings): void {
  const { compares, touchWritesRecord } = abilities;
  if (guarantee === 'everywhere' && touchWritesRecord) {
    const text =
      "the guarantee is said to be 'everywhere', and touch breaks it: correct touch, or take compareAndSet away";
    findings.add('guarantee', 'failed', text);
  } else if (guarantee === 'everywhere' && compares) {
    findings.add('guarantee', 'ok', "'everywhere': who is logged out stays so, in all processes");
  } else {
    const text =
      "'in this process': a request under way in another process can bring back a session that was logged out";
    findings.add('guarantee', 'note', text);
  }
}
