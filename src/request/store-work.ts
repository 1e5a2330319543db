/** The work on the store that a response waits for: a write, a touch, or a second read of the record. */
import { debug } from '../diagnostics';
import type { LiveSession } from '../session/live-session';
import { callStoreSafely } from '../store/store-call';
import type { RequestContext } from './context';
import type { Moment, Observed } from './observe';
import type { Plan } from './plan';
import { storeSession } from './store-session';

/**
 * Hears that the work is done.
 *
 * @param isLost whether no cookie may be sent: the session was destroyed or rotated meanwhile, or the store has failed
 */
export type Done = (error?: unknown, isLost?: boolean) => void;

export type Work = (done: Done) => void;

/** Work that has begun, and remembers its result for whoever asks later. */
export class BegunWork {
  #hasResult = false;
  #error: unknown;
  #isLost: boolean | undefined;
  #waiting: Done | undefined;

  /** Starts the work now, so that `end` throws what the store throws at once. */
  constructor(context: RequestContext, moment: Moment, work: Work) {
    const answered: Done = (error, isLost) => {
      this.#hasResult = true;
      this.#error = error;
      this.#isLost = isLost;
      this.#waiting?.(error, isLost);
    };
    // If `end` comes meanwhile, it has to wait until the write of the headers is done.
    const done = moment === 'headers' ? context.track(answered) : answered;
    if (context.config.saveErrors === 'late' && moment !== 'headers') work(done);
    else {
      callStoreSafely(
        (callback: Done) => {
          work((error, isLost = false) => {
            callback(error, isLost);
          });
        },
        (error, isLost = true) => {
          done(error, isLost);
        },
      );
    }
  }

  whenDone(callback: Done): void {
    if (this.#hasResult) callback(this.#error, this.#isLost);
    else {
      debug('split response: holding it until the store has answered');
      this.#waiting = callback;
    }
  }
}

/** The work that a plan needs. Undefined: there is nothing to wait for. */
export function workFor(context: RequestContext, plan: Plan, observed: Observed): Work | undefined {
  const { repository } = context;
  const { state } = observed;
  if (plan.store === 'save') {
    return (done) => {
      storeSession(context, observed, plan.rotation, (error) => {
        // A session that has ended is not lost here: its state says that it has ended.
        done(error, Boolean(error));
      });
    };
  }
  // The record is read again, so that a slow request does not overwrite the cookie of a login that came in between.
  const looks = plan.outgoing !== undefined && !state.mustSend && state.isStored && repository.canCompare;
  const touched = plan.store === 'touch' ? state.live : undefined;
  if (!looks) {
    return (
      touched &&
      ((done) => {
        touch(context, observed, touched, done);
      })
    );
  }
  return (done) => {
    let waitsFor = touched ? 2 : 1;
    let isLost = false;
    let error: unknown;
    const finishOne = (failure: unknown): void => {
      error ??= failure || undefined;
      waitsFor -= 1;
      if (waitsFor === 0) done(error, isLost);
    };
    if (touched) touch(context, observed, touched, finishOne);
    repository.look(state.id.require(), state.generation, (failure, isCurrent) => {
      isLost = !isCurrent;
      finishOne(failure);
    });
  };
}

function touch(
  { repository }: RequestContext,
  { state, source: session, cookie, now }: Observed,
  live: LiveSession,
  done: Done,
): void {
  const { generation } = state;
  const { data } = now.snapshot;
  repository.touch(state.id.require(), live, { session, data, cookie, generation }, done);
}
