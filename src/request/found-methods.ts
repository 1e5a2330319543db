/** The methods of a session that `sessions.find` has found: each looks first whether the request would still find it. */
import type { SaveCallback, Session, SessionOwner } from '../session/session';
import { SessionError } from '../errors';
import { answerOf } from '../session/session-promise';
import type { SessionState } from '../session/session-state';
import { callStoreSafely } from '../store/store-call';
import type { Token } from '../token/token';
import type { ErrorCallback } from '../types';
import type { RequestContext } from './context';
import { decideClaims } from './decide';
import { destroySession } from './destroy';
import { observeNow } from './observe';
import { NOT_FOUND } from './session-methods';
import { storeSession } from './store-session';

/** The session that the request would find now. */
export interface Again {
  readonly context: RequestContext;
  readonly isFound: boolean;
}

export class FoundMethods implements SessionOwner {
  readonly #context: RequestContext;
  readonly #lookAgain: () => Promise<Again>;

  constructor(context: RequestContext, lookAgain: () => Promise<Again>) {
    this.#context = context;
    this.#lookAgain = lookAgain;
  }

  save(session: Session, done: SaveCallback): void {
    tell(this.#save(session), done);
  }

  reload(session: Session, done: ErrorCallback): void {
    tell(this.#reload(session), done);
  }

  destroy(_: Session, done: ErrorCallback): void {
    tell(this.#destroy(), done);
  }

  regenerate(_: Session, done: ErrorCallback): void {
    setImmediate(done, undeliverable('regenerate: the new session'));
  }

  renewToken(_: Session, done: ErrorCallback): void {
    setImmediate(done, undeliverable('renewToken: the session'));
  }

  /** The token that came. No new one is made, because no response could carry it. */
  tokenOf(): Token | undefined {
    return this.#state.token;
  }

  /** Warns the process, because there is no `next`. */
  reportLate(error: unknown): void {
    process.emitWarning(error instanceof Error ? error : String(error));
  }

  get #state(): SessionState {
    return this.#context.current;
  }

  async #save(session: Session): Promise<boolean> {
    const { context, isFound } = await this.#lookAgain();
    if (!isFound) return false;
    // Several calls may run at once, so each has a state of its own. It holds the LiveSession only while it runs.
    const { live, created } = context.current;
    const state: SessionState = { ...this.#state, live, created };
    const observed = observeNow(this.#context, session, state);
    if (observed.claimsError !== undefined || decideClaims(state, observed.now) === 'hard')
      throw undeliverable('save: the claims have changed, so that the session', observed.claimsError);
    const isStored = await callSafely<boolean>((answer) => {
      storeSession(this.#context, observed, undefined, answer);
    });
    this.#state.saved = state.saved;
    return isStored;
  }

  /** Updates this object, because the application holds it and has no `req.session` to look at. */
  async #reload(session: Session): Promise<void> {
    const { context, isFound } = await this.#lookAgain();
    if (!isFound || this.#state.hasEnded) throw new SessionError('ERR_SESSION_NOT_FOUND', NOT_FOUND);
    // Without a store this read rejects with an error that says so.
    if (context.isStoreless) await answerOf(lookAt(context));
    for (const name of Object.keys(session)) Reflect.deleteProperty(session, name);
    Object.assign(session, context.req.session);
    Object.assign(this.#state, context.current, { live: undefined });
  }

  async #destroy(): Promise<void> {
    this.#state.hasEnded = true;
    Reflect.deleteProperty(this.#context.req, 'session');
    const { context, isFound } = await this.#lookAgain();
    const { supersededId, endingId } = context;
    const id = isFound ? context.current.id.require() : (supersededId ?? endingId);
    if (id === undefined) return;
    await callSafely((done) => {
      destroySession(context, id, 'destroyed', done);
    });
  }
}

function lookAt({ repository, current }: RequestContext): (done: ErrorCallback) => void {
  return (done) => {
    repository.look(current.id.require(), current.generation, done);
  };
}

/** @param call a call of the store, which may throw */
function callSafely<Result>(
  call: (done: (error?: unknown, result?: Result) => void) => void,
): Promise<Result> {
  return answerOf((done) => {
    callStoreSafely(call, done);
  });
}

/** Calls back outside of the promise, so that an error thrown by the callback is no rejection of it. */
function tell<Result>(promise: Promise<Result>, done: (error?: unknown, result?: Result) => void): void {
  promise.then(
    (result) => {
      setImmediate(done, undefined, result);
    },
    (error: unknown) => {
      setImmediate(done, error);
    },
  );
}

function undeliverable(what: string, cause?: unknown): SessionError {
  return new SessionError(
    'ERR_SESSION_TOKEN_UNDELIVERABLE',
    `${what} needs a new token, and a session of sessions.find has no response that could carry one, so nothing was stored. ` +
      'Do that in a request that the middleware has seen',
    cause,
  );
}
