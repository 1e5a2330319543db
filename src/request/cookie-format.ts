/**
 * Decides the form of a session's cookie: a token, or, in the first step of a rolling deploy, the signed id that
 * express-session would send.
 */
import { NoPrivateKeyError } from '../keys/key-ring';
import { signLegacyId } from '../legacy/express-session-cookie';
import { SessionId } from '../session/session-id';
import type { SessionState } from '../session/session-state';
import type { Config } from '../options/options';
import type { CookieFormat } from '../types';
import type { RequestContext } from './context';
import type { Credential } from './credential';

/** The value that a client opens its session with: a token, or the signed id of an express-session cookie. */
export interface Outgoing {
  readonly text: string;
}

/** The form that the cookie of a loaded session has from now on. The credential has the generation of the record. */
export function formatOf(
  { cookieFormat, givesBack }: Config,
  { format, isLegacy, generation }: Credential,
): CookieFormat {
  if (cookieFormat === 'jwt' || format === 'express-session') return cookieFormat;
  // Only a session that express-session made, and that has not rotated since, can get its old cookie again.
  return givesBack && isLegacy && generation === 1 ? 'express-session' : 'jwt';
}

/** A random id for a new session. */
export function randomId({ config, tokens }: RequestContext): SessionId {
  return config.cookieFormat === 'jwt' ? SessionId.ofHandle(tokens.tenant) : SessionId.ofLegacy();
}

/** The id of a new session for the text that `genid` returned. */
export function givenId({ config, tokens }: RequestContext, id: string): SessionId {
  return config.cookieFormat === 'jwt' ? SessionId.ofHandle(tokens.tenant, id) : SessionId.ofLegacy(id);
}

/**
 * Whether a record of express-session has to get our state before its session gets a token. With tenants the record has to
 * say whose it is, and with `absoluteTimeout` it has to say when it began.
 */
export function mustAdopt({ config, tokens }: RequestContext, { cookieFormat }: SessionState): boolean {
  const { absoluteTimeout } = config.rules;
  return cookieFormat === 'jwt' && (tokens.tenant !== undefined || absoluteTimeout !== undefined);
}

/**
 * Whether a write gives a record of express-session the library's state. In the first step of a rolling deploy only rotations
 * do so, because they need it. All other records stay as express-session writes them.
 */
export function mayAdopt(context: RequestContext, state: SessionState, rotates: boolean): boolean {
  return context.config.cookieFormat === 'jwt' || rotates || mustAdopt(context, state);
}

/**
 * The value to send for a stored session: its token, or its signed id.
 *
 * @throws NoPrivateKeyError if there is no private key. A service that only verifies does not read signed ids either
 */
export function outgoingOf({ config, tokens }: RequestContext, state: SessionState): Outgoing | undefined {
  if (state.cookieFormat === 'jwt') return state.token;
  if (!tokens.canIssue) throw new NoPrivateKeyError();
  return { text: signLegacyId(state.id.require(), config.secrets) };
}
