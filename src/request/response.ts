/** Calls finish.ts when the headers of a response are due and when it ends. */
import { type Hold, holdResponse, type ResponseHooks } from '../http/held-response';
import type { RequestContext } from './context';
import { finish } from './finish';

export function watchResponse(context: RequestContext): void {
  holdResponse(context.res, new SessionHooks(context));
}

class SessionHooks implements ResponseHooks {
  readonly #context: RequestContext;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  headersDue(): Hold | undefined {
    try {
      return finish(this.#context, 'headers');
    } catch (error) {
      // No call of the handler is left that could throw this. The response goes on without the session.
      this.#context.reportLate(error);
      return undefined;
    }
  }

  ended(isWhole: boolean): Hold | undefined {
    return finish(this.#context, isWhole ? 'whole' : 'end');
  }
}
