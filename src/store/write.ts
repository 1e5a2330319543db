/** One write of a session that was loaded: from its first try to its outcome. */
import { type Cookie, restoreCookie, settingsOf } from '../session/cookie';
import type { KnownRecord, LiveSession } from '../session/live-session';
import { mergeData } from '../session/merge';
import { firstState, generationOf, newTag, nextGeneration, type RecordState } from '../session/record-state';
import { takeSnapshot } from '../session/snapshot';
import { SessionError } from '../errors';
import { hidesTags, isUnsupported } from './hidden-tags';
import type { Contents, Found, RecordStore } from './record-store';
import { callStore, callStoreSafely } from './store-call';

/**
 * How a write ended. gone: the session was destroyed meanwhile. refused: likewise, but the own MemoryStore was asked all the
 * same, and the response goes its usual way. superseded: its generation has ended. In all these cases nothing was stored.
 */
export type Outcome = 'stored' | 'gone' | 'refused' | 'superseded';

/** `state`: what the record has now. An error says nothing of what is in the store. */
export type WriteCallback = (error?: unknown, outcome?: Outcome, state?: RecordState) => void;

/** What a request wants to store for a session that it has loaded or stored before. */
export interface Change {
  readonly session: object;
  /** JSON text of its data. */
  readonly data: string;
  /** Its expiry is reset. */
  readonly cookie: Cookie;
  /** The cookie as it was loaded, where the stored expiry is to stay, if the store can do that. */
  readonly kept?: Cookie | undefined;
  /** The generation that the request has. */
  readonly generation: number;
  /** Whether the next generation begins with this write. */
  readonly rotates: boolean;
  /** JSON text of the data that the request began with or has stored last: what others have changed since is kept. */
  readonly mergeBase: string | undefined;
  /** What the state of a record of express-session says from now on; undefined: it stays without. */
  readonly adopted: RecordState['adopted'];
}

/** What a write is made on. */
export interface WriteTarget {
  readonly id: string;
  readonly live: LiveSession;
  readonly records: RecordStore;
  readonly canCompare: boolean;
  /** The store turned out to be one without compareAndSet. */
  stopComparing(): void;
}

/** One with the tag that is known, and one with the tag that was found. With merging other requests write all the time. */
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
    // The own MemoryStore refuses by itself what was destroyed.
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
    // What is thrown proves nothing either: where tokens depend on it, it is an error as any other.
    this.#put(contents, newest?.state, hasOwnTag(contents, newest?.state) ? callStoreSafely : call);
  }

  /** The state always comes from the stored record, never from what the request had loaded. */
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
        // Refused, or it is not clear what the store wants to say.
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

  /** An error proves nothing: where tokens depend on it the same write is made once more, and then its tag is looked for. */
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

  /** The store has refused. */
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
      // Old data may have a member of that name: it is replaced now.
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

/** Only then the tag that is found tells who has written the record. */
function hasOwnTag({ state }: Contents, expected: RecordState | undefined): boolean {
  return state?.tag !== expected?.tag;
}

/** @throws TypeError if its cookie is none */
function toKnown({ record, data, state }: Found): KnownRecord {
  // Somebody may have put a record there that has no cookie.
  const { cookie = {} } = record as { cookie?: object };
  return { state, data: data ?? takeSnapshot(record).data, cookie: settingsOf(restoreCookie(cookie)) };
}

/** Whether another tenant has adopted the record meanwhile. */
function isOfOthers(state: RecordState | undefined, { adopted }: Change): boolean {
  return state?.adopted !== undefined && adopted !== undefined && state.adopted !== adopted;
}
