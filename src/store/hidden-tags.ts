/** Finds out whether a store can see the tags in its records. It cannot if it compresses or encrypts them. */
import { randomBytes } from 'node:crypto';
import { Cookie } from '../session/cookie';
import { firstState } from '../session/record-state';
import type { RecordStore } from './record-store';
import { callStoreSafely } from './store-call';

/** In ms. If the process crashes meanwhile, the record expires by itself. */
const LIFETIME = 60_000;

/** The code by which an adapter says that the store's engine cannot compare. */
const UNSUPPORTED = 'ERR_COMPARE_AND_SET_UNSUPPORTED';

export function isUnsupported(error: unknown): boolean {
  return (error as { code?: unknown } | null | undefined)?.code === UNSUPPORTED;
}

/** Stores a probe record, compares its tag, and destroys it. */
export function hidesTags(records: RecordStore, callback: (error: unknown, isHidden: boolean) => void): void {
  const id = randomBytes(24).toString('base64url');
  const state = firstState();
  const contents = {
    session: {},
    data: '{}',
    isMerged: false,
    cookie: new Cookie({ maxAge: LIFETIME }),
    state,
  };
  const finish = (error: unknown, isHidden: boolean): void => {
    callStoreSafely(
      (done) => {
        records.destroy(id, done);
      },
      () => {
        callback(error, isHidden);
      },
    );
  };
  callStoreSafely(
    (done) => {
      records.set(id, contents, done);
    },
    (failed) => {
      if (failed) {
        callback(failed, false);
        return;
      }
      callStoreSafely<boolean>(
        (done) => {
          records.compareAndSet(id, contents, state.tag, done);
        },
        (error, stored) => {
          finish(error, stored !== true);
        },
      );
    },
  );
}
