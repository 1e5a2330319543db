// Keeps what the meant differences need to know of a request.
import type { ServerResponse } from 'node:http';
import type { AnyCookie, AnyRequest, AnySession } from './handler';
import type { Options } from './sequences';
import type { ObservedStore } from './stores';

/** Enough of a session to tell whether it is the same, data and cookie settings apart. */
export interface Fingerprint {
  id: string;
  data: string;
  cookie: string;
}

/**
 * What the meant differences need to know of a request to the original. Reads ids, so that it is of no use on a side
 * that makes them late.
 */
export class Exchange {
  phase: 'before' | 'handler' | 'end' | 'ended' = 'before';
  /** The session as it came from the store; none where it is a new one. */
  loaded: Fingerprint | undefined;
  /** The session as the handler saved it last. */
  saved: Fingerprint | undefined;
  /** Whether the expiry has been reset on our account: the original shall not do so again. */
  isTouched = false;
  /** Whether store work was under way when the response was ended. */
  isBusy = false;
  /** Whether the expiry in the store was renewed with early headers. */
  isRenewed = false;
  /** How many store calls came from the end of the response. */
  callsAtEnd = 0;
  /** Whether the response has to wait for the store although the original sends it at once. */
  waits = false;

  constructor(
    readonly req: AnyRequest,
    readonly res: ServerResponse,
    readonly store: ObservedStore,
    readonly options: Options,
    /** Whether headers that come before the end are due before it: else all is one response (B259). */
    readonly isStream: boolean,
    /** The store's id of the session whose cookie was presented. */
    readonly presentedId: string | undefined,
  ) {}

  get session(): AnySession | undefined {
    return this.req.session ?? undefined;
  }

  /** The handler is about to run. */
  begin(): void {
    const { session } = this;
    if (session && session.id === this.presentedId) this.loaded = fingerprint(session);
  }

  /** Resets the expiry, once. */
  touch(): boolean {
    if (!this.session || this.isTouched) return false;
    this.session.touch();
    return (this.isTouched = true);
  }

  /** Keeps the original from resetting the expiry again. What the handler does by itself is none of our business. */
  withoutSecondTouch(run: () => void): void {
    const { session } = this;
    if (!session || !this.isTouched) {
      run();
      return;
    }
    Object.defineProperty(session, 'touch', { configurable: true, value: () => session });
    run();
    Reflect.deleteProperty(session, 'touch');
  }

  noteSave(data: unknown): void {
    this.saved = fingerprint(data as AnySession);
  }
}

export function fingerprint(session: AnySession): Fingerprint {
  return {
    id: session.id,
    data: JSON.stringify({ ...session, cookie: undefined }),
    cookie: lifetimeAndSettings(session.cookie),
  };
}

/** A cookie without its expiry time, which the middleware itself moves on. */
function lifetimeAndSettings(cookie: AnyCookie): string {
  return JSON.stringify({ ...cookie.data, expires: undefined });
}
