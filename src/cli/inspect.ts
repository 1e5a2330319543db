/** Takes a session token apart, for people. */
import { parseKey } from '../keys/key-material';
import { KeyRing, thumbprint } from '../keys/key-ring';
import { isSignedBy } from '../token/signature';
import { createTokenCache, isTokenShaped, Token, Tokens } from '../token/token';
import { NO_RULES } from '../token/token-rules';
import { parseSegment } from '../token/token-text';

/** Claims that are points in time, in seconds (RFC 7519, section 4.1; OpenID Connect Core, section 2). */
const TIMES = ['iat', 'nbf', 'exp', 'auth_time'];

/** More text than that is no token, and not worth the terminal's time. */
const MAX_LENGTH = 16_384;

/**
 * Says what is in a token. The text holds neither the token nor its signature.
 *
 * @param publicKey PEM; without it nothing is verified, and the text says so
 * @returns isRefused: whether the middleware with this key would not accept the token
 * @throws Error if it is no token at all, TypeError if the key cannot be used
 */
export function inspect(token: string, publicKey?: string): Verdict {
  const header = parseSegment(token, 0);
  const payload = parseSegment(token, 1);
  if (token.length > MAX_LENGTH || !header || !payload) {
    throw new Error('this is no token: it should be three segments of base64url, separated by dots');
  }
  const verdict = publicKey === undefined ? undefined : verify(token, publicKey);
  const times = TIMES.flatMap((name) => {
    const time = payload[name];
    const date = new Date(Number(time) * 1000);
    return typeof time === 'number' && !Number.isNaN(date.valueOf())
      ? [`  ${name} = ${date.toISOString()}`]
      : [];
  });
  const lines = [
    `header: ${printable(header)}`,
    `claims: ${printable(payload)}`,
    ...times,
    `id in the store: ${idOf(token)}`,
    `signature: ${verdict?.text ?? 'NOT VERIFIED, anybody can have written this (--key verifies it)'}`,
  ];
  return { text: `${lines.join('\n')}\n`, isRefused: verdict?.isRefused ?? false };
}

/** As long as no tenant is named by a `keysProvider`, which no token tells. */
function idOf(token: string): string {
  const id = new Token(token, '', NO_RULES).recordId(undefined);
  // An old id may have any characters, line breaks too.
  if (id !== undefined) return printable(id).slice(1, -1);
  return 'none, this is no session token: it has no claim "ses" as the middleware writes it';
}

interface Verdict {
  readonly text: string;
  readonly isRefused: boolean;
}

function verify(token: string, publicKey: string): Verdict {
  const key = parseKey(publicKey, '--key', 'public');
  if (!isTokenShaped(token) || !isSignedBy(key, token)) {
    return { text: 'INVALID, not made with this key', isRefused: true };
  }
  const verified = new Tokens(new KeyRing([key], undefined), createTokenCache(1)).verify(token);
  if (!verified?.ses) {
    return { text: 'valid, but the token is NOT ACCEPTED: see its times, header and "ses"', isRefused: true };
  }
  return { text: `valid, made with the key ${thumbprint(key)}`, isRefused: false };
}

/** JSON without characters that could steer a terminal or change the order of the text. */
function printable(value: object | string): string {
  return JSON.stringify(value, null, 2).replace(
    /[^\n -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
