/** Sends a session's token, or its cookie of express-session, with the response. */
import { trace } from '../diagnostics';
import { Cookie } from '../session/cookie';
import type { RequestContext } from './context';
import { outgoingOf } from './cookie-format';
import type { Observed } from './observe';
import type { Plan } from './plan';
import { tellSent } from './tell';

/** Sets the headers that carry the token or cookie, if there is one to send and the session lives. */
export function deliver(context: RequestContext, plan: Plan, observed: Observed, isLost: boolean): void {
  const { req, res, carrier, repository } = context;
  const { state } = observed;
  // A login that was stored under a new id has a new cookie, which replaces the planned one.
  const outgoing = state.mustSend ? outgoingOf(context, state) : plan.outgoing;
  const isOver =
    (isLost && !state.mustSend) || state.hasEnded || !repository.isCurrent(state.live, state.generation);
  if (!outgoing || isOver) return;
  const report = (error: unknown): void => {
    context.reportLate(error);
  };
  try {
    carrier.write(req, res, outgoing.text, cookieToSend(context, observed), report);
  } catch (error) {
    report(error);
    return;
  }
  tellSent(context, plan, observed);
  state.isSent = true;
  trace(`${carrier.label} for %s`, state.id.value);
}

/**
 * The cookie to send. If the response does not prolong the session, the cookie gets the stored expiry, where the store tells
 * it without a call. Otherwise it gets a whole lifetime: the expiry that was loaded may be older than the stored one, and a
 * cookie that ends before its session signs the user out.
 */
function cookieToSend({ repository }: RequestContext, { state, cookie, kept }: Observed): Cookie {
  const expires = kept && repository.knownExpiry(state.id.require());
  if (!expires) return cookie;
  const sent = new Cookie(cookie);
  sent._expires = expires;
  return sent;
}
