/** Whether a store can be used, as far as its events and probes have told. */
import { callStoreSafely, isMissing } from './store-call';
import type { AnyStore } from '../types';

/** Whether a middleware may use its store, as far as events and probes have told. */
export interface Readiness {
  isConnected: boolean;
  /** Called by requests that go without a session meanwhile; asks the store if that is due. */
  readonly probe: () => void;
}

/** How long after a `disconnect`, and after a probe that failed, the store is left alone, in ms. */
const PROBE_INTERVAL = 1000;

/** How long a probe without an answer keeps the next one from starting, in ms. */
const PROBE_PATIENCE = 30_000;

/** No session has this id. */
const NO_ID = '0'.repeat(32);

/**
 * What is known about one store. It gets one listener of each kind, and at most one probe at a time, however many
 * middlewares share it.
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
      // Some stores repeat it for every failed call; that shall not put the next probe off for ever.
      if (this.#isConnected) this.#nextProbe = performance.now() + PROBE_INTERVAL;
      this.#tell(false);
    });
  }

  /** Connected until told otherwise, from now on. */
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

  /** Some stores never emit `connect`: one that answers is connected. */
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
