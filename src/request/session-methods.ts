/** What the methods of `req.session` do in a request. */
import type { Session, SessionOwner, SaveCallback } from '../session/session';
import { generationOf } from '../session/record-state';
import { SessionError } from '../errors';
import { callStoreSafely } from '../store/store-call';
import type { Token } from '../token/token';
import type { ErrorCallback } from '../types';
import { NoPrivateKeyError } from '../keys/key-ring';
import type { RequestContext } from './context';
import { decideClaims, signsIn } from './decide';
import { generateSession } from './generate';
import { currentToken } from './issue';
import { type Observed, observeSession } from './observe';
import { restoreSession } from './restore';
import { prepareRotation, type Rotation, storeSession, undeliverable } from './store-session';

export const NOT_FOUND = 'failed to load session';

/** Work that is begun here is waited for by the end of the response. */
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

  /** Of a superseded request it is the session that its token belonged to. */
  destroy(session: Session, done: ErrorCallback): void {
    const context = this.#context;
    const finish = context.track(done);
    const { origin } = context.stateOf(session);
    // Without a store only what a token says can be meant to end.
    const isNowhere = context.isStoreless && origin !== 'verified';
    const id = isNowhere ? undefined : (context.supersededId ?? context.endingId ?? session.id);
    Reflect.deleteProperty(context.req, 'session');
    this.#end(id, 'destroyed', finish);
  }

  /** Where there could be no new session the old one stays. */
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
    // Where there is none the session was never stored, as where genid returned no text.
    if (typeof id !== 'string') setImmediate(done);
    else
      callStoreSafely((answer) => {
        this.#context.repository.destroy(id, how, answer);
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
      observed = observeSession(context, session, state);
      if (isNeverStored(context, observed)) {
        done(null, false);
        return;
      }
      // What no token names could never be opened.
      const needsToken = state.origin !== 'verified' && !state.isStored;
      if (needsToken && !context.tokens.canIssue) throw new NoPrivateKeyError();
      const change = decideClaims(state, observed.now);
      if (observed.claimsError !== undefined) throw undeliverable(observed.claimsError);
      // A session that is not stored yet gets its first token with this response.
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

/** A request whose generation has ended stores nothing, unless somebody has signed in with it. */
function isNeverStored({ isStoreless }: RequestContext, { state, now }: Observed): boolean {
  if (isStoreless) return false;
  return state.origin === 'superseded' && !state.isStored && !signsIn(state, now.claims);
}
