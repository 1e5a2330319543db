/** Stores the session of a request in one write: as a new one, in the same generation, or in the next one. */
import { debug } from '../diagnostics';
import { firstState } from '../session/record-state';
import { SessionError } from '../errors';
import type { LiveSession } from '../session/live-session';
import { callStoreSafely } from '../store/store-call';
import { NO_CLAIMS } from '../token/claims';
import type { Token } from '../token/token';
import type { RequestContext } from './context';
import { mayAdopt, randomId } from './cookie-format';
import { issueToken } from './issue';
import type { Observed } from './observe';
import { defineSessionID } from './request-link';
import { tellCreated, tellDropped, tellRotated } from './tell';

/** `stored` is false if the session was destroyed or its generation has ended meanwhile. Then nothing was stored. */
export type StoredCallback = (error?: unknown, stored?: boolean) => void;

/** The token of the next generation. It is signed before the write, and sent only if the write succeeds. */
export interface Rotation {
  readonly token: Token;
}

/**
 * @param isSignIn whether somebody signs in now, whatever the claims say
 * @throws SessionError if the new token cannot be delivered. Then nothing has changed
 */
export function prepareRotation(context: RequestContext, observed: Observed, isSignIn: boolean): Rotation {
  const { state, now } = observed;
  if (!now.canSend) throw undeliverable();
  try {
    return { token: issueToken(context, state, now.claims, state.generation + 1, isSignIn) };
  } catch (error) {
    throw undeliverable(error);
  }
}

export function undeliverable(cause?: unknown): SessionError {
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new SessionError(
    'ERR_SESSION_TOKEN_UNDELIVERABLE',
    'the claims have changed, but this response cannot carry a new token (its headers have left, the cookie is secure and ' +
      `the connection is not, or no token can be made), so nothing was stored${reason}`,
    cause,
  );
}

/**
 * @param rotation the next generation's token. Undefined: the generation stays
 * @throws what the store throws at once
 */
export function storeSession(
  context: RequestContext,
  observed: Observed,
  rotation: Rotation | undefined,
  callback: StoredCallback,
): void {
  const { state } = observed;
  state.begun = observed.now.snapshot;
  if (state.hasEnded) callback(null, false);
  else if (!state.isStored || !state.live) create(context, observed, callback);
  else update(context, observed, state.live, rotation, callback);
}

function create(context: RequestContext, observed: Observed, callback: StoredCallback): void {
  const { source: session, cookie, state, now } = observed;
  const { data } = now.snapshot;
  const recordState = state.cookieFormat === 'jwt' ? firstState() : undefined;
  context.repository.create(state.id.require(), { session, data, cookie }, recordState, (error, live) => {
    if (error) {
      state.saved = undefined;
      state.mustStore = true;
      callback(error);
      return;
    }
    state.live = live;
    state.isStored = true;
    // A later logout of this request ends the new session, not the one that its old token names.
    context.supersededId = undefined;
    state.saved = now.snapshot;
    tellCreated(context, observed);
    callback(null, true);
  });
}

function update(
  context: RequestContext,
  observed: Observed,
  live: LiveSession,
  rotation: Rotation | undefined,
  callback: StoredCallback,
): void {
  const { source: session, cookie, kept, state, now } = observed;
  const change = {
    session,
    data: now.snapshot.data,
    cookie,
    kept,
    generation: state.generation,
    rotates: rotation !== undefined,
    mergeBase: context.config.merge ? (state.saved ?? state.before).data : undefined,
    adopted: mayAdopt(context, state, rotation !== undefined) ? context.adoption : undefined,
  };
  context.repository.write(state.id.require(), live, change, (error, outcome, stored) => {
    if (error) {
      state.saved = undefined;
      state.mustStore = true;
      state.hasFailed = rotation !== undefined;
      callback(error);
    } else if (outcome === 'stored') {
      state.saved = now.snapshot;
      state.hasFailed = false;
      if (stored) state.created = stored.created;
      if (rotation) {
        tellRotated(context, observed);
        state.generation += 1;
        state.token = rotation.token;
        state.claims = now.claims;
        state.mustSend = true;
      } else if (state.cookieFormat === 'express-session') state.claims = now.claims;
      callback(null, true);
    } else if (outcome === 'refused') {
      state.saved = now.snapshot;
      tellDropped(context, state, 'destroyed');
      callback(null, false);
    } else if (signsSomebodyIn(observed, rotation)) storeElsewhere(context, observed, callback);
    else {
      debug('not saved: the session was destroyed, or its generation has ended');
      state.hasEnded = true;
      tellDropped(context, state, outcome === 'superseded' ? 'superseded' : 'destroyed');
      callback(null, false);
    }
  });
}

/** Whether this write is a login: by a rotation, or, where the cookie is express-session's, by new claims. */
function signsSomebodyIn({ state, now }: Observed, rotation: Rotation | undefined): boolean {
  const isSentAnew = state.cookieFormat === 'express-session' && state.origin === 'loaded' && now.canSend;
  if (!rotation && !isSentAnew) return false;
  return now.claims !== NO_CLAIMS && (now.tokenClaims ?? state.claims) === NO_CLAIMS;
}

/**
 * Stores a login under a new id, as `regenerate` does, because another request has signed in with the same session or has
 * destroyed it meanwhile. This request has checked a password by itself, so a logout elsewhere must not undo it.
 */
function storeElsewhere(context: RequestContext, observed: Observed, callback: StoredCallback): void {
  const { state, now } = observed;
  state.id = randomId(context);
  state.cookieFormat = context.config.cookieFormat;
  state.generation = 1;
  state.live = undefined;
  state.isStored = false;
  state.created = Date.now();
  defineSessionID(context.req, state.id);
  try {
    state.token = state.cookieFormat === 'jwt' ? issueToken(context, state, now.claims, 1, true) : undefined;
  } catch (error) {
    state.hasEnded = true;
    callback(undeliverable(error));
    return;
  }
  callStoreSafely(
    (done: StoredCallback) => {
      create(context, observed, done);
    },
    (error, stored) => {
      state.hasEnded = Boolean(error);
      state.mustSend = !error;
      state.claims = now.claims;
      callback(error, stored);
    },
  );
}
