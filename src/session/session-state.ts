/** What the library knows about a session on a request, beside its data. Nothing on `req` leads to it. */
import type { Claims } from '../token/claims';
import type { Token } from '../token/token';
import type { CookieFormat } from '../types';
import type { LiveSession } from './live-session';
import type { SessionId } from './session-id';
import type { Snapshot } from './snapshot';

/**
 * Where the session came from.
 *
 * new: generated for a request without a session.
 * loaded: read from the store.
 * regenerated: generated in place of another session.
 * superseded: generated for a request whose token is of an older generation.
 * verified: made of a token alone, because there is no store.
 */
export type Origin = 'new' | 'loaded' | 'regenerated' | 'superseded' | 'verified';

export interface SessionState {
  readonly origin: Origin;
  id: SessionId;
  /** Shared with other requests of the session. Undefined while the session is not stored. */
  live: LiveSession | undefined;
  /** The generation in which this request has the session. */
  generation: number;
  /** The form of the session's cookie. A cookie of express-session has no generation, so its session stays in the first. */
  cookieFormat: CookieFormat;
  /** The token that came with the request or was issued last. Undefined if the cookie is one of express-session. */
  token: Token | undefined;
  /** The application's claims at the beginning of the request, or at the last rotation in it. */
  claims: Claims;
  /** When the session began, in ms since 1970. */
  created: number;
  /** The session as it was when it was put on the request. */
  before: Snapshot;
  /** The expiry in the loaded record. */
  storedExpires: unknown;
  /** Whether the session is in the store: it was loaded, or this request has stored it. */
  isStored: boolean;
  /** Whether the client has a token, or a cookie of express-session if that is the session's form. */
  isSent: boolean;
  /** Whether this request knows that the session was destroyed or that its generation has ended. */
  hasEnded: boolean;
  /** Whether the last write was a rotation that failed. The end of the response does not try it again, and stores nothing. */
  hasFailed: boolean;
  /** What this request has stored last. Undefined before the first write, and after a write that failed. */
  saved: Snapshot | undefined;
  /** What this request has begun to store last. */
  begun: Snapshot | undefined;
  /** When the write for the headers of a stream began, in ms of `performance.now()`, which no clock change moves. */
  headersWrittenAt: number | undefined;
  /** Whether the session has to be stored, even if nothing has changed. */
  mustStore: boolean;
  /** Whether the response has to carry the token, because a write that is done needs it. */
  mustSend: boolean;
  /** Whether the expiry was reset in this response. */
  isTouched: boolean;
}
