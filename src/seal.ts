import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { withRandomBytes } from './random';

/*
 * The token in a forwarding record: the holder of the credential that was replaced finds the new one, a dump of the store
 * does not.
 */

const CIPHER = 'aes-256-gcm';
const IV_LENGTH = 12;
const TAG_LENGTH = 16;

/** Only who has the credential, a legacy id or a token, can open it again; the store has its digest alone. */
export function seal(token: string, credential: string): string {
  const iv = withRandomBytes(IV_LENGTH, (bytes) => Buffer.from(bytes));
  const cipher = createCipheriv(CIPHER, sealingKey(credential), iv);
  const sealed = Buffer.concat([cipher.update(token, 'latin1'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The sealed token; undefined if it was not sealed for this credential. */
export function open(sealed: string, credential: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url');
  try {
    const decipher = createDecipheriv(CIPHER, sealingKey(credential), bytes.subarray(0, IV_LENGTH), {
      authTagLength: TAG_LENGTH,
    });
    decipher.setAuthTag(bytes.subarray(IV_LENGTH, IV_LENGTH + TAG_LENGTH));
    const token = decipher.update(bytes.subarray(IV_LENGTH + TAG_LENGTH), undefined, 'latin1');
    return token + decipher.final('latin1');
  } catch {
    return undefined;
  }
}

const PURPOSE = Buffer.from('express-session-jwt forwarding record\x01');

/**
 * HKDF-Expand with SHA-256 (RFC 5869, section 2.3), one block of output. There is nothing to extract (section 3.3): who could
 * guess a credential would need no record.
 */
function sealingKey(credential: string): Buffer {
  return createHmac('sha256', credential).update(PURPOSE).digest();
}
