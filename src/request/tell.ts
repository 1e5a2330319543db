/** Makes the messages about the session of a request, for subscribers of `node:diagnostics_channel`. */
import { channels, nameOf, tell } from '../session/events';
import type { SessionState } from '../session/session-state';
import { type Claims, NO_CLAIMS, sameClaims, subjectOf } from '../token/claims';
import type { DroppedEvent, RefusalReason, Request, RotatedEvent } from '../types';
import type { RequestContext } from './context';
import type { Credential } from './credential';
import type { Observed } from './observe';
import type { Plan } from './plan';

export function tellCreated({ req }: RequestContext, { state, now }: Observed): void {
  if (!channels.created.hasSubscribers) return;
  const { origin } = state;
  const cause = origin === 'new' || origin === 'regenerated' ? origin : 'sign-in';
  const change = now.claims === NO_CLAIMS ? undefined : 'sign-in';
  tell('created', { session: nameIn(state), cause, change, subject: subjectOf(now.claims) }, req);
}

export function tellLoaded(
  context: RequestContext,
  state: SessionState,
  { format, token }: Credential,
): void {
  if (!channels.loaded.hasSubscribers) return;
  const credential = format === 'express-session' ? format : token ? 'token' : '0.2.2';
  const { req, subject } = context;
  tell('loaded', { session: nameIn(state), generation: state.generation, credential, subject }, req);
}

/** To be called before the state knows of the next generation. */
export function tellRotated({ req }: RequestContext, { state, now }: Observed): void {
  if (!channels.rotated.hasSubscribers) return;
  const before = now.tokenClaims ?? state.claims;
  tell(
    'rotated',
    {
      session: nameIn(state),
      generation: state.generation + 1,
      change: changeOf(before, now.claims),
      subject: subjectOf(now.claims),
      previousSubject: subjectOf(before),
    },
    req,
  );
}

function changeOf(before: Claims, now: Claims): RotatedEvent['change'] {
  if (sameClaims(before, now)) return 'renewed';
  if (before === NO_CLAIMS) return 'sign-in';
  return now === NO_CLAIMS ? 'sign-out' : 'other-user';
}

/** To be called as soon as the response has the token, before the state knows of that. */
export function tellSent({ req }: RequestContext, { refreshes }: Plan, { state, now }: Observed): void {
  const { generation } = state;
  if (!state.isSent) {
    // Only a session that express-session or 0.2.2 has begun has such an id and a token.
    const isUpgrade =
      channels.upgraded.hasSubscribers && state.cookieFormat === 'jwt' && 'legacyId' in state.id.name;
    if (isUpgrade) tell('upgraded', { session: nameIn(state), generation }, req);
  } else if (refreshes && channels.refreshed.hasSubscribers) {
    const reason = now.isTokenDue ? 'age' : 'claims';
    tell('refreshed', { session: nameIn(state), generation, reason }, req);
  }
}

export function tellDropped(
  { req }: RequestContext,
  state: SessionState,
  reason: DroppedEvent['reason'],
): void {
  if (!channels.dropped.hasSubscribers) return;
  tell('dropped', { session: nameIn(state), generation: state.generation, reason }, req);
}

/** A credential that is good by itself opens nothing. */
export function tellRefused(req: Request, reason: RefusalReason, { id, format }: Credential): void {
  if (!channels.refused.hasSubscribers) return;
  const credential = format === 'jwt' ? 'token' : format;
  tell('refused', { reason, credential, session: nameOf(id) }, req);
}

/** A credential is bad, so nobody knows which session it is about. */
export function tellUnverified(req: Request, isToken: boolean, reason: RefusalReason): void {
  const credential = isToken ? 'token' : 'express-session';
  tell('refused', { reason, credential, session: undefined }, req);
}

/** Requests whose malformed texts were told. */
const told = new WeakSet<Request>();

/** A text is no credential at all. Told once a request, because one header can hold a thousand. */
export function tellMalformed(req: Request, text: string): void {
  if (!channels.refused.hasSubscribers || text === '' || told.has(req)) return;
  told.add(req);
  tell('refused', { reason: 'malformed', credential: undefined, session: undefined }, req);
}

function nameIn(state: SessionState): string {
  return nameOf(state.id.require());
}
