/** Carries out what was decided: the store's part first, then the token, then the bytes leave. */
import { abandonBody } from '../http/abandoned-body';
import type { HeldResponse, Hold } from '../http/held-response';
import { IssueError } from '../keys/key-ring';
import { expireCookie } from './clear-cookie';
import type { RequestContext } from './context';
import { deliver } from './deliver';
import { type Moment, observe, type Observed } from './observe';
import { makePlan, type Plan } from './plan';
import { BegunWork, workFor } from './store-work';

/**
 * Called when the headers of a stream are due, and when the response ends.
 *
 * @returns what has to be done before more may leave
 * @throws TypeError if `req.session` is no session or cannot be expressed in JSON, and what the store throws at once
 */
export function finish(context: RequestContext, moment: Moment): Hold | undefined {
  if (moment === 'end') context.current.isTouched = false;
  const observed = observe(context, moment);
  if (!context.isBusy) return settle(context, moment, observed);
  // Store work of the handler, or that of the headers, is still under way. What the session is now counts, unless it is
  // replaced by then.
  const { session } = context.req;
  const begun = observed?.state.begun;
  return (held) => {
    context.whenIdle(() => {
      try {
        const same = context.req.session === session ? observed : undefined;
        // What was saved on purpose after the end is newer than what the end has seen.
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
    // A handler that is writing goes on to write: no error page can take the place of that.
    context.headersAreOut = true;
    context.reportLate(error);
    return undefined;
  }
  context.headersAreOut = true;
  if (plan.error !== undefined) {
    observed.state.hasEnded = true;
    context.reportLate(plan.error);
  }
  const work = workFor(context, plan, observed);
  if (!work) {
    return (held) => {
      sendWith(held, moment, () => {
        deliver(context, plan, observed, false);
      });
    };
  }
  if (moment === 'headers') observed.state.headersWrittenAt = performance.now();
  const begun = new BegunWork(context, moment, work);
  return (held) => {
    begun.whenDone((error, isLost) => {
      try {
        conclude(context, moment, plan, observed, error, isLost === true, held);
      } catch (thrown) {
        // Of what the response was to do: nobody's call is left for it to come out of.
        fail(context, held, thrown);
      }
    });
  };
}

/** The application has taken the session off the request. */
function settleWithout(context: RequestContext, moment: Moment): Hold | undefined {
  const { config, req, repository } = context;
  context.headersAreOut = true;
  const id: unknown = context.supersededId ?? req.sessionID;
  const isRemoved = !(req.session as unknown) && config.unset === 'destroy' && moment !== 'headers';
  // Without a usable id the session was never stored.
  if (!isRemoved || typeof id !== 'string' || id === '') {
    return (held) => {
      sendWith(held, moment, () => {
        expireCookie(context);
      });
    };
  }
  const begun = new BegunWork(context, moment, (done) => {
    repository.destroy(id, 'destroyed', done);
  });
  return (held) => {
    begun.whenDone((error) => {
      if (error && respond(context, moment, held, error)) return;
      if (error) context.reportLate(error);
      held.send(() => {
        expireCookie(context);
      });
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
    // Bytes without the token that they are for are of no use, and with it there would be no session.
    held.destroy();
    return;
  }
  sendWith(held, moment, () => {
    deliver(context, plan, observed, isLost);
  });
}

/** Headers are set when they are about to leave: until then they are closed, as if they had. */
function sendWith(held: HeldResponse, moment: Moment, setHeaders: () => void): void {
  held.send(moment === 'end' ? undefined : setHeaders);
}

/** With `saveErrors: 'respond'` the application's error handler answers, as long as nothing has left. */
function respond(context: RequestContext, moment: Moment, held: HeldResponse, error: unknown): boolean {
  if (context.config.saveErrors !== 'respond' || moment !== 'whole' || !held.discard()) return false;
  abandonBody(context.res);
  context.next(error);
  return true;
}

/** Nothing was stored: the error page takes the place of the response, or the error is told late. */
function fail(context: RequestContext, held: HeldResponse, error: unknown): void {
  // Node may refuse what was held only when it is let go: then there is nothing left to be dropped.
  if (!held.discard() && context.res.headersSent) {
    context.reportLate(error);
    return;
  }
  setImmediate(() => {
    if (!context.res.headersSent) abandonBody(context.res);
    context.next(error);
  });
}
