/** Renews the expiry of a stored session. Touches that would wait one behind the other are one call of the store. */
import { AsyncResource } from 'node:async_hooks';
import { trace } from '../diagnostics';
import { Cookie, sameSettings } from '../session/cookie';
import type { KnownRecord, LiveSession } from '../session/live-session';
import { generationOf } from '../session/record-state';
import type { ErrorCallback } from '../types';
import type { Contents, RecordStore } from './record-store';
import type { Change } from './write';

/** What a touch needs. */
export type Touch = Pick<Change, 'session' | 'data' | 'cookie' | 'generation'>;

export interface TouchTarget {
  readonly id: string;
  readonly live: LiveSession;
  readonly records: RecordStore;
}

/**
 * Some stores rewrite the whole record for a touch, so they get the newest one, not what this request loaded.
 *
 * @throws what the store throws at once
 */
export function touchSession(target: TouchTarget, touch: Touch, callback: ErrorCallback): void {
  const { waitingTouch } = target.live;
  const isJoined = waitingTouch instanceof PendingTouch && waitingTouch.join(touch, callback);
  if (!isJoined) new PendingTouch(target, touch, callback).begin();
}

class PendingTouch {
  readonly #target: TouchTarget;
  readonly #callback: ErrorCallback;
  #touch: Touch;
  #hasBegun = false;
  #joined: { readonly context: AsyncResource; readonly callback: ErrorCallback }[] | undefined;

  constructor(target: TouchTarget, touch: Touch, callback: ErrorCallback) {
    this.#target = target;
    this.#touch = touch;
    this.#callback = callback;
  }

  begin(): void {
    const { live } = this.#target;
    live.run(
      (release) => {
        this.#run(release);
      },
      (error) => {
        this.#answer(error);
      },
    );
    if (!this.#hasBegun) live.waitingTouch = this;
  }

  /** Takes a later touch in, whose expiry is newer. Twenty requests of one browser at once cause two calls, not twenty. */
  join(touch: Touch, callback: ErrorCallback): boolean {
    if (touch.generation !== this.#touch.generation) return false;
    this.#touch = touch;
    (this.#joined ??= []).push({ context: new AsyncResource('express-session-jwt'), callback });
    return true;
  }

  #run(release: () => void): void {
    const { id, live, records } = this.#target;
    const { newest } = live;
    const touch = this.#touch;
    this.#hasBegun = true;
    if (live.waitingTouch === this) live.waitingTouch = undefined;
    const isOver = live.ended !== undefined && !records.refusesDestroyed;
    if (isOver || generationOf(newest) !== touch.generation) {
      release();
      this.#answer();
      return;
    }
    const touched: ErrorCallback = (error) => {
      if (!error) trace('touched %s', id);
      release();
      this.#answer(error);
    };
    records.touch(id, contentsOf(touch, newest), touched, live);
  }

  #answer(error?: unknown): void {
    // Each in a turn and an AsyncLocalStorage context of its own, as if it had called the store by itself.
    for (const { context, callback } of this.#joined ?? []) {
      setImmediate(() => {
        context.runInAsyncScope(callback, undefined, error);
      });
    }
    this.#callback(error);
  }
}

function contentsOf({ session, data, cookie }: Touch, newest: KnownRecord | undefined): Contents {
  const state = newest?.state;
  if (!newest || newest.data === data) return { session, data, isMerged: false, cookie, state };
  if (sameSettings(newest.cookie, cookie)) {
    return { session, data: newest.data, isMerged: true, cookie, state };
  }
  const renewed = new Cookie(newest.cookie);
  renewed.maxAge = renewed.originalMaxAge;
  return { session, data: newest.data, isMerged: true, cookie: renewed, state };
}
