/**
 * In which form the cookie of a session is, and what follows from that: a token, or in the first step of a rolling deploy
 * what express-session would send.
 */
import { NoPrivateKeyError } from '../keys/key-ring';
import { signLegacyId } from '../legacy/express-session-cookie';
import { SessionId } from '../session/session-id';
import type { SessionState } from '../session/session-state';
import type { Config } from '../options/options';
import type { CookieFormat } from '../types';
import type { RequestContext } from './context';
import type { Credential } from './credential';

/** What a client gets to open its session with: a token, or the signed id of an express-session cookie. */
export interface Outgoing {
  readonly text: string;
}

/** The form in which a session that was found goes on. The credential is of the generation that the record has. */
export function formatOf(
  { cookieFormat, reissue }: Config,
  { format, isLegacy, generation }: Credential,
): CookieFormat {
  if (cookieFormat === 'jwt' || format === 'express-session') return cookieFormat;
  // The cookie that express-session gave would open what this token opens: only such a session can have it again.
  return reissue && isLegacy && generation === 1 ? 'express-session' : 'jwt';
}

/** A random id, in the form of new sessions. */
export function randomId({ config, tokens }: RequestContext): SessionId {
  return config.cookieFormat === 'jwt' ? SessionId.ofHandle(tokens.tenant) : SessionId.ofLegacy();
}

/** An id that `genid` gave, in the form of new sessions. */
export function givenId({ config, tokens }: RequestContext, id: string): SessionId {
  return config.cookieFormat === 'jwt' ? SessionId.ofHandle(tokens.tenant, id) : SessionId.ofLegacy(id);
}

/** Whose a session is, and since when, has to be in the store before a token of it says so. */
export function mustAdopt({ config, tokens }: RequestContext, { cookieFormat }: SessionState): boolean {
  const { absoluteTimeout } = config.rules;
  return cookieFormat === 'jwt' && (tokens.tenant !== undefined || absoluteTimeout !== undefined);
}

/**
 * Whether a write gives a record of express-session the library's state. In the first step that is left to rotations, which
 * cannot do without: everything else shall be as if express-session had written it.
 */
export function mayAdopt(context: RequestContext, state: SessionState, rotates: boolean): boolean {
  return context.config.cookieFormat === 'jwt' || rotates || mustAdopt(context, state);
}

/**
 * What the client of a stored session gets; of one with a token, the token that it has.
 *
 * @throws NoPrivateKeyError where there is none: a service that only verifies does not read such a cookie either
 */
export function outgoingOf({ config, tokens }: RequestContext, state: SessionState): Outgoing | undefined {
  if (state.cookieFormat === 'jwt') return state.token;
  if (!tokens.canIssue) throw new NoPrivateKeyError();
  return { text: signLegacyId(state.id.require(), config.secrets) };
}
