/** Calls the application's store for records: each call gets a callback, answers once, and in time. */
import { AsyncResource } from 'node:async_hooks';
import type { Cookie } from '../session/cookie';
import type { LiveSession } from '../session/live-session';
import { type RecordState, STATE_MEMBER, stateIn } from '../session/record-state';
import { toRecord } from '../session/snapshot';
import type { AnyStore, ErrorCallback, Guarantee, SessionRecord } from '../types';
import { callsOf, type StoreCalls } from './guarantee';
import { callStore, callStoreSafely, isMissing } from './store-call';
import { StoreTimeoutError } from './store-timeout';

/** What is stored for a session. */
export interface Contents {
  /** The session, or another object with its data. */
  readonly session: object;
  /** JSON text of the data. */
  readonly data: string;
  /** Whether `data` is other than what `session` holds, and counts. */
  readonly isMerged: boolean;
  /** The live cookie, since stores read its `maxAge` and `expires`. */
  readonly cookie: Cookie;
  /**
   * The cookie as it was loaded, where the stored expiry is to stay. A store that cannot leave it as it is gets `cookie`:
   * what was loaded may be older than what is stored by now.
   */
  readonly kept?: Cookie | undefined;
  readonly state: RecordState | undefined;
}

/** What the store has for a session. */
export interface Found {
  readonly record: SessionRecord;
  /** JSON text of the data, where the store has it as it is. */
  readonly data: string | undefined;
  readonly state: RecordState | undefined;
}

export type FoundCallback = (error?: unknown, found?: Found) => void;
export type StoredCallback = (error?: unknown, stored?: boolean) => void;

/** Any store but the library's own. */
export class RecordStore {
  readonly store: AnyStore;
  readonly guarantee: Guarantee;
  /** Whether writes of a destroyed session are passed on: the own MemoryStore refuses them by itself. */
  readonly refusesDestroyed: boolean = false;
  readonly #compareAndSet: StoreCalls['compareAndSet'];
  readonly #canKeepExpiry: boolean;
  readonly #touch: StoreCalls['touch'];
  readonly #timeout: number | undefined;

  /** @param timeout how long a call may take, in ms; undefined: as long as it likes */
  constructor(store: AnyStore, timeout: number | undefined) {
    const { guarantee, compareAndSet, canKeepExpiry, touch } = callsOf(store);
    this.store = store;
    this.guarantee = guarantee;
    this.#compareAndSet = compareAndSet;
    this.#canKeepExpiry = canKeepExpiry;
    this.#touch = touch;
    this.#timeout = timeout;
  }

  get canCompare(): boolean {
    return this.#compareAndSet !== undefined;
  }

  get canTouch(): boolean {
    return this.#touch !== undefined;
  }

  /** When the record expires, where that is known without asking the store. */
  knownExpiry?(id: string): Date | undefined;

  /** Nothing found: no error, and `found` is undefined. Never throws but what the callback throws. */
  get(id: string, callback: FoundCallback): void {
    callStoreSafely<SessionRecord | null>(
      (done) => {
        this.call('get', (answer) => this.store.get(id, answer as never), done);
      },
      (error, record) => {
        if (error && !isMissing(error)) callback(error);
        else if (error || !record) callback();
        else if (typeof record !== 'object') callback(errorOf(record));
        else callback(null, { record, data: undefined, state: stateIn(record) });
      },
    );
  }

  /**
   * @param live the session, where it may be destroyed while the call is under way
   * @throws what the store throws before it has answered; so do those below
   */
  set(id: string, contents: Contents, callback: ErrorCallback, live?: LiveSession): void {
    const record = recordOf(contents);
    const onLate = (): void => {
      this.#undo(id, live);
    };
    this.call('set', (done) => this.store.set(id, record, done), callback, onLate);
  }

  /** A record that is none of the middleware's sessions, as it is. */
  setPlain(id: string, record: SessionRecord, callback: ErrorCallback): void {
    this.call('set', (done) => this.store.set(id, record, done), callback);
  }

  compareAndSet(id: string, contents: Contents, tag: string | null, callback: StoredCallback): void {
    const kept = this.#canKeepExpiry ? contents.kept : undefined;
    const record = recordOf(contents, kept);
    const options = { keepsExpiry: kept !== undefined };
    this.call<boolean>(
      'compareAndSet',
      (done) => this.#compareAndSet?.(id, record, tag, done, options),
      callback,
    );
  }

  touch(id: string, contents: Contents, callback: ErrorCallback, live?: LiveSession): void {
    const record = recordOf(contents);
    const onLate = (): void => {
      this.#undo(id, live);
    };
    this.call('touch', (done) => this.#touch?.(id, record, done), callback, onLate);
  }

  destroy(id: string, callback: ErrorCallback): void {
    this.call('destroy', (done) => this.store.destroy(id, done), callback);
  }

  /** A call that was given up may have taken effect after the session was destroyed, whatever it answers: it goes again. */
  #undo(id: string, live: LiveSession | undefined): void {
    if (!live?.ended) return;
    callStoreSafely(
      (done) => {
        this.destroy(id, done);
      },
      () => undefined,
    );
  }

  /** @param onLate called for an answer that comes after the time was over */
  protected call<Result>(
    name: string,
    method: (done: (error?: unknown, result?: Result) => void) => unknown,
    callback: (error?: unknown, result?: Result) => void,
    onLate?: () => void,
  ): void {
    // Some clients of databases lose the context in which they were called.
    const context = new AsyncResource('express-session-jwt');
    const answer: typeof callback = (error, result) => {
      // Not AsyncResource.bind: before Node 22 that takes as long as all the rest of a request.
      context.runInAsyncScope(callback, undefined, error, result);
    };
    const timeout = this.#timeout;
    if (timeout === undefined) {
      callStore(method, answer);
      return;
    }
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      answer(new StoreTimeoutError(name, timeout));
    }, timeout);
    // A response that is held has a connection, which keeps the process alive.
    timer.unref();
    try {
      callStore<Result>(method, (error, result) => {
        clearTimeout(timer);
        if (isLate) onLate?.();
        else answer(error, result);
      });
    } catch (error) {
      clearTimeout(timer);
      throw error;
    }
  }
}

/** The usual error of a record that has no cookie: every store's users know it. */
function errorOf(record: { cookie: { expires?: unknown } }): unknown {
  try {
    return record.cookie.expires;
  } catch (error) {
    return error;
  }
}

/** The object that a store is given. */
function recordOf({ session, data, isMerged, state, ...contents }: Contents, kept?: Cookie): SessionRecord {
  const cookie = kept ?? contents.cookie;
  // The cookie comes first, as ever.
  const members = isMerged ? { cookie, ...(JSON.parse(data) as object) } : toRecord(session);
  const record = members as object as SessionRecord;
  record.cookie = cookie as never;
  if (state) record[STATE_MEMBER] = state;
  return record;
}
