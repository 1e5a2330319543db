/** Knows whether a store can be used, from its events and from probes. */
import { callStoreSafely, isMissing } from './store-call';
import type { AnyStore } from '../types';

/** Says to one middleware whether it may use its store. */
export interface Readiness {
  isConnected: boolean;
  /** Asks the store whether it is back, if it is time for that. Called by requests that go without a session meanwhile. */
  readonly probe: () => void;
}

/** How long to wait after a `disconnect`, or after a probe that failed, before the next probe, in ms. */
const PROBE_INTERVAL = 1000;

/** How long to wait for the answer of a probe before the next one may start, in ms. */
const PROBE_PATIENCE = 30_000;

/** An id that no session has. */
const NO_ID = '0'.repeat(32);

/**
 * Watches one store for all its middlewares, so that the store gets one listener of each kind, and at most one probe at a
 * time.
 */
export class Connection {
  readonly #store: AnyStore;
  readonly #watchers = new Set<Readiness>();
  #disconnects = 0;
  #isConnected = true;
  #nextProbe = 0;

  constructor(store: AnyStore) {
    this.#store = store;
    store.on('connect', () => {
      this.#tell(true);
    });
    store.on('disconnect', () => {
      this.#disconnects++;
      // Some stores emit it for each failed call. That must not postpone the next probe for ever.
      if (this.#isConnected) this.#nextProbe = performance.now() + PROBE_INTERVAL;
      this.#tell(false);
    });
  }

  /** Makes the readiness for one middleware. The store counts as connected until it says otherwise. */
  watch(): Readiness {
    const readiness: Readiness = {
      isConnected: true,
      probe: () => {
        this.#probe();
      },
    };
    this.#watchers.add(readiness);
    return readiness;
  }

  #tell(isConnected: boolean): void {
    this.#isConnected = isConnected;
    for (const one of this.#watchers) one.isConnected = isConnected;
  }

  /** Reads from the store. If it answers it counts as connected, because some stores never emit `connect`. */
  #probe(): void {
    const now = performance.now();
    if (now < this.#nextProbe) return;
    this.#nextProbe = now + PROBE_PATIENCE;
    const seen = this.#disconnects;
    callStoreSafely(
      (done) => this.#store.get(NO_ID, done),
      (error) => {
        const hasAnswered = !error || isMissing(error);
        if (hasAnswered && this.#disconnects === seen) this.#tell(true);
        else this.#nextProbe = performance.now() + PROBE_INTERVAL;
      },
    );
  }
}
