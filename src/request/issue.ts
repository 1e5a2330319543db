/** Issues the tokens of a session, and tells which one it has now. */
import type { Session } from '../session/session';
import type { SessionState } from '../session/session-state';
import { type Claims, NO_CLAIMS, subjectOf } from '../token/claims';
import { MAX_COOKIE_LENGTH, type Token } from '../token/token';
import { claimsNow } from './claims-now';
import type { RequestContext } from './context';

/**
 * @param generation the generation of the record that the token will open
 * @param isSignIn whether somebody signs in now, whatever the claims were before
 * @throws IssueError if there is no private key, or if the token gets too long
 */
export function issueToken(
  { config, tokens }: RequestContext,
  state: SessionState,
  claims: Claims,
  generation: number,
  isSignIn: boolean,
): Token {
  const authTime = authTimeOf(state, claims, isSignIn);
  return tokens.issue(
    {
      ...state.id.name,
      claims,
      generation,
      authTime,
      endsAt: config.rules.endOf(authTime, state.created),
    },
    MAX_COOKIE_LENGTH - config.name.length,
  );
}

/** When the user has signed in, in seconds since 1970. It stays while there are claims of the same user. */
function authTimeOf(state: SessionState, claims: Claims, isSignIn: boolean): number | undefined {
  if (claims === NO_CLAIMS) return undefined;
  const now = Math.floor(Date.now() / 1000);
  if (isSignIn) return now;
  const { token } = state;
  if (token) {
    const known = token.claims.text;
    const isOther = subjectOf(known) !== undefined && subjectOf(known) !== subjectOf(claims);
    return known === NO_CLAIMS || isOther ? now : (token.authTime ?? now);
  }
  // A session of express-session whose user had signed in there.
  return state.origin === 'loaded' && state.claims !== NO_CLAIMS ? Math.floor(state.created / 1000) : now;
}

/** The token of a stored session, or the token that a new one will have. Undefined if there can be none. */
export function currentToken(context: RequestContext, session: Session): Token | undefined {
  const state = context.stateOf(session);
  const { origin, token } = state;
  if (token && (origin === 'loaded' || origin === 'verified' || state.isStored)) return token;
  if (origin === 'superseded' || !context.tokens.canIssue) return undefined;
  try {
    // jwtFromReq itself may ask for the token. Then its last result counts.
    const claims = context.isReadingClaims || origin === 'loaded' ? state.claims : claimsNow(context, token);
    if (token?.claims.text === claims) return token;
    const issued = issueToken(context, state, claims, state.generation, false);
    // A cookie of express-session goes out instead, so `state.token` stays undefined there.
    if (state.cookieFormat === 'jwt') state.token = issued;
    return issued;
  } catch {
    // The same error is reported when the headers are due.
    return undefined;
  }
}
