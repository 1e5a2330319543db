/** Finishes a response: the session is stored first, then the token is set, then the bytes leave. */
import { abandonBody } from '../http/abandoned-body';
import type { HeldResponse, Hold } from '../http/held-response';
import { IssueError } from '../keys/key-ring';
import type { RequestContext } from './context';
import { deliver } from './deliver';
import { destroySession } from './destroy';
import { type Moment, observe, type Observed } from './observe';
import { makePlan, type Plan } from './plan';
import { BegunWork, runMeanwhile, workFor } from './store-work';

/**
 * Called when the headers of a stream are due, and when the response ends.
 *
 * @returns the work that has to be done before more bytes leave
 * @throws TypeError if `req.session` is no session or cannot be expressed in JSON, and what the store throws at once
 */
export function finish(context: RequestContext, moment: Moment): Hold | undefined {
  if (moment === 'end') context.current.isTouched = false;
  const observed = observe(context, moment);
  if (!context.isBusy) return settle(context, moment, observed);
  // The handler or the headers have begun work on the store that is still under way. Later changes of this session do not
  // count, unless another session replaces it meanwhile.
  const { session } = context.req;
  const begun = observed?.state.begun;
  return (held) => {
    context.whenIdle(() => {
      try {
        const same = context.req.session === session ? observed : undefined;
        // If the handler has called `save()` meanwhile, that is newer than what the end has seen.
        const then = same && same.state.begun !== begun ? same.state.begun : same?.now.snapshot;
        const hold = settle(context, moment, observe(context, moment, then));
        if (hold) hold(held);
        else held.send();
      } catch (error) {
        fail(context, held, error);
      }
    });
  };
}

function settle(context: RequestContext, moment: Moment, observed: Observed | undefined): Hold | undefined {
  if (!observed) return settleWithout(context, moment);
  let plan: Plan;
  try {
    plan = makePlan(context, observed, moment);
  } catch (error) {
    if (!(error instanceof IssueError)) throw error;
    observed.state.hasEnded = true;
    if (moment !== 'headers') {
      return (held) => {
        fail(context, held, error);
      };
    }
    // The handler has begun to write, so no error page can replace the response.
    context.headersAreOut = true;
    context.reportLate(error);
    return undefined;
  }
  context.headersAreOut = true;
  if (plan.error !== undefined) {
    observed.state.hasEnded = true;
    context.reportLate(plan.error);
  }
  const sendNow: Hold = (held) => {
    sendWith(held, moment, () => {
      deliver(context, plan, observed, false);
    });
  };
  const work = workFor(context, plan, observed);
  if (!work) return sendNow;
  if (moment === 'headers') observed.state.headersWrittenAt = performance.now();
  if (!work.holdsResponse) {
    runMeanwhile(context, work.run);
    return sendNow;
  }
  const begun = new BegunWork(context, moment, work.run);
  return (held) => {
    begun.whenDone((error, isLost) => {
      try {
        conclude(context, moment, plan, observed, error, isLost === true, held);
      } catch (thrown) {
        // The call of `end` or `write` has returned, so the error cannot be thrown to the handler.
        fail(context, held, thrown);
      }
    });
  };
}

/** Finishes a response whose session the application has taken off the request. */
function settleWithout(context: RequestContext, moment: Moment): Hold | undefined {
  const { config, req } = context;
  context.headersAreOut = true;
  const id: unknown = context.supersededId ?? req.sessionID;
  const isRemoved = !(req.session as unknown) && config.unset === 'destroy' && moment !== 'headers';
  // Without a usable id the session was never stored.
  if (!isRemoved || typeof id !== 'string' || id === '') {
    return undefined;
  }
  const begun = new BegunWork(context, moment, (done) => {
    destroySession(context, id, 'destroyed', done);
  });
  return (held) => {
    begun.whenDone((error) => {
      if (error && respond(context, moment, held, error)) return;
      if (error) context.reportLate(error);
      held.send();
    });
  };
}

function conclude(
  context: RequestContext,
  moment: Moment,
  plan: Plan,
  observed: Observed,
  error: unknown,
  isLost: boolean,
  held: HeldResponse,
): void {
  const { state } = observed;
  const isUnsaved = Boolean(error) && plan.store === 'save' && !state.mustSend;
  if (isUnsaved && respond(context, moment, held, error)) return;
  if (error) context.reportLate(error);
  if (isUnsaved && moment === 'headers' && plan.outgoing) {
    // The bytes are of no use without the token, and the token is of no use without a stored session.
    held.destroy();
    return;
  }
  sendWith(held, moment, () => {
    deliver(context, plan, observed, isLost);
  });
}

/** Lets the response leave. Headers can be set only in the callback, right before they leave. */
function sendWith(held: HeldResponse, moment: Moment, setHeaders: () => void): void {
  held.send(moment === 'end' ? undefined : setHeaders);
}

/** With `saveErrors: 'respond'` the application's error handler answers, if nothing has left. Returns whether it does. */
function respond(context: RequestContext, moment: Moment, held: HeldResponse, error: unknown): boolean {
  if (context.config.saveErrors !== 'respond' || moment !== 'whole' || !held.discard()) return false;
  abandonBody(context.res);
  context.next(error);
  return true;
}

/** Replaces the response by the application's error page. If something has left already the error is reported late. */
function fail(context: RequestContext, held: HeldResponse, error: unknown): void {
  // Node may refuse a held response only when it is released. Then it can no longer be dropped.
  if (!held.discard() && context.res.headersSent) {
    context.reportLate(error);
    return;
  }
  setImmediate(() => {
    if (!context.res.headersSent) abandonBody(context.res);
    context.next(error);
  });
}
