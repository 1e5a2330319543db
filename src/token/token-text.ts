/** Looks at a token without cryptography: its shape, and the JSON in its segments. */

/** Browsers drop a cookie whose name and value together are longer than this, so a longer text is no token of ours. */
export const MAX_COOKIE_LENGTH = 4096;

/**
 * Three segments in base64url (RFC 7515, section 3.1): two JSON objects, which begin with a brace, and an ES256 signature of 64
 * bytes (RFC 7518, section 3.4). Four bits of its last character are not used. They have to be zero, because otherwise one
 * signature would have 16 spellings.
 */
const TOKEN = /^e[w-z0-9_-][\w-]+\.e[w-z0-9_-][\w-]+\.[\w-]{85}[AQgw]$/;

/** Whether a text has the shape of a session token. The signature is not checked. */
export function isTokenShaped(text: string): boolean {
  return text.length <= MAX_COOKIE_LENGTH && TOKEN.test(text);
}

/** The signed part of a token: header and payload (RFC 7515, section 2). */
export function signingInputOf(text: string): string {
  return text.slice(0, text.lastIndexOf('.'));
}

/** The JSON object in the header (0) or payload (1) of a token. Undefined if there is none. */
export function parseSegment(text: string, index: 0 | 1): Record<string, unknown> | undefined {
  const segment = text.split('.', 2)[index] ?? '';
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether a header is one of a session token. Only ES256 is accepted, before a key is chosen (RFC 8725, section 3.1). Critical
 * extensions are refused (RFC 7515, section 4.1.11; RFC 7797). Keys in the header, or addresses of keys (`jwk`, `jku`, `x5c`,
 * `x5u`), are never used.
 */
export function isExpectedHeader({ alg, typ, crit, b64 }: Record<string, unknown>): boolean {
  return alg === 'ES256' && (typ === undefined || typ === 'JWT') && crit === undefined && b64 === undefined;
}
