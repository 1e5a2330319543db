/** Loads the session that a credential names: its record has to be there, unexpired, and of the same generation. */
import { createWarning, trace } from '../diagnostics';
import { tellingOfDestroy } from '../session/events';
import type { LiveSession } from '../session/live-session';
import { generationOf, type RecordState } from '../session/record-state';
import { SessionId } from '../session/session-id';
import type { SessionState } from '../session/session-state';
import { takeSnapshot } from '../session/snapshot';
import type { Found } from '../store/record-store';
import type { Loaded } from '../store/repository';
import { callStoreSafely } from '../store/store-call';
import type { AnyStore, RefusalReason } from '../types';
import { claimsNow } from './claims-now';
import { newState, type RequestContext } from './context';
import { formatOf, mustAdopt } from './cookie-format';
import { type Credential, tellOfParser } from './credential';
import { overriddenIn, restoreSession } from './restore';
import { tellLoaded, tellRefused } from './tell';

/** In ms. A request that arrives so soon after its generation has ended was most likely under way when the user signed in. */
const GRACE_OF_SUPERSEDED = 5000;

/** Hears whether a credential has opened a session. */
export interface Loading {
  /** @param isFound whether the session is on the request now */
  loaded(error: unknown, isFound?: boolean): void;
}

/** Puts the session that a credential opens on the request, if there is one. */
export function loadSession(context: RequestContext, credential: Credential, loading: Loading): void {
  const { repository, req } = context;
  req.sessionID = credential.id;
  repository.read(credential.id, (error, loaded) => {
    if (error) {
      loading.loaded(error);
      return;
    }
    let refusal: RefusalReason | undefined;
    try {
      refusal = refusalOf(context, credential, loaded);
    } catch (thrown) {
      loading.loaded(thrown);
      return;
    }
    // `loaded` runs the handler. What the handler throws must not be caught here.
    if (refusal) {
      tellRefused(context.req, refusal, credential);
      loading.loaded(null);
      return;
    }
    const state = toState(context, credential, loaded as Loaded & { found: Found });
    const end = context.config.rules.endOf(state.token?.authTime, state.created);
    if (end !== undefined && end <= Date.now()) {
      tellRefused(context.req, 'timeout', credential);
      endSession(context, credential.id, loading);
      return;
    }
    try {
      begin(context, state, loaded as Loaded & { found: Found });
    } catch (thrown) {
      loading.loaded(thrown);
      return;
    }
    if (credential.isFromParser) tellOfParser();
    tellLoaded(context, state, credential);
    loading.loaded(null, true);
  });
}

/** Why this credential does not open the record. Undefined: it does. @throws TypeError if the record has no cookie */
function refusalOf(
  context: RequestContext,
  credential: Credential,
  { found, isEnding }: Loaded,
): RefusalReason | undefined {
  if (isEnding) context.endingId ??= credential.id;
  if (!found) return 'not-found';
  const { record, state } = found;
  if (hasExpired(context, expiryOf(record))) return 'not-found';
  if (!state && !credential.isLegacy) {
    warnOfMissingState(context.repository.store);
    return 'record';
  }
  if (credential.isLegacy && !isAdopted(context, credential, state)) return 'record';
  const generation = generationOf(found);
  if (credential.generation < generation) {
    const ended = state?.rotatedAt ?? 0;
    trace('token of an older generation of %s', credential.id);
    if (context.arrivedAt - ended <= GRACE_OF_SUPERSEDED) context.supersededId ??= credential.id;
    return 'superseded';
  }
  return credential.generation === generation ? undefined : 'record';
}

/**
 * Whether a record may be opened by the id that express-session or 0.2.2 gave it. If the record has our state, `adopted` has
 * to say so. If it has none, everybody may, but with tenants no token with `lid`: it is given only after `adopted` is stored.
 */
function isAdopted(
  { adoption, tokens }: RequestContext,
  { token }: Credential,
  state: RecordState | undefined,
): boolean {
  return state ? state.adopted === adoption : !token || tokens.tenant === undefined;
}

/** @throws TypeError if there is no cookie: the same error that express-session's users know */
function expiryOf({ cookie }: { cookie: { expires?: unknown } }): unknown {
  return cookie.expires;
}

/**
 * Whether the record has expired. Stores without `touch` may not look at the expiry by themselves. With `touch` the date in
 * the record can be older than the one that counts.
 */
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
  // The stored text is the text of the session only if the session has all members of the record. It lacks those whose names
  // are reserved, and a `createSession` of the application may add others.
  const extra = found.state ? 1 : 0;
  const isWhole =
    found.data !== undefined &&
    countMembers(found.record) === countMembers(session) + extra &&
    !overriddenIn(context.repository.store);
  state.before = takeSnapshot(session, isWhole ? found.data : undefined, live.newest);
  state.storedExpires = session.cookie._expires;
  if (isNewest) learn(live, state, found);
  context.opened = context.current = state;
  // An earlier candidate may have set these. They count only if no candidate opens a session.
  context.supersededId = context.endingId = undefined;
  context.req.sessionID = state.id.value as string;
  state.claims = claimsNow(context, state.token);
}

/** How many own members an object has, without the array that Object.keys makes. */
function countMembers(object: object): number {
  let count = 0;
  for (const name in object) if (Object.hasOwn(object, name)) count += 1;
  return count;
}

function learn(live: LiveSession, { before }: SessionState, found: Found): void {
  live.newest = { state: found.state, data: before.data, cookie: before.cookie };
}

/** Destroys a session that has lived as long as `absoluteTimeout` lets it, however active it is. */
function endSession(context: RequestContext, id: string, loading: Loading): void {
  const { repository } = context;
  trace('session has reached its absolute timeout: %s', id);
  callStoreSafely(
    (done) => {
      repository.destroy(id, 'destroyed', tellingOfDestroy(id, 'timeout', context, done));
    },
    (error) => {
      loading.loaded(error);
    },
  );
}

const warnings = new WeakMap<object, () => void>();

function warnOfMissingState(store: AnyStore): void {
  let warn = warnings.get(store);
  if (!warn) {
    warn = createWarning(
      'WARN_SESSION_STATE_MISSING',
      `store ${store.constructor.name}: a record came back without its member __session, so it is not used. The store has ` +
        'to give back all members of what it was given; a record that was made by hand is no session',
    );
    warnings.set(store, warn);
  }
  warn();
}
