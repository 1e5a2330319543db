// Makes tokens of any kind, good ones and forgeries, without the package.
import { createHash, createHmac, createPublicKey, sign, verify, type SignKeyObjectInput } from 'node:crypto';
import { keys, type KeyPair } from './keys';

/** Turns a token's signing input into its signature. */
export type Signer = (input: Buffer) => Buffer;

/** ECDSA in the fixed-length form that tokens use; the digest is that of ES256 unless told otherwise. */
export function ecdsa(privateKey: string, hash = 'sha256'): Signer {
  return (input) => sign(hash, input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
}

export function hmac(secret: string): Signer {
  return (input) => createHmac('sha256', secret).update(input).digest();
}

/** Any other kind of private key (`hash` is null for Ed25519). */
export function asymmetric(
  privateKey: string,
  hash: string | null,
  options: Partial<SignKeyObjectInput> = {},
): Signer {
  return (input) => sign(hash, input, { ...options, key: privateKey });
}

/** A compact JWS of any header and payload. */
export function forge(header: object, payload: unknown, signer: Signer = ecdsa(keys.private)): string {
  return forgeTexts(JSON.stringify(header), JSON.stringify(payload), signer);
}

/** A compact JWS (RFC 7515, section 3.1) of these very texts, JSON or not. */
export function forgeTexts(header: string, payload: string, signer: Signer = ecdsa(keys.private)): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${signer(Buffer.from(input)).toString('base64url')}`;
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

/** The name of a key in tokens (RFC 7638). */
export function thumbprint(publicKey: string): string {
  const { crv, kty, x, y } = createPublicKey(publicKey).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** The same token with another signature: what `edit` makes of its bytes r || s. */
export function resign(token: string, edit: (signature: Buffer) => Buffer): string {
  const at = token.lastIndexOf('.') + 1;
  return token.slice(0, at) + edit(Buffer.from(token.slice(at), 'base64url')).toString('base64url');
}

/** A token as the package would issue it with these keys, with exactly this payload. */
export function issue(payload: unknown, pair: KeyPair = keys): string {
  return forge({ alg: 'ES256', typ: 'JWT' }, payload, ecdsa(pair.private));
}

/** Whether a token carries an ES256 signature of the holder of this public key. */
export function isSignedBy(token: string, publicKey: string): boolean {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  return verify('sha256', Buffer.from(`${header}.${payload}`), key, bytes);
}

/** Now, in the seconds that tokens count in. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** A stored session's record, as JSON text. */
export function recordOf(fields: object): string {
  return JSON.stringify({
    cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/' },
    ...fields,
  });
}
