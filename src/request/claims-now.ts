/** Reads the application's claims at one moment of a request. */
import type { Claims } from '../token/claims';
import type { Token } from '../token/token';
import type { RequestContext } from './context';

/**
 * @param token a token whose claims are probably the same
 * @throws what jwtFromReq throws, and TypeError if its result cannot be claims
 */
export function claimsNow(context: RequestContext, token: Token | undefined): Claims {
  context.isReadingClaims = true;
  try {
    return context.config.readClaims(context.req, token);
  } finally {
    context.isReadingClaims = false;
  }
}
