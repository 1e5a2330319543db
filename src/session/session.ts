import type { Cookie } from './cookie';
import { trace } from '../diagnostics';
import { Identity } from '../identity';
import { type Snapshot, takeSnapshot } from './snapshot';
import { toStoredId } from '../stored-id';
import type { ErrorCallback, JwtPayload, Request, SessionRecord } from '../types';

/** The store as sessions see it: `req.sessionStore`, or a bare store for a session that `Store.load` made. */
interface SessionStore {
  get(id: unknown, callback: (error?: unknown, record?: SessionRecord | null) => void): void;
  set(id: unknown, session: Session, callback: ErrorCallback): void;
  destroy(id: unknown, callback: ErrorCallback): void;
  regenerate(req: Request, callback: ErrorCallback): void;
  createSession(req: Request, record: SessionRecord): Session;
}

/** What is known about a session beyond its data. */
export interface Internals {
  identity: Identity;
  /** What the store was given last; undefined before the first save and after a failed one. */
  saved: Snapshot | undefined;
  /** Whether the session is to be stored whatever its data: under a new id, or since a save has failed. */
  mustStore: boolean;
  /** Whether the expiry has been reset for this response (B038). */
  isTouched: boolean;
  /** How many explicit saves are under way. */
  saving: number;
  /** Called when no save is under way any more. */
  whenSaved: (() => void)[];
}

/** Undefined for what is no session, and for a session made by `Session.call(this)`. */
export let internalsOf: (session: unknown) => Internals | undefined;

/** A user's session: its enumerable members are the data. */
export class Session {
  static {
    internalsOf = (session) =>
      typeof session === 'object' && session !== null && #internals in session
        ? session.#internals
        : undefined;
  }

  declare readonly id: string;
  declare readonly req: Request;
  declare cookie: Cookie;
  readonly #internals: Internals;

  /**
   * @param req the request it belongs to, with `sessionID` and `sessionStore`
   * @param data members to copy, if an object; reserved names are left out (B148)
   * @param identity default: the plain id in `req.sessionID`
   */
  constructor(req: Request, data?: unknown, identity: Identity = Identity.plain(req.sessionID)) {
    this.#internals = {
      identity,
      saved: undefined,
      mustStore: false,
      isTouched: false,
      saving: 0,
      whenSaved: [],
    };
    Object.defineProperty(this, 'req', { value: req });
    Object.defineProperty(this, 'id', idProperty);
    if (typeof data !== 'object') return;
    for (const name in data) {
      if (!(name in this)) (this as Record<string, unknown>)[name] = (data as Record<string, unknown>)[name];
    }
  }

  /** Payload of the session's token: a copy. Undefined where there is no token. */
  get jwt(): JwtPayload | undefined {
    const identity = internalsOf(this)?.identity;
    return identity?.isIssuable ? structuredClone(identity.token?.payload) : undefined;
  }

  /** Starts the cookie's lifetime anew. Calls no store. */
  touch(): this {
    return this.resetMaxAge();
  }

  /** Sets `cookie.maxAge` to `cookie.originalMaxAge`. */
  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge;
    return this;
  }

  /**
   * Stores the session now; the store's error goes to the callback or rejects the promise. A response that ends
   * meanwhile waits for it (B136).
   */
  save(callback: ErrorCallback): this;
  save(): Promise<void>;
  save(callback?: ErrorCallback): this | Promise<void> {
    return answer(this, callback, (done) => {
      save(this, done);
    });
  }

  /** Puts a new object with what the store has now into `req.session` (B137); on an error the old one stays (B138). */
  reload(callback: ErrorCallback): this;
  reload(): Promise<void>;
  reload(callback?: ErrorCallback): this | Promise<void> {
    return answer(this, callback, (done) => {
      reload(this, done);
    });
  }

  /** Takes the session off the request at once, and out of the store. */
  destroy(callback: ErrorCallback): this;
  destroy(): Promise<void>;
  destroy(callback?: ErrorCallback): this | Promise<void> {
    return answer(this, callback, (done) => {
      const { id } = this;
      Reflect.deleteProperty(this.req, 'session');
      storeOf(this).destroy(id, done);
    });
  }

  /** Destroys the session and puts a new, empty one with a new id in its place (B134). */
  regenerate(callback: ErrorCallback): this;
  regenerate(): Promise<void>;
  regenerate(callback?: ErrorCallback): this | Promise<void> {
    return answer(this, callback, (done) => {
      storeOf(this).regenerate(this.req, (error) => {
        const [before, after] = [internalsOf(this), internalsOf(this.req.session)];
        if (before && after) after.isTouched = before.isTouched;
        done(error);
      });
    });
  }
}

/** Own and read-only (B143), though the token behind it is signed only when somebody reads it. */
const idProperty: PropertyDescriptor = {
  get(this: Session) {
    return internalsOf(this)?.identity.id;
  },
};

/** Who a session is; of one made by hand, what its `id` says. */
export function identityOf(session: { readonly id: unknown }): Identity {
  return internalsOf(session)?.identity ?? Identity.plain(session.id);
}

/** Resets the expiry, the first time in a response. @throws TypeError if that is no session (B151) */
export function touchOnce(session: { touch(): unknown }): void {
  const internals = internalsOf(session);
  if (internals?.isTouched) return;
  session.touch();
  if (internals) internals.isTouched = true;
  const endsAt = internals?.identity.endsAt;
  if (endsAt !== undefined) capExpiry((session as unknown as Session).cookie, endsAt);
}

/** No record shall outlive its session. The lifetime as it was set stays what it is. */
function capExpiry(cookie: Cookie, endsAt: number): void {
  const { _expires: expires } = cookie;
  if (expires instanceof Date && expires.valueOf() > endsAt) cookie._expires = new Date(endsAt);
}

function save(session: Session, done: ErrorCallback): void {
  const internals = internalsOf(session);
  if (!internals) {
    storeOf(session).set(session.id, session, done);
    return;
  }
  let id: unknown;
  try {
    id = internals.identity.requireId();
    // The end of the response will not touch what is saved by then. A session loaded outside of a request stays as it is.
    if (internals.identity.token) touchOnce(session);
    internals.saved = takeSnapshot(session);
  } catch (error) {
    internals.saved = undefined;
    done(error);
    return;
  }
  internals.saving += 1;
  storeOf(session).set(id, session, (error) => {
    if (error) {
      internals.saved = undefined;
      internals.mustStore = true;
    }
    internals.saving -= 1;
    if (internals.saving === 0)
      internals.whenSaved.splice(0).forEach((waiting) => {
        waiting();
      });
    done(error);
  });
}

function reload(session: Session, done: ErrorCallback): void {
  const { req } = session;
  const store = storeOf(session);
  trace('reloading %s', toStoredId(session.id));
  store.get(session.id, (error, record) => {
    if (error || !record) {
      done(error ?? new Error('failed to load session'));
      return;
    }
    try {
      const [before, after] = [internalsOf(session), internalsOf(store.createSession(req, record))];
      if (before && after) Object.assign(after, before);
    } catch (thrown) {
      done(thrown);
      return;
    }
    done();
  });
}

function storeOf(session: Session): SessionStore {
  return session.req.sessionStore as unknown as SessionStore;
}

/** With a callback the session is returned, without one a promise, whose rejection nobody has to handle (B144). */
function answer(
  session: Session,
  callback: ErrorCallback | undefined,
  start: (done: ErrorCallback) => void,
): never {
  if (callback) {
    start((error) => {
      if (error) callback(error);
      else callback();
    });
    return session as never;
  }
  const promise = new Promise<void>((resolve, reject) => {
    start((error) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the store's error as it is
      if (error) reject(error);
      else resolve();
    });
  });
  promise.catch(() => undefined);
  return promise as never;
}
