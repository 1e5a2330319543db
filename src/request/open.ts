/** Finds the session of a request: each candidate is tried to the store and the generation, and the first that lives is used. */
import { createWarning, debug, trace } from '../diagnostics';
import type { LiveSession } from '../session/live-session';
import type { RecordState } from '../session/record-state';
import { SessionId } from '../session/session-id';
import type { SessionState } from '../session/session-state';
import { takeSnapshot } from '../session/snapshot';
import type { Found } from '../store/record-store';
import type { Loaded } from '../store/repository';
import { callStoreSafely } from '../store/store-call';
import { verificationBudget } from '../token/token';
import type { AnyStore } from '../types';
import { newState, type RequestContext } from './context';
import { type Candidate, type Credential, tellOfParser, verifyCandidate } from './credential';
import { claimsNow } from './claims-now';
import { formatOf, mustAdopt } from './cookie-format';
import { generateSession } from './generate';
import { overriddenIn, restoreSession } from './restore';

/** A request that arrived so long after its generation ended was most likely under way when the user signed in, in ms. */
const GRACE_OF_SUPERSEDED = 5000;

type Done = (error?: unknown) => void;

/** Puts a session on the request, one that is found or a new one. Never throws but what `done` throws. */
export function openSession(context: RequestContext, candidates: readonly Candidate[], done: Done): void {
  if (candidates.length === 0) {
    debug('no id sent');
    generate(context, done);
    return;
  }
  findSession(context, candidates, (error, opener) => {
    if (error || opener) done(error);
    else generate(context, done);
  });
}

/**
 * Puts the session of the first candidate that opens one on the request.
 *
 * @param done hears which one it was; undefined: none does, and nothing is put there. Nothing else than what it throws is thrown
 */
export function findSession(
  context: RequestContext,
  candidates: readonly Candidate[],
  done: (error?: unknown, opener?: Candidate) => void,
): void {
  const budget = verificationBudget();
  const tryFrom = (index: number): void => {
    for (const [at, candidate] of candidates.entries()) {
      const credential = at < index ? undefined : verifyCandidate(candidate, context, budget);
      if (!credential) continue;
      context.hasCredential = true;
      if (context.isStoreless) {
        let isFound: boolean;
        try {
          isFound = trust(context, credential);
        } catch (error) {
          done(error);
          return;
        }
        if (!isFound) continue;
        done(null, candidate);
        return;
      }
      load(context, credential, (error, isFound) => {
        if (error) done(error);
        else if (isFound) done(null, candidate);
        else tryFrom(at + 1);
      });
      return;
    }
    done();
  };
  tryFrom(0);
}

function generate(context: RequestContext, done: Done): void {
  try {
    generateSession(context, context.supersededId === undefined ? 'new' : 'superseded');
  } catch (error) {
    done(error);
    return;
  }
  done();
}

/** Without a store the token is all there is of the session. @throws what the cookie options or jwtFromReq throw */
function trust(context: RequestContext, { token }: Credential): boolean {
  const { config, tokens } = context;
  if (token?.ses?.handle === undefined) return false;
  const { payload } = token;
  const issuedAt = Number(payload.iat) * 1000;
  const end = config.rules.endOf(token.authTime, Number.isFinite(issuedAt) ? issuedAt : 0);
  if (end !== undefined && end <= Date.now()) return false;
  if (payload.exp === undefined && !config.rules.limitsAge) config.warnOfEndlessToken();
  const { handle } = token.ses;
  const state = newState(
    'verified',
    SessionId.ofHandle(tokens.tenant, handle, token.recordId(tokens.tenant)),
  );
  state.token = token;
  state.generation = token.ses.generation;
  generateSession(context, 'verified', state);
  return true;
}

function load(
  context: RequestContext,
  credential: Credential,
  callback: (error: unknown, isFound?: boolean) => void,
): void {
  const { repository, req } = context;
  req.sessionID = credential.id;
  repository.read(credential.id, (error, loaded) => {
    if (error) {
      callback(error);
      return;
    }
    let isFound: boolean;
    try {
      isFound = isAlive(context, credential, loaded);
    } catch (thrown) {
      callback(thrown);
      return;
    }
    // Not within the above: what the handler throws is nobody's error here.
    if (!isFound) {
      callback(null, false);
      return;
    }
    const state = toState(context, credential, loaded as Loaded & { found: Found });
    const end = context.config.rules.endOf(state.token?.authTime, state.created);
    if (end !== undefined && end <= Date.now()) {
      endSession(context, credential.id, callback);
      return;
    }
    try {
      begin(context, state, loaded as Loaded & { found: Found });
    } catch (thrown) {
      callback(thrown);
      return;
    }
    if (credential.isFromParser) tellOfParser();
    callback(null, true);
  });
}

/** @throws TypeError of a record without a cookie */
function isAlive(context: RequestContext, credential: Credential, { found, isEnding }: Loaded): boolean {
  if (isEnding) context.endingId ??= credential.id;
  if (!found) return false;
  const { record, state } = found;
  if (hasExpired(context, expiryOf(record))) return false;
  if (!state && !credential.isLegacy) {
    warnOfMissingState(context.repository.store);
    return false;
  }
  if (credential.isLegacy && !isAdopted(context, credential, state)) return false;
  const generation = state?.gen ?? 1;
  if (credential.generation < generation) {
    const ended = state?.rotatedAt ?? 0;
    trace('token of an older generation of %s', credential.id);
    if (context.arrivedAt - ended <= GRACE_OF_SUPERSEDED) context.supersededId ??= credential.id;
  }
  return credential.generation === generation;
}

/** Before a tenant gives out a token for a record that was there before, the record says so. */
function isAdopted(
  { adoption, tokens }: RequestContext,
  { token }: Credential,
  state: RecordState | undefined,
): boolean {
  return state ? state.adopted === adoption : !token || tokens.tenant === undefined;
}

/** The usual error of a record that is none: every store's users know it. @throws TypeError */
function expiryOf({ cookie }: { cookie: { expires?: unknown } }): unknown {
  return cookie.expires;
}

/** Stores that cannot renew an expiry may not look at it either; with `touch` the record's own date says nothing. */
function hasExpired({ repository }: RequestContext, expires: unknown): boolean {
  return !repository.canTouch && Boolean(expires) && new Date(expires as string).valueOf() <= Date.now();
}

function toState(
  context: RequestContext,
  credential: Credential,
  loaded: Loaded & { found: Found },
): SessionState {
  const { id, token, isLegacy, generation } = credential;
  const { tokens, config } = context;
  const format = formatOf(config, credential);
  const stored = loaded.found.state;
  const sessionId = isLegacy
    ? SessionId.ofLegacy(id)
    : SessionId.ofHandle(tokens.tenant, token?.ses?.handle, id);
  const state = newState('loaded', sessionId, format);
  state.live = loaded.live;
  state.generation = generation;
  if (format === 'jwt') state.token = token;
  state.created = stored?.created ?? state.created;
  state.isStored = true;
  state.isSent = format === 'jwt' ? token !== undefined : credential.format === format;
  state.mustStore = !stored && mustAdopt(context, state);
  return state;
}

function begin(
  context: RequestContext,
  state: SessionState,
  { found, live, isNewest }: Loaded & { found: Found },
): void {
  const session = restoreSession(context, found.record, state);
  // The text is that of the session only if no reserved name was left out, and the application has changed nothing in between.
  const extra = found.state ? 1 : 0;
  const isWhole =
    Object.keys(found.record).length === Object.keys(session).length + extra &&
    !overriddenIn(context.repository.store);
  state.before = takeSnapshot(session, isWhole ? found.data : undefined);
  state.storedExpires = session.cookie._expires;
  if (isNewest) learn(live, state, found);
  context.opened = context.current = state;
  // A candidate that was tried before this one: only where none lives does it count.
  context.supersededId = context.endingId = undefined;
  context.req.sessionID = state.id.value as string;
  state.claims = claimsNow(context, state.token);
}

function learn(live: LiveSession, { before }: SessionState, found: Found): void {
  live.newest = { state: found.state, data: before.data, cookie: before.cookie };
}

/** However active it was: its time is over. */
function endSession(
  { repository }: RequestContext,
  id: string,
  callback: (error: unknown, isFound?: boolean) => void,
): void {
  trace('session has reached its absolute timeout: %s', id);
  callStoreSafely(
    (done) => {
      repository.destroy(id, 'destroyed', done);
    },
    (error) => {
      callback(error, false);
    },
  );
}

const warnings = new WeakMap<object, () => void>();

function warnOfMissingState(store: AnyStore): void {
  let warn = warnings.get(store);
  if (!warn) {
    warn = createWarning(
      `store ${store.constructor.name}: a record came back without its member __session, so it is not used. The store has ` +
        'to give back all members of what it was given; a record that was made by hand is no session',
    );
    warnings.set(store, warn);
  }
  warn();
}
