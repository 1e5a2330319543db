import { type KeyObject, sign, verify } from 'node:crypto';

/*
 * JSON Web Signature in compact serialization (RFC 7515, section 7.1), with ES256 alone (RFC 7518, section 3.4). Not
 * jsonwebtoken: the conversion of its signatures to and from DER and its errors cost 30 µs a signature, 60 µs a forgery.
 */

/** r and s, 32 bytes each; anything else, DER among it, is no signature. */
const DSA_ENCODING = 'ieee-p1363';

/**
 * @param header JSON text of the header, in base64url
 * @param payload JSON text of the payload
 */
export function signCompact(header: string, payload: string, key: KeyObject): string {
  const signingInput = `${header}.${Buffer.from(payload).toString('base64url')}`;
  const signature = sign('sha256', Buffer.from(signingInput, 'latin1'), { key, dsaEncoding: DSA_ENCODING });
  return `${signingInput}.${signature.toString('base64url')}`;
}

/** Whether the key has signed this text of three base64url segments. Looks at nothing but the signature. */
export function isSignedBy(key: KeyObject, text: string): boolean {
  const end = text.lastIndexOf('.');
  const signature = Buffer.from(text.slice(end + 1), 'base64url');
  return verify(
    'sha256',
    Buffer.from(text.slice(0, end), 'latin1'),
    { key, dsaEncoding: DSA_ENCODING },
    signature,
  );
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
