/** The class of `req.session`. */
import { SessionError } from '../errors';
import { trace } from '../diagnostics';
import type { Token } from '../token/token';
import type { ErrorCallback, JwtPayload, Request, SessionRecord } from '../types';
import type { Cookie } from './cookie';
import { type RecordState, STATE_MEMBER } from './record-state';
import { promiseOf } from './session-promise';
import type { SessionState } from './session-state';
import { toRecord } from './snapshot';

/** `stored` is false if the session was destroyed or its generation has ended. Then nothing was stored. */
export type SaveCallback = (error?: unknown, stored?: boolean) => void;

/** Does the work of a session's methods. The code that puts a session on a request gives it one. */
export interface SessionOwner {
  save(session: Session, done: SaveCallback): void;
  reload(session: Session, done: ErrorCallback): void;
  destroy(session: Session, done: ErrorCallback): void;
  regenerate(session: Session, done: ErrorCallback): void;
  renewToken(session: Session, done: ErrorCallback): void;
  /** The session's token as it is now. Undefined if there can be none. */
  tokenOf(session: Session): Token | undefined;
  /** Hears an error of a promise that nobody has listened to. */
  reportLate(error: unknown): void;
}

/**
 * What the library knows about a session that it has made itself. It is a class, because V8 may put the object of a literal
 * among the old objects at once. Then the whole request, to which it leads, would be kept until old objects are collected.
 */
export class Managed {
  constructor(
    readonly owner: SessionOwner,
    readonly state: SessionState,
  ) {}
}

/** Undefined if the value is no session, or one that an application has made by hand. */
export let managedOf: (session: unknown) => Managed | undefined;

/** A user's session. Its enumerable members are its data. */
export class Session {
  static {
    managedOf = (session) =>
      typeof session === 'object' && session !== null && #managed in session ? session.#managed : undefined;
  }

  declare readonly id: string;
  declare readonly req: Request;
  declare cookie: Cookie;
  readonly #managed: Managed | undefined;
  readonly #plainId: unknown;
  /** The library's part of the record, for a session that `store.load` has made outside of a request. */
  readonly #recordState: RecordState | undefined;

  /**
   * @param req the request of the session, with `sessionID` and `sessionStore`
   * @param data an object whose members are copied, except those with reserved names
   * @param managed default: the methods call `req.sessionStore` with the id in `req.sessionID`
   */
  constructor(req: Request, data?: unknown, managed?: Managed) {
    this.#managed = managed;
    if (!managed) {
      this.#plainId = req.sessionID;
      this.#recordState = (data as { [STATE_MEMBER]?: RecordState } | null | undefined)?.[STATE_MEMBER];
    }
    Object.defineProperty(this, 'req', { value: req });
    Object.defineProperty(this, 'id', idProperty);
    if (typeof data !== 'object') return;
    for (const name in data) {
      if (!(name in this) && name !== STATE_MEMBER)
        (this as Record<string, unknown>)[name] = (data as Record<string, unknown>)[name];
    }
  }

  /** The payload of the session's token, as a copy. Undefined if there is no token. */
  get jwt(): JwtPayload | undefined {
    const managed = managedOf(this);
    return structuredClone(managed?.owner.tokenOf(this)?.payload);
  }

  /** Starts the cookie's lifetime anew. It does not call the store. */
  touch(): this {
    return this.resetMaxAge();
  }

  /** Sets `cookie.maxAge` to `cookie.originalMaxAge`. */
  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge;
    return this;
  }

  /**
   * Stores the session now. If the claims have changed it gets a new token.
   *
   * @returns the session if there is a callback, otherwise a promise. Both hear whether the session was stored: false if it was
   * destroyed or its generation has ended meanwhile. The store's error goes to the callback, or rejects the promise
   */
  save(callback: SaveCallback): this;
  save(): Promise<boolean>;
  save(callback?: SaveCallback): this | Promise<boolean> {
    return answer<boolean>(this, callback, (done) => {
      ownerOf(this).save(this, done);
    });
  }

  /** Puts a new object with the data that the store has now on `req.session`. On an error the old one stays. */
  reload(callback: ErrorCallback): this;
  reload(): Promise<void>;
  reload(callback?: ErrorCallback): this | Promise<void> {
    return answer(this, callback, (done) => {
      trace('reloading %s', this.id);
      ownerOf(this).reload(this, done);
    });
  }

  /** Ends the session: takes it off the request at once, and out of the store. */
  destroy(callback: ErrorCallback): this;
  destroy(): Promise<void>;
  destroy(callback?: ErrorCallback): this | Promise<void> {
    return answer(this, callback, (done) => {
      ownerOf(this).destroy(this, done);
    });
  }

  /** Destroys the session, and puts a new, empty one with a new id on the request. */
  regenerate(callback: ErrorCallback): this;
  regenerate(): Promise<void>;
  regenerate(callback?: ErrorCallback): this | Promise<void> {
    return answer(this, callback, (done) => {
      ownerOf(this).regenerate(this, done);
    });
  }

  /**
   * Ends all tokens of the session, and sends a new one with this response. Data and id stay; `auth_time` becomes now. It never
   * throws: if no new token can be sent, the error goes to the callback or rejects the promise.
   */
  renewToken(callback: ErrorCallback): this;
  renewToken(): Promise<void>;
  renewToken(callback?: ErrorCallback): this | Promise<void> {
    return answer(this, callback, (done) => {
      ownerOf(this).renewToken(this, done);
    });
  }

  /** The record of a session made by hand, for a store. */
  static toStore(session: Session): SessionRecord {
    // An instance that `util.inherits` code has made has no private members.
    const state = #recordState in session ? session.#recordState : undefined;
    const record = toRecord(session);
    return state ? { ...record, [STATE_MEMBER]: state } : record;
  }

  static plainIdOf(session: Session): unknown {
    return session.#plainId;
  }
}

/** An own, read-only property, whose id is made when somebody reads it. */
const idProperty: PropertyDescriptor = {
  get(this: Session) {
    const managed = managedOf(this);
    return managed ? managed.state.id.value : Session.plainIdOf(this);
  },
};

/** Starts the work of a method. Returns the session if there is a callback, otherwise a promise. */
function answer<Result = never>(
  session: Session,
  callback: ((error?: unknown, result?: Result) => void) | undefined,
  start: (done: (error?: unknown, result?: Result) => void) => void,
): never {
  if (!callback) {
    return promiseOf<Result>(start, (error) => {
      ownerOf(session).reportLate(error);
    }) as never;
  }
  start((error, result) => {
    if (error) callback(error);
    else if (result === undefined) callback();
    else callback(undefined, result);
  });
  return session as never;
}

function ownerOf(session: Session): SessionOwner {
  return managedOf(session)?.owner ?? byHand;
}

/** The store as a session made by hand sees it. */
interface PlainStore {
  get(id: unknown, callback: (error?: unknown, record?: SessionRecord | null) => void): void;
  set(id: unknown, record: SessionRecord, callback: ErrorCallback): void;
  destroy(id: unknown, callback: ErrorCallback): void;
  regenerate(req: Request, callback: ErrorCallback): void;
  createSession(req: Request, record: SessionRecord): Session;
}

/** For sessions of `new Session(…)` and `store.load(…)`. As in express-session, `req.sessionStore` does the work. */
const byHand: SessionOwner = {
  save(session, done) {
    storeOf(session).set(session.id, Session.toStore(session), (error) => {
      done(error, error ? undefined : true);
    });
  },
  reload(session, done) {
    const store = storeOf(session);
    store.get(session.id, (error, record) => {
      if (error || !record) {
        done(error ?? new SessionError('ERR_SESSION_NOT_FOUND', 'failed to load session'));
        return;
      }
      try {
        store.createSession(session.req, record);
      } catch (thrown) {
        done(thrown);
        return;
      }
      done();
    });
  },
  destroy(session, done) {
    Reflect.deleteProperty(session.req, 'session');
    storeOf(session).destroy(session.id, done);
  },
  regenerate(session, done) {
    storeOf(session).regenerate(session.req, done);
  },
  renewToken(_, done) {
    done(
      new SessionError('ERR_SESSION_NO_REQUEST', 'renewToken: a session outside of a request has no token'),
    );
  },
  tokenOf: () => undefined,
  reportLate: () => undefined,
};

function storeOf(session: Session): PlainStore {
  return session.req.sessionStore as unknown as PlainStore;
}
