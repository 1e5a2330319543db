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
import { NO_CLAIMS, subjectOf } from '../token/claims';
import type { Tokens } from '../token/token';
import type { NextFunction, Request, Response } from '../types';

export class RequestContext {
  /** In ms since 1970. */
  readonly arrivedAt = Date.now();
  /** Does the work of the session's methods. */
  declare owner: SessionOwner;
  /** The session that the request began with. */
  declare opened: SessionState;
  /** The session that was put on the request last. */
  declare current: SessionState;
  /** The id of the session that the token names, if another request has ended the token's generation a moment ago. */
  supersededId: string | undefined;
  /** The id of the session that the token names, if another request is destroying it now. A logout here destroys it as well. */
  endingId: string | undefined;
  /** The id of the session that this request has destroyed. With `unset: 'destroy'` the end of the response does so again. */
  destroyedId: string | undefined;
  /** The application's answer to the `touch` option: whether this response prolongs the session. Undefined until it is asked. */
  prolongs: boolean | undefined;
  /** Whether the headers have left, or nothing about them can change any more. */
  headersAreOut = false;
  /** Whether `jwtFromReq` is running. It may ask for the token, which depends on the claims that it has not returned yet. */
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
    /** How the token came with this request, and how a new one is sent. */
    readonly carrier: Carrier,
  ) {}

  /** The state of a session. An application may put a session that it made by hand in the place of the opened one. */
  stateOf(session: Session): SessionState {
    const managed = managedOf(session);
    if (managed) return managed.state;
    return session.id === this.opened.id.value ? this.opened : newState('new', SessionId.plain(session.id));
  }

  /** The generation in which this request may see the session of this id. Undefined: the id belongs to another session. */
  generationOf(id: unknown): number | undefined {
    const opened = this.opened as SessionState | undefined;
    return opened?.origin === 'loaded' && opened.id.value === id ? opened.generation : undefined;
  }

  /** The user of the session, as the claims name it. Undefined: none, or there is no session yet. */
  get subject(): string | undefined {
    const current = this.current as SessionState | undefined;
    return current && subjectOf(current.claims);
  }

  /** The value of `adopted` in the record of an express-session session that gets a token. */
  get adoption(): true | string {
    return this.tokens.tenant ?? true;
  }

  /**
   * Counts work on the store that the handler has begun, or that the headers wait for. The end of the response waits for it.
   *
   * @returns the callback to call in place of `done`. It counts the work as finished before it calls `done`, because `done` may
   * wait for the end of the response itself
   */
  track<Arguments extends unknown[]>(done: (...args: Arguments) => void): (...args: Arguments) => void {
    this.#pending += 1;
    return (...args) => {
      this.#pending -= 1;
      // Goes on in a later turn, because `done` may begin more work.
      if (this.#pending === 0 && this.#whenIdle) this.#continueLater();
      done(...args);
    };
  }

  /** Whether work is under way, or somebody waits for its end in `whenIdle` and comes first. */
  get isBusy(): boolean {
    return this.#pending > 0 || this.#whenIdle !== undefined;
  }

  /** Calls back as soon as no work is under way. */
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

  /** Passes an error to `next` when the response is over. If it came sooner, Express would cut the response off. */
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

/** Warns of causes that deserve it, because an error that is reported late is easily overlooked. */
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
