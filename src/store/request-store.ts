/** The store that applications see: `req.sessionStore` in a request, `sessions.store` outside of one. */
import { type Cookie, restoreCookie } from '../session/cookie';
import type { LiveSession } from '../session/live-session';
import { tellingOfDestroy } from '../session/events';
import { generationOf, stateIn, withoutState } from '../session/record-state';
import { managedOf, Session } from '../session/session';
import { SessionError } from '../errors';
import { takeSnapshot, toRecord } from '../session/snapshot';
import type { AnyStore, ErrorCallback, Request, SessionRecord } from '../types';
import type { Loaded, Repository } from './repository';
import { Store } from './store';
import { callStoreSafely } from './store-call';
import type { Outcome } from './write';

/** Makes sessions for the store. The room request/ implements it. */
export interface SessionMaker {
  generate(req: Request): void;
  /** Why this request can get no new session. Undefined: it can. */
  refusal(req: Request): Error | undefined;
  /** Puts a stored record on a request as its session. */
  restore(req: Request, record: SessionRecord): Session;
}

/** The origin of a record that application code has got. */
interface Source {
  /** Undefined for a record of `all`. */
  readonly live: LiveSession | undefined;
  readonly generation: number;
}

/** Shows records without the library's part, and keeps that part when they are stored again. */
export class RequestStore extends Store {
  readonly #repository: Repository;
  readonly #sessions: SessionMaker;
  readonly #sources = new WeakMap<object, Source>();
  declare touch?: (id: unknown, session: SessionRecord, callback?: ErrorCallback) => void;
  declare all?: (callback: (error?: unknown, sessions?: unknown) => void) => void;

  constructor(repository: Repository, sessions: SessionMaker) {
    super();
    this.#repository = repository;
    this.#sessions = sessions;
    const { store } = repository as { store: AnyStore & Pick<RequestStore, 'all'> };
    if (repository.canTouch) this.touch = this.#touch;
    if (typeof store.all === 'function') {
      this.all = (callback) =>
        store.all?.((error, sessions) => {
          callback(error, sessions && this.#withoutStates(sessions));
        });
    }
  }

  /** @param expected the generation in which the record may be seen. Undefined: any */
  override get(
    id: unknown,
    callback: (error?: unknown, record?: SessionRecord | null) => void,
    expected?: number,
  ): void {
    this.#repository.read(String(id), (error, { found, live }) => {
      const generation = generationOf(found);
      if (error || !found || (expected ?? generation) !== generation) {
        callback(error);
        return;
      }
      const record = withoutState(found.record);
      this.#sources.set(record, { live, generation });
      callback(null, record);
    });
  }

  /**
   * Stores a record. One that `get` or `all` gave is stored only if its generation has not ended. Otherwise nothing is stored,
   * and the callback hears an error. Any other object replaces the stored record.
   */
  override set(id: unknown, session: SessionRecord | Session, callback: ErrorCallback = noop): void {
    const managed = managedOf(session);
    if (managed && managed.state.id.value === id) {
      managed.owner.save(session as Session, (error) => {
        callback(error);
      });
      return;
    }
    const source = this.#sources.get(session);
    if (source?.live) {
      this.#write(String(id), session, { ...source, live: source.live }, callback);
      return;
    }
    this.#repository.read(String(id), (error, loaded) => {
      if (error) callback(error);
      else this.#replace(String(id), session, loaded, source?.generation, callback);
    });
  }

  override destroy(id: unknown, callback: ErrorCallback = noop): void {
    // If the id is no text, genid has returned none, and the session was never stored.
    if (typeof id !== 'string') setImmediate(callback);
    else
      callStoreSafely((done) => {
        this.#repository.destroy(id, 'destroyed', tellingOfDestroy(id, 'destroyed', undefined, done));
      }, callback);
  }

  override generate(req: Request): void {
    this.#sessions.generate(req);
  }

  /** Replaces the session of a request. If there can be no new one, the old one stays. */
  override regenerate(req: Request, callback: ErrorCallback): void {
    const session = req.session as unknown as Session;
    const refusal = this.#sessions.refusal(req);
    if (refusal) setImmediate(callback, refusal);
    else if (managedOf(session)) managedOf(session)?.owner.regenerate(session, callback);
    else super.regenerate(req, callback);
  }

  override createSession(req: Request, record: SessionRecord): Session {
    return this.#sessions.restore(req, record);
  }

  #touch(id: unknown, session: SessionRecord, callback: ErrorCallback = noop): void {
    this.#repository.read(String(id), (error, { found, live }) => {
      if (error || !found) {
        callback(error);
        return;
      }
      callStoreSafely((done) => {
        const touch = {
          session: withoutState(found.record),
          data: takeSnapshot(found.record).data,
          cookie: liveCookie(session),
          generation: generationOf(found),
        };
        this.#repository.touch(String(id), live, touch, done);
      }, callback);
    });
  }

  /** @param expected the generation that the record was read in. Undefined: it was not read here, and may be new */
  #replace(
    id: string,
    session: SessionRecord | Session,
    { found, live }: Loaded,
    expected: number | undefined,
    callback: ErrorCallback,
  ): void {
    if (found) this.#write(id, session, { live, generation: expected ?? generationOf(found) }, callback);
    else if (expected !== undefined) callback(outdated());
    else
      callStoreSafely((done) => {
        const record = toRecord(session);
        if (record.cookie as unknown) record.cookie = liveCookie(session) as never;
        this.#repository.createPlain(id, record, done);
      }, callback);
  }

  #write(
    id: string,
    session: SessionRecord | Session,
    { live, generation }: Source & { live: LiveSession },
    callback: ErrorCallback,
  ): void {
    callStoreSafely<Outcome>(
      (done) => {
        const change = {
          session,
          data: takeSnapshot(session).data,
          cookie: liveCookie(session),
          generation,
          rotates: false,
          mergeBase: undefined,
          // Application code does not adopt a record, so its express-session cookie goes on opening it.
          adopted: undefined,
        };
        this.#repository.write(id, live, change, done);
      },
      (error, outcome) => {
        if (error || outcome === 'stored') callback(error);
        else callback(outdated());
      },
    );
  }

  #withoutStates(sessions: object): unknown {
    if (Array.isArray(sessions)) return sessions.map((value) => this.#withoutState(value));
    const all = Object.create(null) as Record<string, unknown>;
    for (const [id, value] of Object.entries(sessions)) all[id] = this.#withoutState(value);
    return all;
  }

  /** A store may list other things than records, such as texts or ids. */
  #withoutState(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const stored = value as SessionRecord;
    const record = withoutState(stored);
    this.#sources.set(record, { live: undefined, generation: generationOf({ state: stateIn(stored) }) });
    return record;
  }
}

/** A live Cookie. Stores read members that its JSON form does not have. */
function liveCookie({ cookie }: { cookie?: unknown }): Cookie {
  return restoreCookie(cookie ?? {});
}

function outdated(): SessionError {
  return new SessionError(
    'ERR_SESSION_OUTDATED',
    'store.set: the record was not stored, since its session has ended or got a new token after it was read',
  );
}

function noop(): void {
  // Every call of a store gets a callback.
}
