/** Takes a session token apart, for people. */
import { fromNow } from './human-time';
import { parseKey } from '../keys/key-material';
import { KeyRing, thumbprint } from '../keys/key-ring';
import { isSignedBy } from '../token/signature';
import { createTokenCache, isTokenShaped, Token, Tokens } from '../token/token';
import { NO_RULES } from '../token/token-rules';
import { parseSegment } from '../token/token-text';

/**
 * Claims that are points in time, in seconds (RFC 7519, section 4.1; OpenID Connect Core, section 2): what they say while they
 * are to come, and when they are over.
 */
const TIMES = [
  ['iat', 'issued', 'issued'],
  ['nbf', 'good', 'good since'],
  ['exp', 'expires', 'expired'],
  ['auth_time', 'signed in', 'signed in'],
] as const;

/** More text than that is no token, and not worth the terminal's time. */
const MAX_LENGTH = 16_384;

/**
 * Says what is in a token. The text holds neither the token nor its signature.
 *
 * @param publicKey PEM; without it nothing is verified, and the text says so
 * @param keyFile where that is from
 * @returns isRefused: whether the middleware with this key would not accept the token
 * @throws Error if it is no token at all, TypeError if the key cannot be used
 */
export function inspect(token: string, publicKey?: string, keyFile = 'this key'): Verdict {
  const header = parseSegment(token, 0);
  const payload = parseSegment(token, 1);
  if (token.length > MAX_LENGTH || !header || !payload) {
    throw new Error('this is no token: it should be three segments of base64url, separated by dots');
  }
  const verdict = publicKey === undefined ? undefined : verify(token, publicKey, keyFile);
  const times = TIMES.flatMap(([name, toCome, over]) => {
    const time = payload[name];
    const date = new Date(Number(time) * 1000);
    return typeof time === 'number' && !Number.isNaN(date.valueOf())
      ? [
          `  ${name} = ${date.toISOString()}, ${date.valueOf() > Date.now() ? toCome : over} ${fromNow(date.valueOf())}`,
        ]
      : [];
  });
  const lines = [
    `header: ${printable(header)}`,
    `claims: ${printable(payload)}`,
    ...times,
    `issued by ${header.kid === undefined ? 'a key without a name' : `key ${nameOf(header.kid)}`}`,
    `id in the store: ${idOf(token)}`,
    `signature: ${verdict?.text ?? 'NOT VERIFIED, anybody can have written this (--key verifies it)'}`,
  ];
  return { text: `${lines.join('\n')}\n`, isRefused: verdict?.isRefused ?? false };
}

/** As long as no tenant is named by a `keysProvider`, which no token tells. */
function idOf(token: string): string {
  const id = new Token(token, '', NO_RULES).recordId(undefined);
  // An old id may have any characters, line breaks too.
  if (id !== undefined) return nameOf(id);
  return 'none, this is no session token: it has no claim "ses" as the middleware writes it';
}

interface Verdict {
  readonly text: string;
  readonly isRefused: boolean;
}

function verify(token: string, publicKey: string, keyFile: string): Verdict {
  const key = parseKey(publicKey, '--key', 'public');
  if (!isTokenShaped(token) || !isSignedBy(key, token)) {
    return { text: `INVALID, not made with ${keyFile}`, isRefused: true };
  }
  const verified = new Tokens(new KeyRing([key], undefined), createTokenCache(1)).verify(token);
  if (!verified?.ses) {
    return { text: 'valid, but the token is NOT ACCEPTED: see its times, header and "ses"', isRefused: true };
  }
  return { text: `valid, made with the key ${thumbprint(key)}, which is ${keyFile}`, isRefused: false };
}

/** A text as it is, or what takes its place, on one line. */
function nameOf(value: unknown): string {
  return printable(typeof value === 'string' ? value : 'of a name that is no text').slice(1, -1);
}

/** JSON without characters that could steer a terminal or change the order of the text. */
function printable(value: object | string): string {
  return JSON.stringify(value, null, 2).replace(
    /[^\n -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
