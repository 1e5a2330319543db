/** The messages of the channels of `node:diagnostics_channel`: what the library tells of its sessions. */
import type { Request } from './express';

/** What most messages say. No member is a token, an id or a part of one. */
export interface SessionEvent {
  /**
   * A name for the session, the same in all processes and for its whole life, also after a sign-in, a refresh and the move from
   * express-session: the first 16 characters of SHA-256 over `event:` and its id, in base64url. It opens nothing, and nobody can
   * compute the id from it.
   */
  readonly session: string;
  /**
   * The request that it happened in. With `sessions.find` it inherits from the one that was given. It is a getter, so that a
   * message that is written to a log as a whole does not show the cookies of the request.
   */
  readonly req: Request;
}

/** What happened to the claims, as `jwtFromReq` returns them. 'other-user': one user's claims became another's. */
export type ClaimsEvent = 'sign-in' | 'sign-out' | 'other-user';

/** The store has a new session. */
export interface CreatedEvent extends SessionEvent {
  /**
   * new: the request had none.
   * regenerated: in place of another session, by `regenerate()`.
   * sign-in: somebody signed in with a session that had ended meanwhile, so the login got one of its own.
   */
  readonly cause: 'new' | 'regenerated' | 'sign-in';
  /** 'sign-in' if the new session has claims. */
  readonly change: 'sign-in' | undefined;
  /** The claim `sub`. Undefined: there is none. */
  readonly subject: string | undefined;
}

/** A credential has opened a session, in the middleware or in `sessions.find`. */
export interface LoadedEvent extends SessionEvent {
  readonly generation: number;
  readonly credential: 'token' | 'express-session' | '0.2.2';
  /** The claim `sub`. Undefined: there is none. */
  readonly subject: string | undefined;
}

/** The store has the session's next generation. From now on no older token opens it. */
export interface RotatedEvent extends SessionEvent {
  /** The new generation. */
  readonly generation: number;
  /** Why. 'renewed': by `renewToken()`, with the claims as they were. */
  readonly change: ClaimsEvent | 'renewed';
  /** The claim `sub`, as it is now. After a sign-out it is undefined. */
  readonly subject: string | undefined;
  /** The claim `sub` as it was before. */
  readonly previousSubject: string | undefined;
}

/** A response carries a new token of the same generation. */
export interface RefreshedEvent extends SessionEvent {
  readonly generation: number;
  /** Why: the token was due (`jwt.expiresIn`), or the same user has other claims. */
  readonly reason: 'age' | 'claims';
}

/** A response carries the first token of a session that came by a cookie of express-session or a token of 0.2.2. */
export interface UpgradedEvent extends SessionEvent {
  readonly generation: number;
}

/** The store has destroyed a session. */
export interface DestroyedEvent extends Omit<SessionEvent, 'req'> {
  /** destroyed: by `destroy()` or `unset`. regenerated: by `regenerate()`. timeout: by `absoluteTimeout`. */
  readonly cause: 'destroyed' | 'regenerated' | 'timeout';
  /** The claim `sub` that the session had in this request. Undefined: none, or not known here. */
  readonly subject: string | undefined;
  /** Undefined if it was destroyed by `sessions.store` or `req.sessionStore`. */
  readonly req: Request | undefined;
}

/**
 * Why a credential was refused.
 *
 * malformed: the text is neither a token nor a cookie of express-session. Told once a request.
 * audience: another `iss` or `aud`. time: not in force, such as an expired token. Both are read before the signature.
 * signature: a bad signature, an unknown key, or another algorithm.
 * purpose: a good signature, but no session token.
 * not-found: its session is not in the store (any more).
 * superseded: its generation has ended.
 * record: the record is none that this credential opens: of another tenant, of an older generation, or without `__session`.
 * timeout: its session has lived as long as `absoluteTimeout` lets it.
 */
export type RefusalReason =
  | 'malformed'
  | 'audience'
  | 'time'
  | 'signature'
  | 'purpose'
  | 'not-found'
  | 'superseded'
  | 'record'
  | 'timeout';

/** A credential that came with a request opens nothing. */
export interface RefusedEvent extends Omit<SessionEvent, 'session'> {
  readonly reason: RefusalReason;
  /** What it is by its form. Undefined if it is malformed. */
  readonly credential: 'token' | 'express-session' | undefined;
  /** Undefined unless the signature was good: before that, nobody knows which session it is about. */
  readonly session: string | undefined;
}

/** A change was not stored, since the session had ended while the request ran. */
export interface DroppedEvent extends SessionEvent {
  /** The generation of the request. */
  readonly generation: number;
  /** destroyed: by a sign-out. superseded: somebody has signed in or out with it. */
  readonly reason: 'destroyed' | 'superseded';
}

/** The methods of a store. */
export type StoreMethod = 'get' | 'set' | 'touch' | 'destroy' | 'compareAndSet';

/** A call of the application's store. The messages of `tracing:express-session-jwt:store.<method>:…` are one object a call. */
export interface StoreCallEvent extends Omit<SessionEvent, 'req'> {
  readonly method: StoreMethod;
  /** The name of the store's class, such as 'RedisStore'. */
  readonly store: string;
  /** The `code` of the error, if it has one. */
  readonly code: string | undefined;
  /**
   * The error. A getter, because errors of some database clients hold what they were called with: ids, and data of the
   * session.
   */
  readonly error: unknown;
}

/** The messages by the names of their channels, without `express-session-jwt:`. */
export interface SessionEvents {
  created: CreatedEvent;
  loaded: LoadedEvent;
  rotated: RotatedEvent;
  refreshed: RefreshedEvent;
  upgraded: UpgradedEvent;
  destroyed: DestroyedEvent;
  refused: RefusedEvent;
  dropped: DroppedEvent;
  /** The store has answered with an error, has thrown one, or has not answered within `storeTimeout`. */
  'store-error': StoreCallEvent;
}
