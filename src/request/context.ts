/** Everything about one request between its first byte and the last one of its response. */
import { createWarning } from '../diagnostics';
import { isNarrowColumn } from '../store/narrow-column';
import { managedOf, type Session, type SessionOwner } from '../session/session';
import { SessionId } from '../session/session-id';
import type { SessionState } from '../session/session-state';
import { NEW_SESSION } from '../session/snapshot';
import type { Carrier } from '../http/transports';
import type { Config } from '../options/options';
import type { Repository } from '../store/repository';
import { NO_CLAIMS } from '../token/claims';
import type { Tokens } from '../token/token';
import type { NextFunction, Request, Response } from '../types';

export class RequestContext {
  /** In ms since 1970. */
  readonly arrivedAt = Date.now();
  /** What the methods of its sessions do. */
  declare owner: SessionOwner;
  /** The session that the request began with. */
  declare opened: SessionState;
  /** The session that was put on the request last. */
  declare current: SessionState;
  /** Whether a token came, or an old cookie, that is good by its signature. */
  hasCredential = false;
  /** Id of the session whose token came, if that is of an older generation. */
  supersededId: string | undefined;
  /** Id of the session whose token came, if another request is destroying it: a logout here has to see to that as well. */
  endingId: string | undefined;
  /** What the application says of this response: whether it prolongs the session. Undefined until it is asked. */
  prolongs: boolean | undefined;
  /** Whether headers have left, or are decided. */
  headersAreOut = false;
  /** Whether `jwtFromReq` is running: it may ask for the token itself. */
  isReadingClaims = false;
  #pending = 0;
  #whenIdle: (() => void) | undefined;

  constructor(
    readonly config: Config,
    readonly tokens: Tokens,
    readonly repository: Repository,
    /** Whether there is no store. */
    readonly isStoreless: boolean,
    readonly req: Request,
    readonly res: Response,
    readonly next: NextFunction,
    /** How its token came, and how a new one goes. */
    readonly carrier: Carrier,
  ) {}

  /** What is known of a session; one made by hand may stand for the one that the request began with. */
  stateOf(session: Session): SessionState {
    const managed = managedOf(session);
    if (managed) return managed.state;
    return session.id === this.opened.id.value ? this.opened : newState('new', SessionId.plain(session.id));
  }

  /** The generation in which this request may see the session of this id; undefined: it is another one's. */
  generationOf(id: unknown): number | undefined {
    const opened = this.opened as SessionState | undefined;
    return opened?.origin === 'loaded' && opened.id.value === id ? opened.generation : undefined;
  }

  /** What a record of express-session says once it is ours. */
  get adoption(): true | string {
    return this.tokens.tenant ?? true;
  }

  /**
   * Store work that the handler has begun, or that the headers wait for: the end of the response waits for it.
   *
   * @returns the callback to be called in place of `done`. By then the work counts as done, since `done` may wait for the end
   */
  track<Arguments extends unknown[]>(done: (...args: Arguments) => void): (...args: Arguments) => void {
    this.#pending += 1;
    return (...args) => {
      this.#pending -= 1;
      // A turn later: who is told now may begin more work.
      if (this.#pending === 0 && this.#whenIdle) this.#continueLater();
      done(...args);
    };
  }

  /** Also while somebody waits for the end of work: what they do then comes first. */
  get isBusy(): boolean {
    return this.#pending > 0 || this.#whenIdle !== undefined;
  }

  /** Calls back once no work is under way. */
  whenIdle(callback: () => void): void {
    this.#whenIdle = callback;
    if (this.#pending === 0) this.#continueLater();
  }

  #continueLater(): void {
    setImmediate(() => {
      if (this.#pending > 0) return;
      const callback = this.#whenIdle;
      this.#whenIdle = undefined;
      callback?.();
    });
  }

  /** Tells an error when the response is over: sooner, Express would cut off what is on its way. */
  reportLate(error: unknown): void {
    tellOfCause(error);
    const { res, next } = this;
    const tell = (): void => {
      setImmediate(next as (error: unknown) => void, error);
    };
    const { writableFinished, destroyed } = res as Partial<Response>;
    if (writableFinished || destroyed || typeof (res as Partial<Response>).once !== 'function') {
      tell();
      return;
    }
    let isTold = false;
    const tellOnce = (): void => {
      if (isTold) return;
      isTold = true;
      tell();
    };
    res.once('finish', tellOnce);
    res.once('close', tellOnce);
  }
}

const warnOfNarrowColumn = createWarning(
  'WARN_SESSION_NARROW_COLUMN',
  'the store refuses a session since a column of its table is too narrow: ids have 32 characters, and data need a text column ' +
    'without a limit. npx express-session-jwt check app.js tries it',
);

const warnOfUndeliverable = createWarning(
  'WARN_SESSION_UNDELIVERABLE',
  'a login or logout was not stored, since its response could not carry the new token. Change what jwtFromReq returns before ' +
    'the first byte is written, and not in the handshake of a WebSocket',
);

/** Errors that are told late are easily overlooked. */
function tellOfCause(error: unknown): void {
  if (isNarrowColumn(error)) warnOfNarrowColumn();
  if ((error as { code?: unknown } | undefined)?.code === 'ERR_SESSION_TOKEN_UNDELIVERABLE')
    warnOfUndeliverable();
}

export function newState(
  origin: SessionState['origin'],
  id: SessionId,
  cookieFormat: SessionState['cookieFormat'] = 'jwt',
): SessionState {
  return {
    origin,
    id,
    cookieFormat,
    live: undefined,
    generation: 1,
    token: undefined,
    claims: NO_CLAIMS,
    created: Date.now(),
    before: NEW_SESSION,
    isStored: false,
    isSent: false,
    hasEnded: false,
    hasFailed: false,
    saved: undefined,
    begun: undefined,
    headersWrittenAt: undefined,
    mustStore: origin === 'regenerated',
    mustSend: false,
    isTouched: false,
    storedExpires: undefined,
  };
}
