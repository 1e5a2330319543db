import type { Credential } from './credential';
import { debug, trace } from '../diagnostics';
import { createCookie, defineSessionID, TokenIssuer } from './generate';
import { Identity } from '../identity';
import { isOver, openSuccessor, type Successor, successorIn } from '../forwarding';
import { MAX_STEPS } from '../following-records';
import { forwardingId, openForwarding, predecessorOf, type Upgrade, upgradeOf } from '../legacy/legacy';
import type { Config } from '../options/options';
import { renewToken } from '../renewal';
import type { Step } from '../replacement';
import type { Origin } from './request-state';
import { internalsOf, Session } from '../session/session';
import type { Storage } from '../storage';
import { callStoreSafely, isMissing } from '../store/store-call';
import type { Token, Tokens } from '../token/token';
import type { Carrier } from '../http/transports';
import type { Request, SessionRecord } from '../types';

/** Where the session of a request is looked for. */
export interface Source {
  readonly config: Config;
  readonly tokens: Tokens;
  readonly storage: Storage;
  readonly req: Request;
  /** How its token came, and how a new one goes. */
  readonly carrier: Carrier;
}

/**
 * Told where the session on the request comes from; no origin: none was found.
 * `text`: JSON text of the session's data, where the store had it.
 */
type LoadCallback = (error?: unknown, origin?: Origin, text?: string) => void;

/** Puts the session of this credential on the request. Nothing is thrown but what the callback throws. */
export function loadSession(source: Source, credential: Credential, callback: LoadCallback): void {
  if ('token' in credential && source.storage.isNone) trustToken(source, credential.token, callback);
  else if ('token' in credential) loadToken(source, credential.token, 'loaded', callback);
  else loadLegacy(source, credential.legacyId, callback);
}

/** Without a store the token is all there is of the session. */
function trustToken({ config, req }: Source, token: Token, callback: LoadCallback): void {
  if (hasEnded(token)) {
    callback();
    return;
  }
  if (token.payload.exp === undefined && !config.rules.limitsAge) config.warnings.endlessToken();
  const identity = Identity.of(token);
  const session = new Session(req, undefined, identity);
  try {
    session.cookie = createCookie(config, req);
  } catch (error) {
    callback(error);
    return;
  }
  req.session = session as never;
  defineSessionID(req, identity);
  callback(null, 'verified');
}

/** @param way the tokens that have led to this one, if it is not the one that came */
function loadToken(
  source: Source,
  token: Token,
  origin: Origin,
  callback: LoadCallback,
  way: readonly Step[] = [],
): void {
  const { config, tokens, req } = source;
  const { store, records } = source.storage;
  const identity = Identity.of(token);
  let storedId: string;
  try {
    storedId = records.idOf(identity);
  } catch (error) {
    callback(error);
    return;
  }
  // Before the record is read: a session destroyed from now on is known to be.
  const liveness = records.livenessOf(storedId);
  identity.liveness = liveness;
  if (config.rules.refreshes || !tokens.canIssue) liveness.mayMoveFrom = token.mayBeReplacedFrom;
  req.sessionID = token.text;
  let successor: Successor | undefined;
  let isOutlived = false;
  find(
    source,
    storedId,
    (error, found, text) => {
      if (successor) follow(source, { token, successor }, way, callback);
      else if (isOutlived) endSession(source, storedId, callback);
      else if (found && origin !== 'replaced' && config.rules.refreshes && tokens.canIssue) {
        renewToken(source, token, way, origin === 'loaded', (renewed) => {
          if (renewed === 'kept') callback(error, found, text);
          else if (renewed === 'gone') callback();
          else loadToken(source, renewed, 'replaced', callback, way);
        });
      } else callback(error, found, text);
    },
    (record) => {
      if (!record || liveness.destroyed) return undefined;
      successor = successorIn(record);
      isOutlived = hasEnded(token);
      if (successor || isOutlived) return undefined;
      liveness.isStored = true;
      store.createSession(req, record, identity);
      return origin;
    },
  );
}

/** The token was replaced: the request goes on as if it had carried the new one. */
function follow(source: Source, step: Step, way: readonly Step[], callback: LoadCallback): void {
  const { tokens } = source;
  const text =
    isOver(step.successor) || way.length === MAX_STEPS
      ? undefined
      : openSuccessor(step.successor, step.token);
  const token = text === undefined ? undefined : tokens.verify(text);
  if (token) loadToken(source, token, tokens.canIssue ? 'forwarded' : 'loaded', callback, [...way, step]);
  else callback();
}

function hasEnded({ endsAt }: Token): boolean {
  return endsAt !== undefined && endsAt <= Date.now();
}

/** However active it was: its time is over. */
function endSession({ storage: { records } }: Source, storedId: string, callback: LoadCallback): void {
  trace('session has reached its absolute timeout: %s', storedId);
  callStoreSafely((done) => {
    records.remove(storedId, done);
  }, callback);
}

/**
 * The record under a legacy id is upgraded; where that has happened, its forwarding record leads to the session's token
 * (B232, B237).
 */
function loadLegacy(source: Source, legacyId: string, callback: LoadCallback): void {
  const { tokens } = source;
  const upgrade = upgradeOf(source.storage.origin, legacyId);
  let followed: Token | undefined;
  find(
    source,
    legacyId,
    (error, origin) => {
      if (error || origin) callback(error, origin);
      else if (followed) loadToken(source, followed, 'forwarded', callback);
      else followForwarding();
    },
    (record) => {
      if (!record || upgrade.liveness?.destroyed) return undefined;
      // An overlapping request of another tenant has upgraded it: its token is none of these keys.
      if (upgrade.token && !tokens.accept(upgrade.token)) return undefined;
      // An overlapping request has stored it by now, and could not retire the legacy record, or not yet.
      if (upgrade.liveness?.isStored) followed = upgrade.token;
      if (followed) return undefined;
      upgradeSession(source, legacyId, record, upgrade);
      return 'upgraded';
    },
  );

  function followForwarding(): void {
    let token: Token | undefined;
    let storedId: string;
    try {
      storedId = forwardingId(legacyId, source.storage.records.storeKey);
    } catch (error) {
      callback(error);
      return;
    }
    find(
      source,
      storedId,
      (error) => {
        if (error || !token) callback(error);
        else loadToken(source, token, 'forwarded', callback);
      },
      (record) => {
        const text = openForwarding(record, legacyId);
        token = text === undefined ? undefined : tokens.verify(text);
        return undefined;
      },
    );
  }
}

/** Asks the store; `use` makes something of the record, and an error that it throws is the answer. */
function find(
  { storage: { records }, req }: Source,
  storedId: string,
  callback: LoadCallback,
  use: (record: SessionRecord | undefined) => Origin | undefined,
): void {
  trace('fetching %s', storedId);
  records.read(storedId, (error, found, text) => {
    if (error && !isMissing(error)) {
      debug('store error');
      callback(error);
      return;
    }
    const record = error || !found ? undefined : found;
    trace(record ? 'session found %s' : 'session not found %s', storedId);
    let origin: Origin | undefined;
    try {
      origin = use(record);
    } catch (thrown) {
      callback(thrown);
      return;
    }
    // The text is that of the session only if no reserved name was left out.
    const isWhole = origin && record && Object.keys(record).length === Object.keys(req.session).length;
    callback(null, origin, isWhole ? text : undefined);
  });
}

/** The legacy session's data in a session with a token and today's cookie (B234). It is stored when the response ends. */
function upgradeSession(source: Source, legacyId: string, record: SessionRecord, upgrade: Upgrade): void {
  const { config, tokens, req } = source;
  const { records } = source.storage;
  const identity = upgrade.token
    ? Identity.of(upgrade.token)
    : Identity.pending(new TokenIssuer(config, tokens, req));
  const session = new Session(req, record, identity);
  session.cookie = createCookie(config, req);
  req.session = session as never;
  defineSessionID(req, identity);
  // Signed now, for requests that overlap with this one.
  upgrade.token = identity.token;
  upgrade.liveness = identity.liveness = records.livenessOf(records.idOf(identity));
  upgrade.liveness.predecessor ??= predecessorOf(legacyId, record, identity.requireId(), records.storeKey);
  upgrade.liveness.forwardedBy = forwardingId(legacyId, records.storeKey);
  const internals = internalsOf(session);
  if (internals) internals.mustStore = true;
}
