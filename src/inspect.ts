import { digestOf } from './digest';
import { parseSegment } from './jws';
import { createKeyRing } from './keys';
import { createTokenCache, isTokenShaped, Tokens } from './token';

/** Claims that are points in time, in seconds (RFC 7519, section 4.1; OpenID Connect Core, section 2). */
const TIMES = ['iat', 'nbf', 'exp', 'auth_time'];

/** More text than that is no token, and not worth the terminal's time. */
const MAX_LENGTH = 16_384;

/**
 * Takes a token apart, for people. The text holds neither the token nor its signature.
 *
 * @param publicKey PEM; without it nothing is verified, and the text says so
 * @returns isRefused: whether the middleware with this key would not accept the token
 * @throws Error if it is no token at all, TypeError if the key cannot be used
 */
export function inspect(token: string, publicKey?: string): { text: string; isRefused: boolean } {
  const header = parseSegment(token, 0);
  const payload = parseSegment(token, 1);
  if (token.length > MAX_LENGTH || !header || !payload) {
    throw new Error('this is no token: it should be three segments of base64url, separated by dots');
  }
  const verdict = publicKey === undefined ? undefined : verify(token, publicKey);
  const times = TIMES.flatMap((name) => {
    const time = payload[name];
    const date = new Date(Number(time) * 1000);
    return typeof time === 'number' && !Number.isNaN(date.valueOf()) ? [`  ${name} = ${date.toISOString()}`] : [];
  });
  const lines = [
    `header: ${printable(header)}`,
    `claims: ${printable(payload)}`,
    ...times,
    `id in the store: ${digestOf(token)}`,
    `signature: ${verdict?.text ?? 'NOT VERIFIED, anybody can have written this (--key verifies it)'}`,
  ];
  return { text: `${lines.join('\n')}\n`, isRefused: verdict?.isRefused ?? false };
}

function verify(token: string, publicKey: string): { text: string; isRefused: boolean } {
  const keyRing = createKeyRing({ public: publicKey }, '--key');
  const tokens = keyRing && new Tokens(keyRing, createTokenCache(1));
  if (!isTokenShaped(token)) return { text: 'INVALID, this is no session token', isRefused: true };
  return tokens?.verify(token)
    ? { text: 'valid', isRefused: false }
    : { text: 'INVALID', isRefused: true };
}

/** JSON without characters that could steer a terminal or change the order of the text. */
function printable(value: object): string {
  return JSON.stringify(value, null, 2).replace(
    /[^\n -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
