import type { Claims } from '../token/claims';
import type { Cookie } from '../session/cookie';
import type { Identity } from '../identity';
import type { Source } from './open';
import type { Config } from '../options/options';
import type { Records } from '../store/records';
import { identityOf } from '../session/session';
import { NEW_SESSION, type Snapshot, takeSnapshot } from '../session/snapshot';
import type { Tokens } from '../token/token';
import type { Carrier, TakeBack } from '../http/transports';
import type { NextFunction, Request, Response } from '../types';

/**
 * Where the request's session came from.
 * new: generated. loaded: stored under the token that came. forwarded: stored under the token to which a legacy cookie or a
 * replaced token leads. replaced: stored under a token that this request has put in the place of an old one. upgraded:
 * stored under a legacy id, to be stored under a token. verified: only its token is known, there is no store.
 */
export type Origin = 'new' | 'loaded' | 'forwarded' | 'replaced' | 'upgraded' | 'verified';

/** Everything about one request between `next()` and the end of its response. */
export class RequestState {
  readonly config: Config;
  readonly tokens: Tokens;
  readonly records: Records;
  readonly req: Request;
  readonly carrier: Carrier;
  /** The session's identity when the request began. */
  readonly identity: Identity;
  /** The session when the request began. */
  readonly before: Snapshot;
  /** When the record expires that was loaded. */
  readonly storedExpires: unknown;
  /** Whether the client's cookie is to be replaced, come what may. */
  readonly mustSetCookie: boolean;
  readonly #wasStored: boolean;
  /** Whether the client has a cookie that goes on working until the session is stored under its new token. */
  replacesCookie: boolean;
  /** Takes back the token that was written. */
  takeBack: TakeBack | undefined;
  headersAreSettled = false;

  constructor(
    source: Source,
    readonly origin: Origin,
    /** JSON text of the loaded session's data, where the store had it. */
    text: string | undefined,
    /** Whether the request came with a token, or an old cookie, that is good by its signature. */
    readonly hasCredential: boolean,
    /** The application's claims when the request began. */
    readonly claims: Claims,
    readonly res: Response,
    readonly next: NextFunction,
  ) {
    this.config = source.config;
    this.tokens = source.tokens;
    this.records = source.storage.records;
    this.req = source.req;
    this.carrier = source.carrier;
    this.identity = identityOf(this.req.session);
    this.before = origin === 'new' ? NEW_SESSION : takeSnapshot(this.req.session, text);
    this.storedExpires = (this.req.session.cookie as Cookie | undefined)?._expires;
    this.mustSetCookie = origin === 'upgraded' || origin === 'forwarded' || origin === 'replaced';
    this.#wasStored = origin !== 'new' && origin !== 'upgraded' && origin !== 'verified';
    this.replacesCookie = origin === 'upgraded';
  }

  /** Whether the session is still the one that the request began with, not one generated since. */
  get isSame(): boolean {
    const identity = identityOf(this.req.session);
    if (identity === this.identity) return true;
    // A session made by hand has the id that it found on the request.
    return !this.identity.isPending && !identity.isPending && identity.id === this.identity.id;
  }

  /** Whether the store has the session under the id that it has now. */
  get isStored(): boolean {
    return this.#wasStored && this.isSame;
  }

  /** Whether there is nothing to be done with the session: what its token says is signed elsewhere. */
  get isReadOnly(): boolean {
    return this.origin === 'verified' && this.isSame;
  }

  /** Reports an error after the response (B129). */
  reportLate(error: unknown): void {
    setImmediate(this.next as (error: unknown) => void, error);
  }
}
