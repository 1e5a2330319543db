import { successorIn } from './forwarding';
import type { Liveness } from './liveness';
import { Records, type WriteCallback } from './store/records';
import type { Session } from './session/session';
import { toRecord } from './session/snapshot';
import { callStoreSafely, isMissing } from './store/store-call';
import type { ErrorCallback, SessionRecord } from './types';

type FoundCallback = (error: unknown, storedId: string) => void;

/** So many tokens in a row are followed: more than a session gets while one of them still leads on. */
export const MAX_STEPS = 16;

/**
 * A request may have loaded a session under a token that another request, here or in another process, has replaced by
 * now (replacement.ts). What it stores, renews or destroys is then the session under the new token; stored under the old
 * one it would live twice. Only asked of the store where a token is old enough to have been replaced.
 */
export class FollowingRecords extends Records {
  override write(...[storedId, session, text, callback]: Parameters<Records['write']>): void {
    const liveness = this.livenessOf(storedId);
    const { predecessor } = liveness;
    if (predecessor && mayHaveMoved(predecessor.liveness)) {
      this.#later(predecessor.id, session, callback, (id, record, done) => {
        liveness.predecessor = { ...predecessor, id, liveness: this.livenessOf(id) };
        super.write(storedId, record, undefined, done);
      });
    } else if (mayHaveMoved(liveness)) {
      this.#later(storedId, session, callback, (id, record, done) => {
        super.write(id, record, undefined, done);
      });
    } else super.write(storedId, session, text, callback);
  }

  override renew(storedId: string, session: SessionRecord | Session, callback: ErrorCallback): void {
    if (!mayHaveMoved(this.livenessOf(storedId))) {
      super.renew(storedId, session, callback);
      return;
    }
    this.#later(storedId, session, callback, (id, record, done) => {
      super.renew(id, record, done);
    });
  }

  override remove(storedId: string, callback: ErrorCallback): void {
    const liveness = this.knownLiveness(storedId);
    if (!liveness || !mayHaveMoved(liveness)) {
      super.remove(storedId, callback);
      return;
    }
    liveness.destroyed = true;
    this.#find(storedId, (error, id) => {
      callStoreSafely(
        (done) => {
          super.remove(id, done);
        },
        id === storedId
          ? callback
          : (failed) => {
              super.remove(storedId, (late) => {
                callback(error ?? failed ?? late);
              });
            },
      );
    });
  }

  /** What is done now is done to the session as it is now: the handler may go on changing it. */
  #later(
    storedId: string,
    session: SessionRecord | Session,
    callback: WriteCallback,
    use: (storedId: string, record: SessionRecord, done: WriteCallback) => void,
  ): void {
    const record = toRecord(session);
    this.#find(storedId, (error, id) => {
      if (error) {
        callback(error, false);
        return;
      }
      if (id !== storedId) this.livenessOf(id).isStored = true;
      callStoreSafely((done: WriteCallback) => {
        use(id, record, done);
      }, callback);
    });
  }

  /** Where the session of this id is now. */
  #find(storedId: string, callback: FoundCallback, steps = 0): void {
    this.read(storedId, (error, record) => {
      const successor = error ? undefined : successorIn(record);
      if (successor && steps < MAX_STEPS) this.#find(successor.id, callback, steps + 1);
      else callback(isMissing(error) ? undefined : error, storedId);
    });
  }
}

function mayHaveMoved(liveness: Liveness | undefined): boolean {
  return liveness?.mayMoveFrom !== undefined && liveness.mayMoveFrom <= Date.now();
}
