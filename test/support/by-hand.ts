// Session tokens that no middleware has issued.
import { issue, seconds } from './forge';
import type { KeyPair } from './keys';

/** A good session token that no middleware has issued, with these claims beside the usual ones. */
export function byHand(claims: object = {}, pair?: KeyPair): string {
  return issue({ iat: seconds(), ses: { id: 'by hand', gen: 1 }, ...claims }, pair);
}

/** The same token, or cookie, with another character in the middle of its signature. */
export function breakSignature(token: string): string {
  const at = token.lastIndexOf('.') + 20;
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
}
