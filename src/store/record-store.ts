/** Calls the application's store. Each call gets a callback, answers once, and answers in time. */
import { AsyncResource } from 'node:async_hooks';
import { type Cookie, restoreCookie, settingsOf } from '../session/cookie';
import type { KnownRecord, LiveSession } from '../session/live-session';
import { type RecordState, STATE_MEMBER, stateIn } from '../session/record-state';
import { takeSnapshot, toRecord } from '../session/snapshot';
import type { AnyStore, ErrorCallback, Guarantee, SessionRecord, StoreMethod } from '../types';
import { callsOf, type StoreCalls } from './guarantee';
import { type Answer, callStore, callStoreSafely, isMissing } from './store-call';
import { StoreTimeoutError } from './store-timeout';
import { isWatched, methods, watchCall, type WatchedMethod } from './watched-call';

/** The contents of a record that is to be stored. */
export interface Contents {
  /** The session, or another object with its data. */
  readonly session: object;
  /** The data as JSON text. */
  readonly data: string;
  /** Whether `data` differs from `session`. Then `data` is stored. */
  readonly isMerged: boolean;
  /** A live Cookie, because stores read its `maxAge` and `expires`. */
  readonly cookie: Cookie;
  /**
   * The cookie as it was loaded, if the stored expiry has to stay. Only a store that can leave its expiry alone gets it. Others
   * get `cookie`, because the loaded expiry may be older than the stored one by now.
   */
  readonly kept?: Cookie | undefined;
  readonly state: RecordState | undefined;
}

/** A record that the store has. */
export interface Found {
  readonly record: SessionRecord;
  /** The data as JSON text, if the store has it in that form. */
  readonly data: string | undefined;
  readonly state: RecordState | undefined;
}

/** @throws TypeError if the record's cookie is unusable */
export function toKnown({ record, data, state }: Found): KnownRecord {
  // The record may have been written by other code, without a cookie.
  const { cookie = {} } = record as { cookie?: object };
  return { state, data: data ?? takeSnapshot(record).data, cookie: settingsOf(restoreCookie(cookie)) };
}

export type FoundCallback = (error?: unknown, found?: Found) => void;
export type StoredCallback = (error?: unknown, stored?: boolean) => void;

/** Calls any store. The library's own MemoryStore has a subclass of this. */
export class RecordStore {
  readonly store: AnyStore;
  readonly guarantee: Guarantee;
  /** Whether the store itself refuses to store a destroyed session again, as our MemoryStore does. */
  readonly refusesDestroyed: boolean = false;
  readonly #compareAndSet: StoreCalls['compareAndSet'];
  readonly #canKeepExpiry: boolean;
  readonly #touch: StoreCalls['touch'];
  readonly #timeout: number | undefined;

  /** @param timeout how long a call may take, in ms. Undefined: any time */
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

  /** Whether `touch` is known to move nothing but the expiry of a record that is there. */
  get touchMovesExpiryOnly(): boolean {
    return this.guarantee === 'everywhere';
  }

  /** When the record expires, if that is known without a call of the store. */
  knownExpiry?(id: string): Date | undefined;

  /** Reads a record. If there is none, `found` is undefined, without an error. Throws only what the callback throws. */
  get(id: string, callback: FoundCallback): void {
    callStoreSafely<SessionRecord | null>(
      (done) => {
        this.call(methods.get, id, (answer) => this.store.get(id, answer as never), done);
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
   * Stores a record, whether there is one or not.
   *
   * @param live the session, if it may be destroyed while the call is under way
   * @throws what the store throws before it has answered. The methods below do the same
   */
  set(id: string, contents: Contents, callback: ErrorCallback, live?: LiveSession): void {
    const record = recordOf(contents);
    const onLate = (): void => {
      this.#undo(id, live);
    };
    this.call(methods.set, id, (done) => this.store.set(id, record, done), callback, onLate);
  }

  /** Stores a record as it is, for application code. It is none of the middleware's sessions. */
  setPlain(id: string, record: SessionRecord, callback: ErrorCallback): void {
    this.call(methods.set, id, (done) => this.store.set(id, record, done), callback);
  }

  compareAndSet(id: string, contents: Contents, tag: string | null, callback: StoredCallback): void {
    const kept = this.#canKeepExpiry ? contents.kept : undefined;
    const record = recordOf(contents, kept);
    const options = { keepsExpiry: kept !== undefined };
    this.call<boolean>(
      methods.compareAndSet,
      id,
      (done) => this.#compareAndSet?.(id, record, tag, done, options),
      callback,
    );
  }

  touch(id: string, contents: Contents, callback: ErrorCallback, live?: LiveSession): void {
    const record = recordOf(contents);
    const onLate = (): void => {
      this.#undo(id, live);
    };
    this.call(methods.touch, id, (done) => this.#touch?.(id, record, done), callback, onLate);
  }

  destroy(id: string, callback: ErrorCallback): void {
    this.call(methods.destroy, id, (done) => this.store.destroy(id, done), callback);
  }

  /** Destroys a session again, because a call that was given up may have stored it after it was destroyed. */
  #undo(id: string, live: LiveSession | undefined): void {
    if (!live?.ended) return;
    callStoreSafely(
      (done) => {
        this.destroy(id, done);
      },
      () => undefined,
    );
  }

  /** @param onLate hears an answer that comes after the time was over */
  protected call<Result>(
    watched: WatchedMethod,
    id: string,
    method: (done: Answer<Result>) => unknown,
    callback: Answer<Result>,
    onLate?: () => void,
  ): void {
    // Some database clients lose the AsyncLocalStorage context of their caller.
    const context = new AsyncResource('express-session-jwt');
    const { name } = watched;
    if (!isWatched(watched)) {
      this.#callInTime(context, name, method, callback, onLate);
      return;
    }
    const run = (told: Answer<Result>): void => {
      this.#callInTime(context, name, method, told, onLate);
    };
    watchCall(watched, this.store, id, run, callback);
  }

  #callInTime<Result>(
    context: AsyncResource,
    name: StoreMethod,
    method: (done: Answer<Result>) => unknown,
    callback: Answer<Result>,
    onLate: (() => void) | undefined,
  ): void {
    const answer: Answer<Result> = (error, result) => {
      // Not AsyncResource.bind, which before Node 22 takes as long as all the rest of a request.
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
    // The timer need not keep the process alive: the connection of the response does.
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

/** The error of a record that is no object: the TypeError that express-session's users know, if it has no cookie. */
function errorOf(record: { cookie: { expires?: unknown } }): unknown {
  try {
    return record.cookie.expires;
  } catch (error) {
    return error;
  }
}

/** The object that the store gets. */
function recordOf({ session, data, isMerged, state, ...contents }: Contents, kept?: Cookie): SessionRecord {
  const cookie = kept ?? contents.cookie;
  // The cookie comes first, as in express-session.
  const members = isMerged ? { cookie, ...(JSON.parse(data) as object) } : toRecord(session);
  const record = members as object as SessionRecord;
  record.cookie = cookie as never;
  if (state) record[STATE_MEMBER] = state;
  return record;
}
