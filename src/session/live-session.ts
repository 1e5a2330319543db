/** What this process knows about one stored session, shared by all requests that have it. */
import { AsyncResource } from 'node:async_hooks';
import type { CookieSettings } from './cookie';
import type { RecordState } from './record-state';

/** A record as it was last read or written here. */
export interface KnownRecord {
  readonly state: RecordState | undefined;
  /** JSON text of the data, without cookie and state. */
  readonly data: string;
  readonly cookie: CookieSettings;
}

export class LiveSession {
  /** The newest one; undefined before the first. */
  newest: KnownRecord | undefined;
  /** Why no request may store it again; undefined: it lives. */
  ended: 'destroyed' | 'regenerated' | undefined;
  /** Whether the store has answered the `destroy`. A record that is read after that is another session's. */
  isOver = false;
  /** Counts writes: a record that was read while one was under way may be older than what is known. */
  writes = 0;
  #isBusy = false;
  readonly #waiting: (() => void)[] = [];

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /**
   * Runs store work of this session, one after the other: two writes never overtake each other, and a touch never brings back
   * what a write has replaced.
   *
   * @param work calls `release` once it is done
   * @param fail hears what `work` throws if it had to wait; else that is thrown here
   */
  run(work: (release: () => void) => void, fail: (error: unknown) => void): void {
    if (this.#isBusy) {
      // Not AsyncResource.bind: what it returns has getters of its own, by which V8 keeps the whole request until it collects
      // old objects.
      const context = new AsyncResource('express-session-jwt');
      const begin = (): void => {
        const told = { isDone: false };
        try {
          this.#start((release) => {
            work(() => {
              told.isDone = true;
              release();
            });
          });
        } catch (error) {
          // Of whoever was told the answer: that is not the store's error.
          if (told.isDone) throw error;
          fail(error);
        }
      };
      this.#waiting.push(() => {
        context.runInAsyncScope(begin);
      });
      return;
    }
    this.#start(work);
  }

  /** @throws what `work` throws */
  #start(work: (release: () => void) => void): void {
    this.#isBusy = true;
    let isDone = false;
    const release = (): void => {
      if (isDone) return;
      isDone = true;
      const next = this.#waiting.shift();
      // In a turn of its own: what it throws is nothing to whoever was told here.
      if (next) setImmediate(next);
      else this.#isBusy = false;
    };
    try {
      work(release);
    } catch (error) {
      release();
      throw error;
    }
  }
}
