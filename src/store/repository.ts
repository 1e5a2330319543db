/** Reads, writes, touches and destroys the records of sessions, in an order that no request of this process can break. */
import { createWarning, trace } from '../diagnostics';
import { settingsOf } from '../session/cookie';
import type { KnownRecord, LiveSession } from '../session/live-session';
import { generationOf, type RecordState } from '../session/record-state';
import type { AnyStore, ErrorCallback, Guarantee, SessionRecord } from '../types';
import type { Found, RecordStore } from './record-store';
import { sharedBy } from './shared';
import { type Touch, touchSession } from './touch';
import { type Change, Write, type WriteCallback } from './write';

export interface Loaded {
  readonly found: Found | undefined;
  /** Whether the record is being destroyed now. Nobody knows yet whether that succeeds. */
  readonly isEnding: boolean;
  /** The session of the record. The caller has to hold it as long as it may store the session. */
  readonly live: LiveSession;
  /** Whether nothing was written while the record was read. */
  readonly isNewest: boolean;
}

export class Repository {
  readonly #records: RecordStore;
  #cannotCompare = false;
  readonly #warnOfHiddenTags: () => void;

  constructor(records: RecordStore) {
    this.#records = records;
    const { name } = records.store.constructor;
    this.#warnOfHiddenTags = createWarning(
      'WARN_SESSION_TAGS_HIDDEN',
      `store ${name}: its compareAndSet does not find what was stored, or does not answer true (records are compressed or ` +
        'encrypted, or the database runs no scripts). From now on destroyed sessions are kept from coming back in this process only',
    );
  }

  get store(): AnyStore {
    return this.#records.store;
  }

  get guarantee(): Guarantee {
    return this.#cannotCompare ? 'in this process' : this.#records.guarantee;
  }

  get canTouch(): boolean {
    return this.#records.canTouch;
  }

  get touchMovesExpiryOnly(): boolean {
    return this.#records.touchMovesExpiryOnly;
  }

  /** When the record expires, if that is known without a call of the store. */
  knownExpiry(id: string): Date | undefined {
    return this.#records.knownExpiry?.(id);
  }

  /** Whether the store has a `compareAndSet` that works. */
  get canCompare(): boolean {
    return this.#records.canCompare && !this.#cannotCompare;
  }

  /** Reads a record. Throws only what the callback throws. */
  read(id: string, callback: (error: unknown, loaded: Loaded) => void): void {
    const { sessions } = sharedBy(this.store);
    // Obtained before the record is read, so that a destroy that begins meanwhile is noticed.
    const live = sessions.obtain(id);
    const { writes, isOver } = live;
    trace('fetching %s', id);
    this.#records.get(id, (error, found) => {
      trace(error ? 'store error for %s' : found ? 'session found %s' : 'session not found %s', id);
      if (!found || !live.ended) {
        const isNewest = live.writes === writes && !live.isBusy;
        callback(error, { found, live, isNewest, isEnding: false });
      } else if (isOver) {
        // The session had ended before the read, so this record is a new session with the same id.
        callback(error, { found, live: sessions.begin(id), isNewest: true, isEnding: false });
      } else callback(error, { found: undefined, live, isNewest: false, isEnding: true });
    });
  }

  /** Whether tokens of this generation open the session, as far as this process knows. */
  isCurrent(live: LiveSession | undefined, generation: number): boolean {
    if (!live) return true;
    // With our MemoryStore, as with that of express-session, a late response of a destroyed session still sends its cookie.
    if (live.ended === 'regenerated' || (live.ended && !this.#records.refusesDestroyed)) return false;
    return generationOf(live.newest) === generation;
  }

  /** Asks the store whether the record is there, and in this generation. */
  look(id: string, generation: number, callback: (error: unknown, isCurrent: boolean) => void): void {
    this.#records.get(id, (error, found) => {
      callback(error, found !== undefined && generationOf(found) === generation);
    });
  }

  /**
   * Stores a session that is not in the store yet.
   *
   * @param state undefined: the record gets no `__session`, as express-session would store it
   * @throws what the store throws at once
   */
  create(
    id: string,
    { session, data, cookie }: Pick<Change, 'session' | 'data' | 'cookie'>,
    state: RecordState | undefined,
    callback: (error: unknown, live: LiveSession) => void,
  ): void {
    const { sessions } = sharedBy(this.store);
    let live = sessions.obtain(id);
    if (live.ended) live = sessions.begin(id);
    trace('saving %s', id);
    const answer: ErrorCallback = (error) => {
      callback(error, live);
    };
    run(live, answer, (done) => {
      this.#records.set(
        id,
        { session, data, cookie, state, isMerged: false },
        (error) => {
          if (!error) remember(live, { state, data, cookie: settingsOf(cookie) });
          done(error);
        },
        live,
      );
    });
  }

  /** Stores a record of application code, which no token opens. */
  createPlain(id: string, record: SessionRecord, callback: ErrorCallback): void {
    this.#records.setPlain(id, record, callback);
  }

  /**
   * Stores a change, if the session is still there and in the generation of the request.
   *
   * @throws what the store throws at once
   */
  write(id: string, live: LiveSession, change: Change, callback: WriteCallback): void {
    trace('saving %s', id);
    const { canCompare } = this;
    live.run((release) => {
      const target = {
        id,
        live,
        records: this.#records,
        canCompare,
        stopComparing: () => {
          this.#cannotCompare = true;
          target.canCompare = false;
          this.#warnOfHiddenTags();
        },
      };
      new Write(target, change, (error, outcome, state) => {
        release();
        callback(error, outcome, state);
      }).begin();
    }, callback);
  }

  /**
   * Renews the expiry.
   *
   * @throws what the store throws at once
   */
  touch(id: string, live: LiveSession, touch: Touch, callback: ErrorCallback): void {
    trace('touching %s', id);
    touchSession({ id, live, records: this.#records }, touch, callback);
  }

  /**
   * Destroys a session. From now on no request of this process stores it again.
   *
   * @throws what the store throws at once
   */
  destroy(id: string, how: 'destroyed' | 'regenerated', callback: ErrorCallback): void {
    trace('destroying %s', id);
    const live = sharedBy(this.store).sessions.get(id);
    const over = (): void => {
      trace('destroyed %s', id);
      if (live) live.isOver = true;
    };
    const destroy = (done: ErrorCallback): void => {
      try {
        this.#records.destroy(id, (error) => {
          over();
          done(error);
        });
      } catch (error) {
        over();
        throw error;
      }
    };
    if (!live) {
      destroy(callback);
      return;
    }
    live.ended ??= how;
    // A write that is under way ends first.
    run(live, callback, destroy);
  }
}

/** Runs work of a session when it has no other, until it answers. */
function run(live: LiveSession, callback: ErrorCallback, work: (done: ErrorCallback) => void): void {
  live.run((release) => {
    work((error) => {
      release();
      callback(error);
    });
  }, callback);
}

function remember(live: LiveSession, record: KnownRecord): void {
  live.writes += 1;
  live.newest = record;
}
