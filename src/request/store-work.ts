/** The work on the store at a response: a write, a touch, or a second read of the record. */
import { debug } from '../diagnostics';
import type { LiveSession } from '../session/live-session';
import type { SessionState } from '../session/session-state';
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

/** Runs work that no response waits for. With `saveErrors: 'late'` it throws what the store throws at once. */
export function runMeanwhile(context: RequestContext, work: Work): void {
  const done: Done = (error) => {
    if (error) context.reportLate(error);
  };
  if (context.config.saveErrors === 'late') work(done);
  else callStoreSafely(work, done);
}

/** What a plan needs of the store. */
export interface NeededWork {
  readonly run: Work;
  /**
   * Whether the response waits for it. A response without a cookie does not wait for a touch that moves the expiry only: the
   * client learns nothing from it, and would wait for a second round trip to the store. Where a touch may write the whole
   * record it does wait. Otherwise the touch could bring back what the client's next request destroys in another process.
   */
  readonly holdsResponse: boolean;
}

/** The work that a plan needs. Undefined: none. */
export function workFor(context: RequestContext, plan: Plan, observed: Observed): NeededWork | undefined {
  const { repository, config } = context;
  const { state } = observed;
  if (plan.store === 'save') {
    const save: Work = (done) => {
      storeSession(context, observed, plan.rotation, (error) => {
        // A session that has ended is not lost here: its state says that it has ended.
        done(error, Boolean(error));
      });
    };
    return { run: save, holdsResponse: true };
  }
  const touched = plan.store === 'touch' ? state.live : undefined;
  const touch: Work | undefined =
    touched &&
    ((done) => {
      renew(context, observed, touched, done);
    });
  // The record is read again, so that a slow request does not overwrite the cookie of a login that came in between.
  if (plan.outgoing && !state.mustSend && state.isStored && repository.canCompare)
    return { run: withLook(context, state, touch), holdsResponse: true };
  const holdsResponse = plan.outgoing !== undefined || config.awaitTouch || !repository.touchMovesExpiryOnly;
  return touch && { run: touch, holdsResponse };
}

/** Reads the record once more, at the same time as the touch. */
function withLook({ repository }: RequestContext, state: SessionState, touch: Work | undefined): Work {
  return (done) => {
    let waitsFor = touch ? 2 : 1;
    let isLost = false;
    let error: unknown;
    const finishOne = (failure: unknown): void => {
      error ??= failure || undefined;
      waitsFor -= 1;
      if (waitsFor === 0) done(error, isLost);
    };
    touch?.(finishOne);
    repository.look(state.id.require(), state.generation, (failure, isCurrent) => {
      isLost = !isCurrent;
      finishOne(failure);
    });
  };
}

function renew(
  { repository }: RequestContext,
  { state, source: session, cookie, now }: Observed,
  live: LiveSession,
  done: Done,
): void {
  const { generation } = state;
  const { data } = now.snapshot;
  repository.touch(state.id.require(), live, { session, data, cookie, generation }, done);
}
