/** Checks the options `cookieFormat` and `reissue`, for the first step of a rolling deploy, and what they need beside them. */
import { SessionTypeError } from '../errors';
import type { Tokens } from '../token/token';
import type { CookieFormat, SessionOptions } from '../types';

/** @throws TypeError that names the option at fault */
export function resolveCookieFormat(
  given: SessionOptions,
  secrets: readonly unknown[],
  tokens: Tokens | undefined,
): { cookieFormat: CookieFormat; reissue: boolean } {
  const { cookieFormat = 'jwt', reissue = false, transport } = given;
  if (!['jwt', 'express-session'].includes(cookieFormat)) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      'cookieFormat option must be "jwt" or "express-session"',
    );
  }
  if (typeof (reissue as unknown) !== 'boolean') {
    throw new SessionTypeError('ERR_SESSION_OPTION', 'reissue option must be true or false');
  }
  if (cookieFormat === 'jwt') {
    if (reissue)
      throw new SessionTypeError(
        'ERR_SESSION_OPTION',
        "reissue option needs cookieFormat 'express-session' beside it",
      );
    return { cookieFormat, reissue };
  }
  if (secrets.length === 0) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      "cookieFormat 'express-session' needs the secret option: its first secret signs",
    );
  }
  if ([transport ?? 'cookie'].flat().some((one) => one !== 'cookie')) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      "cookieFormat 'express-session' is for cookies: leave the transport option out",
    );
  }
  if (tokens?.canIssue === false) {
    throw new SessionTypeError(
      'ERR_SESSION_OPTION',
      "cookieFormat 'express-session' needs a private key in the keys option: sessions that have a token go on with it",
    );
  }
  return { cookieFormat, reissue };
}
