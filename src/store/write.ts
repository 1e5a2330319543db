/** Writes a session that is in the store already, from the first try to the outcome. */
import { type Cookie, settingsOf } from '../session/cookie';
import type { KnownRecord, LiveSession } from '../session/live-session';
import { mergeData } from '../session/merge';
import { firstState, generationOf, newTag, nextGeneration, type RecordState } from '../session/record-state';
import { SessionError } from '../errors';
import { hidesTags, isUnsupported } from './hidden-tags';
import { type Contents, type Found, type RecordStore, toKnown } from './record-store';
import { callStore, callStoreSafely } from './store-call';

/**
 * How a write ended. Only after `stored` the store has the change.
 *
 * gone: the session was destroyed meanwhile.
 * refused: the same, but our MemoryStore was called all the same, and the response goes its usual way.
 * superseded: the generation has ended.
 */
export type Outcome = 'stored' | 'gone' | 'refused' | 'superseded';

/** `state` is the stored state. After an error nobody knows what the store has. */
export type WriteCallback = (error?: unknown, outcome?: Outcome, state?: RecordState) => void;

/** The change that a request wants to store. It has loaded or stored the session before. */
export interface Change {
  readonly session: object;
  /** The data as JSON text. */
  readonly data: string;
  /** The cookie with a new expiry. */
  readonly cookie: Cookie;
  /** The cookie as it was loaded, if the stored expiry has to stay. Used only if the store can do that. */
  readonly kept?: Cookie | undefined;
  /** The generation of the request. */
  readonly generation: number;
  /** Whether the next generation begins with this write. */
  readonly rotates: boolean;
  /** With `merge`, the data that the request began with or has stored last, as JSON text. Changes by others since then stay. */
  readonly mergeBase: string | undefined;
  /** The value of `adopted` for a record of express-session. Undefined: the record gets no state. */
  readonly adopted: RecordState['adopted'];
}

/** The session and the store of a write. */
export interface WriteTarget {
  readonly id: string;
  readonly live: LiveSession;
  readonly records: RecordStore;
  readonly canCompare: boolean;
  /** Called if the store turns out to have no `compareAndSet` that works. */
  stopComparing(): void;
}

/** One try with the known tag, and one with the tag that is found. With `merge` each write of others changes the tag. */
const MAX_TRIES = 2;
const MAX_TRIES_OF_MERGE = 8;

/** The longest pause between two tries of a merge, in ms. */
const MAX_PAUSE = 20;

type Call = typeof callStore;

export class Write {
  readonly #target: WriteTarget;
  readonly #change: Change;
  readonly #answer: WriteCallback;
  #tries = 0;
  #hasRepeated = false;
  #tagWasSeen = false;
  #isRefused = false;

  constructor(target: WriteTarget, change: Change, answer: WriteCallback) {
    this.#target = target;
    this.#change = change;
    this.#answer = answer;
  }

  /** @throws what the store throws before it has answered */
  begin(): void {
    const { live, records } = this.#target;
    // Our MemoryStore is called for a destroyed session as well, and refuses by itself.
    this.#isRefused = live.ended === 'destroyed' && records.refusesDestroyed && !this.#change.rotates;
    if (live.ended && !this.#isRefused) this.#answer(null, 'gone');
    else this.#try(callStore);
  }

  #try(call: Call): void {
    const { newest } = this.#target.live;
    const change = this.#change;
    if (generationOf(newest) !== change.generation || isOfOthers(newest?.state, change)) {
      this.#answer(null, 'superseded');
      return;
    }
    if (this.#tries === (change.mergeBase === undefined ? MAX_TRIES : MAX_TRIES_OF_MERGE)) {
      const message = 'the session was not stored: other requests have changed it each time';
      this.#answer(new SessionError('ERR_SESSION_WRITE_CONFLICT', message));
      return;
    }
    this.#tries += 1;
    const isMerged = change.mergeBase !== undefined && !change.rotates && newest !== undefined;
    const data = isMerged ? mergeData(change.mergeBase, change.data, newest.data) : change.data;
    const contents: Contents = {
      session: change.session,
      data,
      isMerged: data !== change.data,
      cookie: change.cookie,
      kept: change.kept,
      state: this.#nextState(newest?.state),
    };
    // A write that changes the tag is repeated after any error, so an error that is thrown must come to `#repeat` as well.
    this.#put(contents, newest?.state, hasOwnTag(contents, newest?.state) ? callStoreSafely : call);
  }

  /** Makes the new state from the newest one that is known, never from the one that the request has loaded. */
  #nextState(state: RecordState | undefined): RecordState | undefined {
    const { adopted, rotates, mergeBase } = this.#change;
    if (!state && adopted === undefined) return undefined;
    const current = state ?? firstState(adopted);
    if (rotates) return nextGeneration(current);
    return state && mergeBase !== undefined ? { ...state, tag: newTag() } : current;
  }

  #put(contents: Contents, expected: RecordState | undefined, call: Call): void {
    const { id, records, canCompare } = this.#target;
    if (!canCompare) {
      this.#set(contents, expected, call);
      return;
    }
    call<boolean>(
      (done) => {
        records.compareAndSet(id, contents, expected?.tag ?? null, done);
      },
      (error, stored) => {
        if (isUnsupported(error)) {
          this.#target.stopComparing();
          this.#set(contents, expected, callStoreSafely);
        } else if (error) this.#repeat(error, contents, expected);
        else if (stored === true) this.#finish(contents);
        // Refused, or the answer is no boolean.
        else this.#lookAgain(contents, expected);
      },
    );
  }

  #set(contents: Contents, expected: RecordState | undefined, call: Call): void {
    const { id, live, records } = this.#target;
    call(
      (done) => {
        records.set(id, contents, done, live);
      },
      (error) => {
        if (error) this.#repeat(error, contents, expected);
        else this.#finish(contents);
      },
    );
  }

  /**
   * Repeats a write that changes the tag, once. The error does not prove that nothing was stored. If the first write was stored,
   * the repeated one is refused, and the record has our tag.
   */
  #repeat(error: unknown, contents: Contents, expected: RecordState | undefined): void {
    if (this.#hasRepeated || !hasOwnTag(contents, expected)) {
      this.#answer(error);
      return;
    }
    this.#hasRepeated = true;
    this.#put(contents, expected, callStoreSafely);
  }

  #finish({ state, data, cookie }: Contents): void {
    const { live } = this.#target;
    if (this.#isRefused) {
      this.#answer(null, 'refused');
      return;
    }
    live.writes += 1;
    live.newest = { state, data, cookie: settingsOf(cookie) };
    this.#answer(null, 'stored', state);
  }

  /** Reads the record to find out why the store has refused. */
  #lookAgain(contents: Contents, expected: RecordState | undefined): void {
    const { id, records } = this.#target;
    records.get(id, (error, found) => {
      if (error) this.#answer(error);
      else if (!found) this.#end();
      else if (hasOwnTag(contents, expected) && found.state?.tag === contents.state?.tag)
        this.#finish(contents);
      else this.#continue(found, contents, expected);
    });
  }

  #continue(found: Found, contents: Contents, expected: RecordState | undefined): void {
    const { live } = this.#target;
    const { mergeBase } = this.#change;
    let known: KnownRecord;
    try {
      known = toKnown(found);
    } catch (unreadable) {
      this.#answer(unreadable);
      return;
    }
    if (found.state?.tag === expected?.tag) {
      // Old data of the application may have a member `__session`. It is replaced now.
      if (!expected) this.#set(contents, expected, callStoreSafely);
      else if (this.#tagWasSeen) this.#end();
      else this.#probe(contents, expected);
      return;
    }
    live.writes += 1;
    live.newest = known;
    if (mergeBase === undefined) this.#try(callStoreSafely);
    else
      setTimeout(() => {
        this.#try(callStoreSafely);
      }, Math.random() * MAX_PAUSE);
  }

  /** The record has the expected tag, and was refused all the same. Finds out whether the store hides its tags. */
  #probe(contents: Contents, expected: RecordState): void {
    hidesTags(this.#target.records, (error, isHidden) => {
      if (error) this.#answer(error);
      else if (isHidden) {
        this.#target.stopComparing();
        this.#set(contents, expected, callStoreSafely);
      } else {
        this.#tagWasSeen = true;
        this.#put(contents, expected, callStoreSafely);
      }
    });
  }

  #end(): void {
    const { live } = this.#target;
    live.ended ??= 'destroyed';
    live.isOver = true;
    this.#answer(null, 'gone');
  }
}

/** Whether a write changes the tag. Only then the tag in the record shows who has written it. */
function hasOwnTag({ state }: Contents, expected: RecordState | undefined): boolean {
  return state?.tag !== expected?.tag;
}

/** Whether the record belongs to another tenant by now. */
function isOfOthers(state: RecordState | undefined, { adopted }: Change): boolean {
  return state?.adopted !== undefined && adopted !== undefined && state.adopted !== adopted;
}
