/** The base class of session stores. A store adds `get`, `set` and `destroy`, and optionally `touch` and `compareAndSet`. */
import { EventEmitter } from 'node:events';
import { restoreCookie } from '../session/cookie';
import { Session } from '../session/session';
import type { ErrorCallback, Request, SessionRecord } from '../types';

/** These methods are not declared as fields, because a field would hide the methods of stores written without classes. */
// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- subclasses add those methods
export class Store extends EventEmitter {
  /** Destroys the request's session and generates a new one in its place. */
  regenerate(req: Request, callback: ErrorCallback): void {
    this.destroy(req.sessionID, (error) => {
      try {
        if (this.generate) this.generate(req);
        else req.sessionStore.generate(req as never);
      } catch (thrown) {
        callback(thrown);
        return;
      }
      callback(error);
    });
  }

  /** Loads a session outside of its request. Calls back without arguments if there is none. */
  load(sid: string, callback: (error?: unknown, session?: Session) => void): void {
    this.get(sid, (error, record) => {
      if (error) {
        callback(error);
        return;
      }
      if (!record) {
        callback();
        return;
      }
      let session: Session;
      try {
        session = this.createSession({ sessionID: sid, sessionStore: this } as unknown as Request, record);
      } catch (thrown) {
        callback(thrown);
        return;
      }
      callback(null, session);
    });
  }

  /**
   * Makes a session from a stored record, and puts it on the request.
   *
   * @throws TypeError if the record has no cookie
   */
  createSession(req: Request, record: SessionRecord): Session {
    const session = new Session(req, record);
    session.cookie = restoreCookie(record.cookie);
    req.session = session as never;
    return session;
  }
}

// eslint-disable-next-line @typescript-eslint/no-unsafe-declaration-merging -- as above
export interface Store {
  get(sid: string, callback: (error?: unknown, record?: SessionRecord | null) => void): void;
  set(sid: string, session: SessionRecord, callback?: ErrorCallback): void;
  destroy(sid: string, callback?: ErrorCallback): void;
  touch?(sid: string, session: SessionRecord, callback?: ErrorCallback): void;
  compareAndSet?(
    sid: string,
    session: SessionRecord,
    tag: string | null,
    callback: (error?: unknown, stored?: boolean) => void,
  ): void;
  /** Present on `req.sessionStore` only. */
  generate?(req: Request): void;
}
