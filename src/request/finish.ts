import type { Claims } from '../token/claims';
import { isModified, shouldDestroy, shouldRotate, shouldSave, shouldSetCookie, shouldTouch } from './decide';
import { isSecure } from '../session/cookie';
import { debug, trace } from '../diagnostics';
import { expireCookie } from './clear-cookie';
import { defineSessionID, reissue } from './generate';
import { Identity } from '../identity';
import type { WriteCallback } from '../store/records';
import type { RequestState } from './request-state';
import { identityOf, type Internals, internalsOf, type Session, touchOnce } from '../session/session';
import { type Snapshot, takeSnapshot, toRecord } from '../session/snapshot';
import { callStore, callStoreSafely } from '../store/store-call';
import type { SessionRecord } from '../types';

/** Calls back once. */
export type StoreWork = (callback: WriteCallback) => void;

/**
 * The session as it is now, its expiry reset; undefined where there is none to store or to send.
 *
 * @throws TypeError if it is no session, or if its data cannot be expressed in JSON (B045, B151)
 */
export function observe(state: RequestState): Snapshot | undefined {
  const { req } = state;
  if (!(req.session as unknown)) {
    debug('no session');
    return undefined;
  }
  if (state.isReadOnly) {
    debug('no store: session not saved');
    return undefined;
  }
  if (!hasUsableId(state)) {
    debug('bogus session id');
    return undefined;
  }
  touchOnce(req.session);
  return takeSnapshot(req.session);
}

/** The application may have put something else into `req.sessionID` (B039); a pending token is not signed to see that. */
function hasUsableId({ req }: RequestState): boolean {
  return (identityOf(req.session).isPending && isLazy(req)) || typeof req.sessionID === 'string';
}

function isLazy(req: RequestState['req']): boolean {
  return Object.getOwnPropertyDescriptor(req, 'sessionID')?.get !== undefined;
}

/**
 * What is done once when the headers are due: a new token if the claims have changed, Set-Cookie.
 *
 * @throws IssueError if a token is needed and cannot be issued
 */
export function settleHeaders(state: RequestState, now: Snapshot | undefined): void {
  if (state.headersAreSettled) return;
  state.headersAreSettled = true;
  if (now) settleToken(state, now);
  if (state.config.clearCookie && !state.takeBack) expireCookie(state);
}

function settleToken(state: RequestState, now: Snapshot): void {
  const { req, config, carrier } = state;
  const rotation = dueRotation(state, now);
  if (!rotation && !shouldSetCookie(state, now)) return;
  if (carrier.isCookie && req.session.cookie.secure && !isSecure(req, config.proxy)) {
    debug('not secured');
    return;
  }
  if (rotation) rotate(state, rotation);
  sendToken(state);
}

interface Rotation {
  readonly claims: Claims;
  readonly internals: Internals;
}

/** Whether the session needs another token, and for which claims (B210–B218). */
function dueRotation(state: RequestState, now: Snapshot): Rotation | undefined {
  const { config, req } = state;
  if (!config.hasClaims) return undefined;
  const internals = internalsOf(req.session);
  let claims: Claims;
  try {
    claims = config.readClaims(req, internals?.identity.signedToken);
  } catch (error) {
    state.reportLate(error);
    return undefined;
  }
  // A pending token will be signed with today's claims; of an untouched new session nobody keeps the token (B216).
  const token = internals?.identity.signedToken;
  if (!token) return undefined;
  if (!state.isStored && !shouldSetCookie(state, now)) return undefined;
  return shouldRotate(state, claims, token.claims.text) ? { claims, internals } : undefined;
}

/** Another token for the same session. The record under the old one goes once the new one is stored. */
function rotate(state: RequestState, { claims, internals }: Rotation): void {
  const { req, config, tokens, records } = state;
  const token = reissue(config, tokens, req, claims, internals.identity.token?.origins);
  const identity = Identity.of(token);
  const wasStored = state.origin !== 'new' || internals.saved !== undefined || internals.saving > 0;
  if (wasStored) {
    const id = records.idOf(internals.identity);
    identity.liveness = records.livenessOf(records.idOf(identity));
    identity.liveness.predecessor = { id, liveness: records.livenessOf(id) };
  }
  state.replacesCookie ||= state.isStored;
  internals.identity = identity;
  internals.saved = undefined;
  internals.mustStore = true;
  defineSessionID(req, identity);
}

function sendToken(state: RequestState): void {
  const { req, res, carrier, records } = state;
  const identity = identityOf(req.session);
  const token = identity.requireId();
  const report = (error: unknown): void => {
    state.reportLate(error);
  };
  try {
    state.takeBack = carrier.write(req, res, token, report);
  } catch (error) {
    report(error);
    return;
  }
  trace(`${carrier.label} for %s`, records.idOf(identity));
}

/** Takes back the token of a session that could not be stored; the one the client has goes on working. */
export function withdrawToken({ res, takeBack }: RequestState): void {
  if (!res.headersSent) takeBack?.();
}

/**
 * What is done with the session when the response ends: destroy, save, touch or, returning undefined, nothing.
 * The work throws what the store throws before it has called back.
 *
 * @throws IssueError if a token is needed and cannot be issued
 */
export function settleStore(state: RequestState, now: Snapshot | undefined): StoreWork | undefined {
  const { req, records } = state;
  if (shouldDestroy(state)) return destroyUnset(state);
  if (!now) return undefined;
  const session = req.session as unknown as Session;
  const identity = identityOf(session);
  const internals = internalsOf(session);
  if (internals && internals.saving > 0) {
    // The handler may go on changing the session: what it is now counts (B043).
    const record: SessionRecord = { ...toRecord(session), ...(JSON.parse(now.data) as object) };
    return (callback) => {
      internals.whenSaved.push(() => {
        if (shouldSave(state, now)) records.writeLater(records.idOf(identity), record, callback);
        else callback();
      });
    };
  }
  if (shouldSave(state, now)) {
    const storedId = records.idOf(identity);
    // Requests that upgrade the same session and change nothing leave it to one of them (B237).
    const isMereUpgrade = state.origin === 'upgraded' && !isModified(state, now);
    return (callback) => {
      if (isMereUpgrade) records.writeOnce(storedId, session, now.data, callback);
      else records.write(storedId, session, now.data, callback);
    };
  }
  if (!records.canTouch || !shouldTouch(state)) return undefined;
  const storedId = records.idOf(identity);
  // What it throws comes out of res.end with 'late' (B045); with 'respond' a touch never spoils a response.
  const call = state.config.saveErrors === 'respond' ? callStoreSafely : callStore;
  return (callback) => {
    call(
      (done) => {
        records.renew(storedId, session, done);
      },
      (error) => {
        // Whatever came of it, the session is stored.
        callback(error, true);
      },
    );
  };
}

function destroyUnset({ req, records }: RequestState): StoreWork | undefined {
  const id: unknown = req.sessionID;
  // Without a private key a new session has no id, and was never stored.
  if (typeof id !== 'string' || id === '') return undefined;
  return (callback) => {
    records.remove(records.toStoredId(id), callback);
  };
}
