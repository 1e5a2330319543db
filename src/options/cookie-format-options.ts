/** Checks the option `cookieFormat`, for a rolling deploy and the way back, and what it needs beside it. */
import { SessionTypeError } from '../errors';
import type { Tokens } from '../token/token';
import type { CookieFormat, SessionOptions } from '../types';

/** @throws TypeError that names the option at fault */
export function resolveCookieFormat(
  { cookieFormat = 'jwt', jwt }: SessionOptions,
  secrets: readonly unknown[],
  tokens: Tokens | undefined,
): { cookieFormat: CookieFormat; givesBack: boolean } {
  if (!['jwt', 'express-session', 'back-to-express-session'].includes(cookieFormat)) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      'cookieFormat option must be "jwt", "express-session" or "back-to-express-session"',
    );
  }
  if (cookieFormat === 'jwt') return { cookieFormat, givesBack: false };
  if (secrets.length === 0) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `cookieFormat '${cookieFormat}' needs the secret option: its first secret signs`,
    );
  }
  if ([jwt?.transport ?? 'cookie'].flat().some((one) => one !== 'cookie')) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `cookieFormat '${cookieFormat}' is for cookies: leave the jwt.transport option out`,
    );
  }
  if (tokens?.canIssue === false) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      `cookieFormat '${cookieFormat}' needs a private key in the keys option: sessions that have a token go on with it`,
    );
  }
  return { cookieFormat: 'express-session', givesBack: cookieFormat === 'back-to-express-session' };
}
