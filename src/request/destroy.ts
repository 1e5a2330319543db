/** Destroys the session of a request, and tells of it. */
import { tellingOfDestroy } from '../events';
import type { SessionState } from '../session/session-state';
import type { ErrorCallback } from '../types';
import type { RequestContext } from './context';

/** @throws what the store throws at once */
export function destroySession(
  context: RequestContext,
  id: string,
  how: 'destroyed' | 'regenerated',
  done: ErrorCallback,
): void {
  const current = context.current as SessionState | undefined;
  // The store is called for a new session as well, as express-session does. Nobody needs to hear of that.
  const isKnown = current?.isStored !== false || current.id.value !== id;
  context.repository.destroy(id, how, isKnown ? tellingOfDestroy(id, how, context, done) : done);
}
