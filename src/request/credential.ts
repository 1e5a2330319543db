/** Reads and verifies what a request shows to open its session: cookies, or what another transport carries. */
import { debug, deprecate } from '../diagnostics';
import { channels } from '../session/events';
import { append, readCookies } from '../http/cookie-header';
import type { Carrier } from '../http/transports';
import { isLegacyValue, readLegacyId } from '../legacy/express-session-cookie';
import { idOfToken02 } from '../legacy/token-0.2';
import type { Config } from '../options/options';
import { isTokenShaped, type Token, type Tokens, type VerificationBudget } from '../token/token';
import type { CookieFormat, Request } from '../types';
import { tellMalformed, tellUnverified } from './tell';

/** A verified value that names a record. */
export interface Credential {
  readonly id: string;
  readonly format: CookieFormat;
  /** The token, if it has the claim `ses`. A token of 0.2.2 has not. */
  readonly token: Token | undefined;
  /** Whether express-session or 0.2.2 made the id. */
  readonly isLegacy: boolean;
  readonly generation: number;
  /** Whether cookie-parser had the cookie and the header had not, which is deprecated. */
  readonly isFromParser: boolean;
}

/** A text that may be a credential, not verified. */
export interface Candidate {
  readonly text: string;
  /** Whether the text has the shape of a token. */
  readonly isToken: boolean;
  readonly place: 'header' | 'signedCookies' | 'cookies' | 'transport';
}

/** How many well-formed values of one name are tried. Each may cost a read of the store. */
const MAX_CANDIDATES = 4;

const NONE: readonly Candidate[] = [];

/** Cookies as cookie-parser leaves them; values may be anything. */
type ParsedCookies = Record<string, unknown> | undefined;

/**
 * The values to try, in this order: from the Cookie header, from `req.signedCookies`, from `req.cookies`. Equal values count
 * once, malformed ones do not count.
 */
export function readCandidates(config: Config, req: Request, carrier: Carrier): readonly Candidate[] {
  if (!carrier.isCookie) {
    const { text } = carrier;
    if (typeof text !== 'string') return NONE;
    if (isTokenShaped(text)) return [{ text, isToken: true, place: 'transport' }];
    tellMalformed(req, text);
    return NONE;
  }
  let candidates: Candidate[] | undefined;
  const { cookie: header } = req.headers;
  if (header) {
    for (const text of readCookies(header, config.name)) candidates = add(req, candidates, text, 'header');
  }
  const { signedCookies, cookies } = req as { signedCookies?: ParsedCookies; cookies?: ParsedCookies };
  if (signedCookies) candidates = add(req, candidates, signedCookies[config.name], 'signedCookies');
  if (cookies) candidates = add(req, candidates, cookies[config.name], 'cookies');
  return candidates ?? NONE;
}

function add(
  req: Request,
  candidates: Candidate[] | undefined,
  text: unknown,
  place: Candidate['place'],
): Candidate[] | undefined {
  if (candidates?.length === MAX_CANDIDATES || typeof text !== 'string') return candidates;
  const isToken = isTokenShaped(text);
  const isWellFormed = isToken || isLegacyValue(text) || (place === 'signedCookies' && text !== '');
  if (!isWellFormed) {
    debug('invalid token: no token at all');
    tellMalformed(req, text);
  } else if (!candidates?.some((other) => other.text === text))
    return append(candidates, { text, isToken, place });
  return candidates;
}

/** The first text that could be a token, not verified. A function as `keys` may choose keys by it. */
export function findRawToken(candidates: readonly Candidate[]): string | undefined {
  return candidates.find(({ isToken }) => isToken)?.text;
}

/** The credential in a candidate. Undefined if its signature is bad, or if it is no session token. */
export function verifyCandidate(
  { text, isToken, place }: Candidate,
  { config, tokens, req }: { config: Config; tokens: Tokens; req: Request },
  budget: VerificationBudget,
): Credential | undefined {
  const isFromParser = place === 'signedCookies' || place === 'cookies';
  if (isToken) {
    const token = tokens.verify(text, budget);
    const credential = token && toCredential(token, tokens.tenant, isFromParser);
    if (credential) return credential;
    if (channels.refused.hasSubscribers)
      tellUnverified(req, true, token ? 'purpose' : tokens.refusalOf(text));
    debug('invalid token: %s', token ? 'of another purpose' : 'bad signature, header or time');
    return undefined;
  }
  const id = readIdOfCookie(text, place, config, req);
  if (id === undefined && channels.refused.hasSubscribers) tellUnverified(req, false, 'signature');
  // Without a private key the session could not get a token.
  if (id === undefined || !tokens.canIssue) return undefined;
  return { id, format: 'express-session', token: undefined, isLegacy: true, generation: 1, isFromParser };
}

function toCredential(
  token: Token,
  tenant: string | undefined,
  isFromParser: boolean,
): Credential | undefined {
  const { ses } = token;
  const id = token.recordId(tenant);
  if (ses && id !== undefined) {
    const isLegacy = ses.handle === undefined;
    return { id, format: 'jwt', token, isLegacy, generation: ses.generation, isFromParser };
  }
  const oldId = idOfToken02(token);
  return oldId === undefined
    ? undefined
    : { id: oldId, format: 'jwt', token: undefined, isLegacy: true, generation: 1, isFromParser };
}

function readIdOfCookie(
  text: string,
  place: Candidate['place'],
  { secrets }: Config,
  req: Request,
): string | undefined {
  if (place === 'signedCookies' && !isLegacyValue(text)) {
    // cookie-parser has verified it with its own secret. That secret has to be one of ours.
    const { secret } = req as { secret?: unknown };
    return secrets.includes(secret as string) ? text : undefined;
  }
  const id = readLegacyId(text, secrets);
  if (id === undefined) debug('bad signature of an express-session cookie');
  return id;
}

/** Tells applications that cookie-parser has the cookie and the header has not. */
export function tellOfParser(): void {
  deprecate('cookie should be available in req.headers.cookie');
}
