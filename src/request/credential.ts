/** What a request shows of its session: the candidates in its Cookie header, or what another transport carries. */
import { debug, deprecate } from '../diagnostics';
import { append, readCookies } from '../http/cookie-header';
import type { Carrier } from '../http/transports';
import { isLegacyValue, readLegacyId } from '../legacy/express-session-cookie';
import { idOfToken02 } from '../legacy/token-0.2';
import type { Config } from '../options/options';
import { isTokenShaped, type Token, type Tokens, type VerificationBudget } from '../token/token';
import type { CookieFormat, Request } from '../types';

/** What names a record, verified. */
export interface Credential {
  readonly id: string;
  /** In which form it came. */
  readonly format: CookieFormat;
  /** The token, if it is one of today's. */
  readonly token: Token | undefined;
  /** Whether the id is one that express-session or 0.2.2 gave. */
  readonly isLegacy: boolean;
  readonly generation: number;
  /** Whether it has to be told that the cookie was not in the header. */
  readonly isFromParser: boolean;
}

/** A text that may be a credential. */
export interface Candidate {
  readonly text: string;
  /** Whether it has the shape of a token. */
  readonly isToken: boolean;
  readonly place: 'header' | 'signedCookies' | 'cookies' | 'transport';
}

/** So many well-formed values of one name are looked at, to the store. */
const MAX_CANDIDATES = 4;

const NONE: readonly Candidate[] = [];

/** Cookies as cookie-parser leaves them; values may be anything. */
type ParsedCookies = Record<string, unknown> | undefined;

/** In order: Cookie header as sent, `req.signedCookies`, `req.cookies`. Equal values count once, malformed ones not at all. */
export function readCandidates(config: Config, req: Request, carrier: Carrier): readonly Candidate[] {
  if (!carrier.isCookie) {
    const { text } = carrier;
    return typeof text === 'string' && isTokenShaped(text)
      ? [{ text, isToken: true, place: 'transport' }]
      : NONE;
  }
  let candidates: Candidate[] | undefined;
  const { cookie: header } = req.headers;
  if (header) {
    for (const text of readCookies(header, config.name)) candidates = add(candidates, text, 'header');
  }
  const { signedCookies, cookies } = req as { signedCookies?: ParsedCookies; cookies?: ParsedCookies };
  if (signedCookies) candidates = add(candidates, signedCookies[config.name], 'signedCookies');
  if (cookies) candidates = add(candidates, cookies[config.name], 'cookies');
  return candidates ?? NONE;
}

function add(
  candidates: Candidate[] | undefined,
  text: unknown,
  place: Candidate['place'],
): Candidate[] | undefined {
  if (candidates?.length === MAX_CANDIDATES || typeof text !== 'string') return candidates;
  const isToken = isTokenShaped(text);
  const isWellFormed = isToken || isLegacyValue(text) || (place === 'signedCookies' && text !== '');
  if (!isWellFormed) debug('invalid token: no token at all');
  else if (!candidates?.some((other) => other.text === text))
    return append(candidates, { text, isToken, place });
  return candidates;
}

/** The first text that could be a token, not verified: for those who choose the keys by it. */
export function findRawToken(candidates: readonly Candidate[]): string | undefined {
  return candidates.find(({ isToken }) => isToken)?.text;
}

/** Undefined where the candidate is not good by its signature, or no session token. */
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
    debug('invalid token: %s', token ? 'of another purpose' : 'bad signature, header or time');
    return undefined;
  }
  const id = readIdOfCookie(text, place, config, req);
  // Without a private key there is no token for what it names.
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
    // cookie-parser has verified it with its own secret: that has to be one of ours.
    const { secret } = req as { secret?: unknown };
    return secrets.includes(secret as string) ? text : undefined;
  }
  const id = readLegacyId(text, secrets);
  if (id === undefined) debug('bad signature of an express-session cookie');
  return id;
}

/** For applications whose cookie-parser has taken the cookie out of the header. */
export function tellOfParser(): void {
  deprecate('cookie should be available in req.headers.cookie');
}
