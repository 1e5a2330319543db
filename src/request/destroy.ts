/** Destroys the session of a request, and tells of it once. */
import { tellingOfDestroy } from '../session/events';
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
  const { repository } = context;
  if (context.destroyedId === id || isNew(context, id)) {
    repository.destroy(id, how, done);
    return;
  }
  const answered: ErrorCallback = (error) => {
    if (!error) context.destroyedId = id;
    done(error);
  };
  repository.destroy(id, how, tellingOfDestroy(id, how, context, answered));
}

/** Whether the session was never stored. The store is called all the same, as express-session does. */
function isNew(context: RequestContext, id: string): boolean {
  const current = context.current as SessionState | undefined;
  return current?.isStored === false && current.id.value === id;
}
