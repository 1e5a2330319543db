/** Holds the live sessions of one store by their ids, for all middlewares of this process on that store. */
import { LiveSession } from '../session/live-session';
import { WeakValues } from '../session/weak-values';

/**
 * A live session stays as long as somebody holds it. So each request that could store the session again hears that it was
 * destroyed.
 */
export class LiveSessions {
  readonly #sessions = new WeakValues<LiveSession>();

  get(id: string): LiveSession | undefined {
    return this.#sessions.get(id);
  }

  /** The live session of an id. The caller has to hold it as long as it may store the session. */
  obtain(id: string): LiveSession {
    return this.#sessions.obtain(id, () => new LiveSession());
  }

  /** A live session for a new session with an old id. Requests that hold the old one keep it. */
  begin(id: string): LiveSession {
    return this.#sessions.replace(id, new LiveSession());
  }
}
