/** Seals texts: encrypts and authenticates them, each record under a key of its own. */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';

/** Names algorithms and layout. A seal of any other version is not opened. */
const VERSION = 'v1';

const ALGORITHM = 'aes-256-gcm';

/** In bytes. With 96 bits GCM uses the nonce as it is (NIST SP 800-38D, section 8.2). */
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const KEY_LENGTH = 32;

/** @returns the version, a dot, and nonce, tag and encrypted text in base64url. A tag of `compareAndSet` cannot occur in it */
export function seal(secret: KeyObject, id: string, text: string): string {
  // One record has one key, and is written far less often than the 2^32 times up to which random nonces are safe.
  const nonce = randomBytes(NONCE_LENGTH);
  const cipher = createCipheriv(ALGORITHM, keyOf(secret, id), nonce, { authTagLength: TAG_LENGTH });
  cipher.setAAD(boundTo(id));
  const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64url')}`;
}

/** @returns the text, or undefined if no secret opens the seal under this id */
export function unseal(secrets: readonly KeyObject[], id: string, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed.slice(VERSION.length + 1), 'base64url');
  for (const secret of secrets) {
    try {
      return decrypt(keyOf(secret, id), id, bytes);
    } catch {
      // Another secret may open it. Node says nothing but that this one does not.
    }
  }
  return undefined;
}

export function isKnownVersion(sealed: string): boolean {
  return sealed.startsWith(`${VERSION}.`);
}

/** @throws Error if the key does not open it */
function decrypt(key: Uint8Array, id: string, bytes: Buffer): string {
  const nonce = bytes.subarray(0, NONCE_LENGTH);
  const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_LENGTH });
  decipher.setAAD(boundTo(id));
  decipher.setAuthTag(bytes.subarray(NONCE_LENGTH, NONCE_LENGTH + TAG_LENGTH));
  const text = Buffer.concat([decipher.update(bytes.subarray(NONCE_LENGTH + TAG_LENGTH)), decipher.final()]);
  return text.toString('utf8');
}

/** HKDF (RFC 5869). The id is hashed, because Node takes at most 1024 bytes there. */
function keyOf(secret: KeyObject, id: string): Uint8Array {
  const info = `express-session-jwt sealed ${VERSION} ${createHash('sha256').update(id).digest('base64url')}`;
  return new Uint8Array(hkdfSync('sha256', secret, '', info, KEY_LENGTH));
}

/** What is authenticated besides the text. */
function boundTo(id: string): Buffer {
  return Buffer.from(`${VERSION} ${id}`);
}
