/** What this process knows about one stored session. All requests that have the session share it. */
import { AsyncResource } from 'node:async_hooks';
import type { CookieSettings } from './cookie';
import type { RecordState } from './record-state';

/** A record as this process has read or written it last. */
export interface KnownRecord {
  readonly state: RecordState | undefined;
  /** The data as JSON text, without cookie and state. */
  readonly data: string;
  readonly cookie: CookieSettings;
}

export class LiveSession {
  /** The newest record. Undefined before the first read or write. */
  newest: KnownRecord | undefined;
  /** Why no request may store the session again. Undefined: it lives. */
  ended: 'destroyed' | 'regenerated' | undefined;
  /** Whether the store has answered the `destroy`. A record that is read later belongs to another session. */
  isOver = false;
  /** Counts writes. If one was under way while a record was read, the record may be older than `newest`. */
  writes = 0;
  /** The touch that waits at the end of the queue. Later touches join it. Undefined: none is there. */
  waitingTouch: object | undefined;
  #isBusy = false;
  readonly #waiting: (() => void)[] = [];

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /**
   * Runs the store work of this session, one after the other. So two writes never overtake each other, and a touch never brings
   * back a record that a write has replaced.
   *
   * @param work calls `release` when it is done
   * @param fail hears what `work` throws if it had to wait. If it had not, this method throws it
   */
  run(work: (release: () => void) => void, fail: (error: unknown) => void): void {
    if (this.#isBusy) {
      this.waitingTouch = undefined;
      // Not AsyncResource.bind. The function that it returns has own getters, which make V8 keep the whole request until it
      // collects old objects.
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
          // The work was done, so its callback has thrown, and not the store.
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
      // In a later turn, so that what it throws does not reach the caller of `release`.
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
