import { readCookies } from '../session/cookie';
import { debug, deprecate } from '../diagnostics';
import { isLegacyValue, readLegacyId } from '../legacy/legacy';
import type { Config } from '../options/options';
import { isTokenShaped, type Token, type Tokens } from '../token/token';
import type { Carrier } from '../http/transports';
import type { Request } from '../types';

/** What a request shows of its session: a verified token, or the verified id of an express-session cookie. */
export type Credential = { readonly token: Token } | { readonly legacyId: string };

/** Cookies as cookie-parser leaves them; values may be anything (B187). */
type ParsedCookies = Record<string, unknown> | undefined;

/** @throws what cannot be a secret in `req.secret` */
export function readCredential(
  config: Config,
  tokens: Tokens,
  req: Request,
  { isCookie, text }: Carrier,
): Credential | undefined {
  if (isCookie) return readCookieCredential(config, tokens, req);
  if (typeof text === 'string') return verifyToken(text, tokens);
  debug('no id sent');
  return undefined;
}

/** The first usable one of: Cookie header, `req.signedCookies`, `req.cookies` (B185). */
function readCookieCredential(config: Config, tokens: Tokens, req: Request): Credential | undefined {
  const { cookie: header } = req.headers;
  for (const value of header ? readCookies(header, config.name) : []) {
    const credential = verify(value, config, tokens, req);
    if (credential) return credential;
  }
  const signed: unknown = (req.signedCookies as ParsedCookies)?.[config.name];
  const plain: unknown = (req.cookies as ParsedCookies)?.[config.name];
  const credential =
    (typeof signed === 'string' ? verifySigned(signed, tokens) : undefined) ??
    (typeof plain === 'string' ? verify(plain, config, tokens, req) : undefined);
  if (credential) deprecate('cookie should be available in req.headers.cookie');
  else debug('no id sent');
  return credential;
}

/** The first text that could be a token, not verified: for those who choose the keys by it. */
export function findRawToken(config: Config, req: Request, { isCookie, text }: Carrier): string | undefined {
  const { cookie: header } = req.headers;
  const sent: unknown[] = isCookie
    ? [
        ...(header ? readCookies(header, config.name) : []),
        (req.signedCookies as ParsedCookies)?.[config.name],
        (req.cookies as ParsedCookies)?.[config.name],
      ]
    : [text];
  return sent.find((value) => typeof value === 'string' && isTokenShaped(value)) as string | undefined;
}

function verify(value: string, config: Config, tokens: Tokens, req: Request): Credential | undefined {
  if (isLegacyValue(value)) {
    const legacyId = readLegacyId(value, config.legacySecrets(req));
    if (legacyId === undefined) debug('bad signature of an express-session cookie');
    // Without a private key there is no token that could take its place.
    return legacyId === undefined || !tokens.canIssue ? undefined : { legacyId };
  }
  return verifyToken(value, tokens);
}

/** What is not a cookie never was one of express-session. */
function verifyToken(value: string, tokens: Tokens): Credential | undefined {
  const token = tokens.verify(value);
  if (!token)
    debug('invalid token: %s', isTokenShaped(value) ? 'bad signature, header or time' : 'no token at all');
  return token && { token };
}

/** cookie-parser has verified and unwrapped what was signed with its secret (B186). */
function verifySigned(value: string, tokens: Tokens): Credential | undefined {
  if (!isTokenShaped(value)) return tokens.canIssue ? { legacyId: value } : undefined;
  const token = tokens.verify(value);
  return token && { token };
}
