/** Does the work of the methods of `req.session` in a request. */
import type { Session, SessionOwner, SaveCallback } from '../session/session';
import { generationOf } from '../session/record-state';
import { SessionError } from '../errors';
import { callStoreSafely } from '../store/store-call';
import type { Token } from '../token/token';
import type { ErrorCallback } from '../types';
import { NoPrivateKeyError } from '../keys/key-ring';
import type { RequestContext } from './context';
import { decideClaims, signsIn } from './decide';
import { destroySession } from './destroy';
import { generateSession } from './generate';
import { currentToken } from './issue';
import { type Observed, observeNow } from './observe';
import { restoreSession } from './restore';
import { prepareRotation, type Rotation, storeSession, undeliverable } from './store-session';

export const NOT_FOUND = 'failed to load session';

/** The end of the response waits for work that begins here. */
export class SessionMethods implements SessionOwner {
  readonly #context: RequestContext;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  save(session: Session, done: SaveCallback): void {
    this.#save(session, false, this.#context.track(done));
  }

  renewToken(session: Session, done: ErrorCallback): void {
    const finish = this.#context.track(done);
    this.#save(session, true, (error, stored) => {
      finish(error ?? (stored ? undefined : new SessionError('ERR_SESSION_NOT_FOUND', NOT_FOUND)));
    });
  }

  reload(session: Session, done: ErrorCallback): void {
    const context = this.#context;
    const finish = context.track(done);
    const state = context.stateOf(session);
    if (!state.id.isUsable) {
      finish(new SessionError('ERR_SESSION_NOT_FOUND', NOT_FOUND));
      return;
    }
    context.repository.read(state.id.require(), (error, { found, live }) => {
      const isGone = !(context.req.session as unknown) || state.hasEnded;
      if (error || !found || isGone || generationOf(found) !== state.generation) {
        finish(error ?? new SessionError('ERR_SESSION_NOT_FOUND', NOT_FOUND));
        return;
      }
      try {
        const restored = restoreSession(context, found.record, state);
        state.storedExpires = restored.cookie._expires;
        state.live ??= live;
      } catch (thrown) {
        finish(thrown);
        return;
      }
      finish();
    });
  }

  /** Ends the session that the token of the request names, even if the token is of an older generation. */
  destroy(session: Session, done: ErrorCallback): void {
    const context = this.#context;
    const finish = context.track(done);
    const { origin } = context.stateOf(session);
    // Without a store a new session is nowhere. A session that came by a token gets the store's error.
    const isNowhere = context.isStoreless && origin !== 'verified';
    const id = isNowhere ? undefined : (context.supersededId ?? context.endingId ?? session.id);
    Reflect.deleteProperty(context.req, 'session');
    this.#end(id, 'destroyed', finish);
  }

  /** Replaces the session by a new one. Without a private key there can be no new one, and the old one stays. */
  regenerate(session: Session, done: ErrorCallback): void {
    const context = this.#context;
    const finish = context.track(done);
    if (!context.tokens.canIssue) {
      setImmediate(finish, new NoPrivateKeyError());
      return;
    }
    const { isTouched } = context.stateOf(session);
    this.#end(context.supersededId ?? context.endingId ?? session.id, 'regenerated', (error) => {
      try {
        context.supersededId = context.endingId = undefined;
        generateSession(context, 'regenerated');
        context.current.isTouched = isTouched;
      } catch (thrown) {
        finish(thrown);
        return;
      }
      finish(error);
    });
  }

  tokenOf(session: Session): Token | undefined {
    return currentToken(this.#context, session);
  }

  reportLate(error: unknown): void {
    this.#context.reportLate(error);
  }

  #end(id: unknown, how: 'destroyed' | 'regenerated', done: ErrorCallback): void {
    // Without an id the session was never stored, for example if genid returned no text.
    if (typeof id !== 'string') setImmediate(done);
    else
      callStoreSafely((answer) => {
        destroySession(this.#context, id, how, answer);
      }, done);
  }

  #save(session: Session, isRenewed: boolean, done: SaveCallback): void {
    const context = this.#context;
    let observed: Observed;
    let rotation: Rotation | undefined;
    try {
      const state = context.stateOf(session);
      state.id.require();
      if (isRenewed && state.cookieFormat === 'express-session') throw hasNoToken();
      observed = observeNow(context, session, state);
      if (isNeverStored(context, observed)) {
        done(null, false);
        return;
      }
      // Nobody could ever open a session without a token.
      const needsToken = state.origin !== 'verified' && !state.isStored;
      if (needsToken && !context.tokens.canIssue) throw new NoPrivateKeyError();
      const change = decideClaims(state, observed.now);
      if (observed.claimsError !== undefined) throw undeliverable(observed.claimsError);
      // A session that is not stored yet has no old token that has to end.
      const isNext = (isRenewed && state.isStored) || change === 'hard';
      if (isNext) rotation = prepareRotation(context, observed, isRenewed);
      else if (isRenewed && !observed.now.canSend) throw undeliverable();
    } catch (error) {
      done(error);
      return;
    }
    callStoreSafely((answer: SaveCallback) => {
      storeSession(context, observed, rotation, answer);
    }, done);
  }
}

function hasNoToken(): SessionError {
  return new SessionError(
    'ERR_SESSION_COOKIE_FORMAT',
    "renewToken: this session's cookie is one of express-session, which can say no generation (cookieFormat option). Call " +
      "regenerate() in its place, or renewToken() once cookieFormat is 'jwt'",
  );
}

/** Whether nothing is stored: the request's generation has ended, and nobody has signed in with it since. */
function isNeverStored({ isStoreless }: RequestContext, { state, now }: Observed): boolean {
  if (isStoreless) return false;
  return state.origin === 'superseded' && !state.isStored && !signsIn(state, now.claims);
}
