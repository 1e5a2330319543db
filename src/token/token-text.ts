/** What can be seen of a token without cryptography: its shape, and the JSON in its segments. */

/** Browsers drop a cookie whose name and value are longer than this together; so no longer token can be ours. */
export const MAX_COOKIE_LENGTH = 4096;

/**
 * Three base64url segments (RFC 7515, section 3.1): two JSON objects, which begin with a brace, and an ES256 signature
 * of 64 bytes (RFC 7518, section 3.4), whose last character has four bits to spare: zero, or one signature would have 16
 * texts.
 */
const TOKEN = /^e[w-z0-9_-][\w-]+\.e[w-z0-9_-][\w-]+\.[\w-]{85}[AQgw]$/;

/** Whether a text has the shape of a session token; says nothing about its signature. */
export function isTokenShaped(text: string): boolean {
  return text.length <= MAX_COOKIE_LENGTH && TOKEN.test(text);
}

/** Header and payload, as they are signed (RFC 7515, section 2). */
export function signingInputOf(text: string): string {
  return text.slice(0, text.lastIndexOf('.'));
}

/** The JSON object in the header (0) or payload (1) of a token, or undefined if there is none. */
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
 * Whether a header is that of a session token. The algorithm is pinned before a key is chosen (RFC 8725, section 3.1),
 * extensions that a reader has to understand are refused (RFC 7515, section 4.1.11; RFC 7797). Keys that a header brings
 * along or points to (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
 */
export function isExpectedHeader({ alg, typ, crit, b64 }: Record<string, unknown>): boolean {
  return alg === 'ES256' && (typ === undefined || typ === 'JWT') && crit === undefined && b64 === undefined;
}
