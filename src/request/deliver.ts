/** Sends a session's token with the response. */
import { trace } from '../diagnostics';
import { expireCookie } from './clear-cookie';
import type { RequestContext } from './context';
import type { Observed } from './observe';
import type { Plan } from './plan';

/** Sets the headers that carry the token, if there is one to be sent and its session lives. */
export function deliver(
  context: RequestContext,
  plan: Plan,
  { state, cookie }: Observed,
  isLost: boolean,
): void {
  const { req, res, carrier, repository } = context;
  // Where a rotation was given up for a new handle, its token takes the place of the one that was planned.
  const token = state.mustSend ? state.token : plan.token;
  const isOver =
    (isLost && !state.mustSend) || state.hasEnded || !repository.isCurrent(state.live, state.generation);
  if (!token || isOver) {
    expireCookie(context);
    return;
  }
  const report = (error: unknown): void => {
    context.reportLate(error);
  };
  try {
    carrier.write(req, res, token.text, cookie, report);
  } catch (error) {
    report(error);
    return;
  }
  state.isSent = true;
  trace(`${carrier.label} for %s`, state.id.value);
}
