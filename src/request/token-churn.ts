/** Notices that request after request gets a new token since its claims never stay the same. */
import { createWarning } from '../diagnostics';
import type { Config } from '../options/options';
import { NO_CLAIMS, sameClaims } from '../token/claims';
import type { Now } from './decide';

/** So many requests in a row are no chance. */
const LIMIT = 20;

const warnOfChurn = createWarning(
  'WARN_SESSION_TOKEN_CHURN',
  `jwtFromReq: the claims of ${String(LIMIT)} requests in a row differed from those of their tokens, so that each got a new ` +
    'token. Leave out what differs each time, such as the time, a counter or a random text',
);

const counts = new WeakMap<Config, number>();

/** Of requests of a user who was signed in before and still is. */
export function countChangedClaims(config: Config, { tokenClaims, claims }: Now): void {
  if (tokenClaims === undefined || tokenClaims === NO_CLAIMS || claims === NO_CLAIMS) return;
  const count = sameClaims(tokenClaims, claims) ? 0 : (counts.get(config) ?? 0) + 1;
  counts.set(config, count);
  if (count >= LIMIT) warnOfChurn();
}
