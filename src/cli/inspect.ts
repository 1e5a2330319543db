/** Says in plain words what a session token holds. */
import { fromNow } from './human-time';
import { parseKey } from '../keys/key-material';
import { KeyRing, thumbprint } from '../keys/key-ring';
import { isSignedBy } from '../token/signature';
import { createTokenCache, isTokenShaped, Token, Tokens } from '../token/token';
import { NO_RULES } from '../token/token-rules';
import { parseSegment } from '../token/token-text';

/**
 * Claims that are points in time, in seconds (RFC 7519, section 4.1; OpenID Connect Core, section 2), with the words for a
 * time that is still to come and for one that is past.
 */
const TIMES = [
  ['iat', 'issued', 'issued'],
  ['nbf', 'good', 'good since'],
  ['exp', 'expires', 'expired'],
  ['auth_time', 'signed in', 'signed in'],
] as const;

/** A longer text is no token, and would flood the terminal. */
const MAX_LENGTH = 16_384;

/**
 * Says what is in a token. The text holds neither the token nor its signature.
 *
 * @param publicKey PEM text. Without it nothing is verified, and the result says so
 * @param keyFile the name of its file
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

/** The id of the record. It is right only if no function as `keys` names a tenant: a token does not tell its tenant. */
function idOf(token: string): string {
  const id = new Token(token, '', NO_RULES).recordId(undefined);
  // An id of express-session may have any characters, even line breaks.
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

/** A text on one line. For anything else, words that say so. */
function nameOf(value: unknown): string {
  return printable(typeof value === 'string' ? value : 'of a name that is no text').slice(1, -1);
}

/** JSON with all characters escaped that could control a terminal or change the order of the text. */
function printable(value: object | string): string {
  return JSON.stringify(value, null, 2).replace(
    /[^\n -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
