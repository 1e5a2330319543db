/** Sends a session's token, or its cookie of express-session, with the response. */
import { trace } from '../diagnostics';
import { Cookie } from '../session/cookie';
import { expireCookie } from './clear-cookie';
import type { RequestContext } from './context';
import { outgoingOf } from './cookie-format';
import type { Observed } from './observe';
import type { Plan } from './plan';

/** Sets the headers that carry it, if there is anything to be sent and its session lives. */
export function deliver(context: RequestContext, plan: Plan, observed: Observed, isLost: boolean): void {
  const { req, res, carrier, repository } = context;
  const { state } = observed;
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
    carrier.write(req, res, outgoing.text, cookieToSend(context, observed), report);
  } catch (error) {
    report(error);
    return;
  }
  state.isSent = true;
  trace(`${carrier.label} for %s`, state.id.value);
}

/**
 * Where the expiry stays, the cookie has the stored one if that is known. Elsewhere it gets a whole lifetime: what was
 * loaded may be older than what is stored, and a cookie that ends before its session would sign somebody out.
 */
function cookieToSend({ repository }: RequestContext, { state, cookie, kept }: Observed): Cookie {
  const expires = kept && repository.knownExpiry(state.id.require());
  if (!expires) return cookie;
  const sent = new Cookie(cookie);
  sent._expires = expires;
  return sent;
}
