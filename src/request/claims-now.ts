/** The application's claims at one moment of a request. */
import type { Claims } from '../token/claims';
import type { Token } from '../token/token';
import type { RequestContext } from './context';

/**
 * @param token one whose claims are probably the same
 * @throws what jwtFromReq throws, and TypeError if it returns no claims
 */
export function claimsNow(context: RequestContext, token: Token | undefined): Claims {
  context.isReadingClaims = true;
  try {
    return context.config.readClaims(context.req, token);
  } finally {
    context.isReadingClaims = false;
  }
}
