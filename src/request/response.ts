/** Ties the session to its response. */
import { holdResponse } from '../http/held-response';
import type { RequestContext } from './context';
import { finish } from './finish';

export function watchResponse(context: RequestContext): void {
  holdResponse(context.res, {
    headersDue: () => {
      try {
        return finish(context, 'headers');
      } catch (error) {
        // Out of nobody's call: the response goes on without the session.
        context.reportLate(error);
        return undefined;
      }
    },
    ended: (isWhole) => finish(context, isWhole ? 'whole' : 'end'),
  });
}
