/** How far a response is, and its calls that wait until a hold has answered. */
import type { Hold } from './held-response';
import type { Call } from './playback';

/**
 * open: nothing was called.
 * due: headers are due at the end of this tick.
 * held: the hold of the headers has not answered.
 * ending: the hold of `end` has not answered.
 * passing: calls go straight to Node.
 * own: calls go straight to Node, and no hook is called.
 * destroyed: the connection was ended.
 */
export type Phase = 'open' | 'due' | 'held' | 'ending' | 'passing' | 'own' | 'destroyed';

export class HeldCalls {
  readonly calls: Call[] = [];
  /** The call of `end`, if it has come. */
  end: Call | undefined;
  /** What `end` waits for, after the hold of the headers. */
  endHold: Hold | undefined;
  /** Whether a `write` has returned false, so that its caller waits for `drain`. */
  owesDrain = false;
}
