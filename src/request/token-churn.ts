/** Notices an application whose claims differ at each request, so that each request gets a new token. */
import { createWarning } from '../diagnostics';
import type { Config } from '../options/options';
import { NO_CLAIMS, sameClaims } from '../token/claims';
import type { Now } from './decide';

/** So many requests in a row cannot be a coincidence. */
const LIMIT = 20;

const warnOfChurn = createWarning(
  'WARN_SESSION_TOKEN_CHURN',
  `jwtFromReq: the claims of ${String(LIMIT)} requests in a row differed from those of their tokens, so that each got a new ` +
    'token. Leave out what differs each time, such as the time, a counter or a random text',
);

const counts = new WeakMap<Config, number>();

/** Counts changed claims in requests of users who were signed in before and still are. */
export function countChangedClaims(config: Config, { tokenClaims, claims }: Now): void {
  if (tokenClaims === undefined || tokenClaims === NO_CLAIMS || claims === NO_CLAIMS) return;
  if (sameClaims(tokenClaims, claims)) {
    counts.delete(config);
    return;
  }
  const count = (counts.get(config) ?? 0) + 1;
  counts.set(config, count);
  if (count >= LIMIT) warnOfChurn();
}
