/** Plans what happens to a session when its headers are due or its response ends, and signs the token that this needs. */
import { createWarning } from '../diagnostics';
import { IssueError } from '../keys/key-ring';
import { sameClaims } from '../token/claims';
import type { RequestContext } from './context';
import { type Outgoing, outgoingOf } from './cookie-format';
import { decideClaims, decideHeaders, decideStore, type StoreDecision, type TokenDecision } from './decide';
import { issueToken } from './issue';
import type { Moment, Observed } from './observe';
import { countChangedClaims } from './token-churn';
import { prepareRotation, type Rotation, undeliverable } from './store-session';

export interface Plan {
  readonly store: StoreDecision;
  /** To be sent if the session can be stored. */
  readonly outgoing: Outgoing | undefined;
  /** Whether it is a new token that nobody has asked for. */
  readonly refreshes: boolean;
  /** Undefined: the session stays in its generation. */
  readonly rotation: Rotation | undefined;
  /** Why nothing is done. It is reported after the response. */
  readonly error: unknown;
}

const NOTHING: Plan = {
  store: 'nothing',
  outgoing: undefined,
  refreshes: false,
  rotation: undefined,
  error: undefined,
};

const warnOfLateSession = createWarning(
  'WARN_SESSION_TOO_LATE',
  'a session was made, or regenerated, after the headers of its response had left: the client does not get its cookie. Do ' +
    'that before the first byte is written',
);

/** @throws IssueError if a new session cannot get its token. Then the session is not stored either */
export function makePlan(context: RequestContext, observed: Observed, moment: Moment): Plan {
  const { state, now, claimsError } = observed;
  const change = decideClaims(state, now);
  if (context.config.hasClaims) countChangedClaims(context.config, now);
  if (claimsError !== undefined) return { ...NOTHING, error: undeliverable(claimsError) };
  if (moment === 'end' && change === 'hard' && !state.hasFailed)
    return { ...NOTHING, error: undeliverable() };
  const decision = moment === 'end' ? 'keep' : decideHeaders(state, now, context.config);
  if (decision === 'keep' && moment === 'headers') return NOTHING;
  const store = decideStore(state, now, decision, context.config);
  if (decision === 'rotate') {
    try {
      const rotation = prepareRotation(context, observed, false);
      return { ...NOTHING, store, outgoing: rotation.token, rotation };
    } catch (error) {
      return { ...NOTHING, error };
    }
  }
  if (store === 'save' && moment === 'end' && !state.isSent) warnOfLateSession();
  return {
    store: store === 'touch' && !context.repository.canTouch ? 'nothing' : store,
    outgoing: outgoingFor(context, observed, decision),
    refreshes: decision === 'refresh',
    rotation: undefined,
    error: undefined,
  };
}

/** @throws IssueError if a new session cannot get its token */
function outgoingFor(
  context: RequestContext,
  { state, now }: Observed,
  decision: TokenDecision,
): Outgoing | undefined {
  if (decision === 'keep') return undefined;
  if (state.cookieFormat === 'express-session') return outgoingOf(context, state);
  const { token } = state;
  const isUsable =
    token !== undefined && (state.isSent || state.mustSend || sameClaims(token.claims.text, now.claims));
  if (decision === 'send' && isUsable) return token;
  try {
    return (state.token = issueToken(context, state, now.claims, state.generation, false));
  } catch (error) {
    // A session that was loaded goes on with the token that the client has.
    if (state.origin !== 'loaded' || !(error instanceof IssueError)) throw error;
    context.reportLate(error);
    return undefined;
  }
}
