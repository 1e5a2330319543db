/** Sends a session's token, or its cookie of express-session, with the response. */
import { trace } from '../diagnostics';
import { expireCookie } from './clear-cookie';
import type { RequestContext } from './context';
import { outgoingOf } from './cookie-format';
import type { Observed } from './observe';
import type { Plan } from './plan';

/** Sets the headers that carry it, if there is anything to be sent and its session lives. */
export function deliver(
  context: RequestContext,
  plan: Plan,
  { state, cookie }: Observed,
  isLost: boolean,
): void {
  const { req, res, carrier, repository } = context;
  // Where a login was stored under a new id, its cookie takes the place of the one that was planned.
  const outgoing = state.mustSend ? outgoingOf(context, state) : plan.outgoing;
  const isOver =
    (isLost && !state.mustSend) || state.hasEnded || !repository.isCurrent(state.live, state.generation);
  if (!outgoing || isOver) {
    expireCookie(context);
    return;
  }
  const report = (error: unknown): void => {
    context.reportLate(error);
  };
  try {
    carrier.write(req, res, outgoing.text, cookie, report);
  } catch (error) {
    report(error);
    return;
  }
  state.isSent = true;
  trace(`${carrier.label} for %s`, state.id.value);
}
