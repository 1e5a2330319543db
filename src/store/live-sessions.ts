/** The sessions of one store that requests of this process have in hand, by id; shared by all middlewares on the store. */
import { LiveSession } from '../session/live-session';
import { WeakValues } from '../session/weak-values';

/** A live session lasts as long as somebody holds it, so its end is known to every request that could bring it back. */
export class LiveSessions {
  readonly #sessions = new WeakValues<LiveSession>();

  get(id: string): LiveSession | undefined {
    return this.#sessions.get(id);
  }

  /** To be held as long as the session may be stored. */
  obtain(id: string): LiveSession {
    return this.#sessions.obtain(id, () => new LiveSession());
  }

  /** Of another session that has got the same id: those who have the old one keep it. */
  begin(id: string): LiveSession {
    return this.#sessions.replace(id, new LiveSession());
  }
}
