/** What is known about a session on a request beyond its data. Nothing on `req` leads to it. */
import type { Claims } from '../token/claims';
import type { Token } from '../token/token';
import type { CookieFormat } from '../types';
import type { LiveSession } from './live-session';
import type { SessionId } from './session-id';
import type { Snapshot } from './snapshot';

/**
 * Where the session came from.
 * new: generated for a request without one. loaded: the store had it. regenerated: generated in the place of another one.
 * superseded: generated for a request whose token is of an older generation. verified: only its token is known, there is no
 * store.
 */
export type Origin = 'new' | 'loaded' | 'regenerated' | 'superseded' | 'verified';

export interface SessionState {
  readonly origin: Origin;
  id: SessionId;
  /** Shared with the other requests of the session; undefined as long as it is not stored. */
  live: LiveSession | undefined;
  /** The generation that this request has. */
  generation: number;
  /** The form of its cookie, from beginning to end. One of express-session's can say no generation: it stays at the first. */
  cookieFormat: CookieFormat;
  /** The token of this generation that came, or was issued last; undefined where the cookie is express-session's. */
  token: Token | undefined;
  /** The application's claims when the session was put on the request, or stored last by `save`. */
  claims: Claims;
  /** When the session began, in ms since 1970. */
  created: number;
  /** What the session looked like when it was put on the request. */
  before: Snapshot;
  /** When the record expires that was loaded. */
  storedExpires: unknown;
  /** Whether the store has it: it was loaded, or this request has stored it. */
  isStored: boolean;
  /** Whether the client has it: a token, or the cookie of express-session where that is its form. */
  isSent: boolean;
  /** Whether a write has found out that the session is destroyed or its generation has ended. */
  hasEnded: boolean;
  /** Whether the last write was a rotation that failed: at the end it is not tried again, and nothing else is stored. */
  hasFailed: boolean;
  /** What this request has stored last; undefined before, and after a save that failed. */
  saved: Snapshot | undefined;
  /** What this request has begun to store last. */
  begun: Snapshot | undefined;
  /** When a write for the headers of a stream began, by a clock that nobody sets, in ms. */
  headersWrittenAt: number | undefined;
  /** Whether it is to be stored whatever its data. */
  mustStore: boolean;
  /** Whether the response has to carry the token: it belongs to a write that is done. */
  mustSend: boolean;
  /** Whether the expiry has been reset for this response. */
  isTouched: boolean;
}
