/** Reads the secrets that seal and open records. */
import { createSecretKey, KeyObject } from 'node:crypto';
import { SessionTypeError } from '../errors';

/** In bytes. A shorter secret is easier to guess than the 256 bits of a key of AES-256. */
const MIN_LENGTH = 32;

/**
 * @param given one secret, or a list of them. The first one seals
 * @throws TypeError that names the secret that cannot be used, and shows none
 */
export function readSecrets(given: unknown): readonly [KeyObject, ...KeyObject[]] {
  if (!Array.isArray(given)) return [readSecret(given, 'secret')];
  const [first, ...others] = given.map((secret, at) => readSecret(secret, `secrets[${String(at)}]`));
  if (!first) throw unusable('secrets', 'an empty list');
  return [first, ...others];
}

function readSecret(given: unknown, name: string): KeyObject {
  const key = toKey(given);
  if (!key)
    throw unusable(name, given instanceof KeyObject ? `a ${given.type} key` : `of type ${typeof given}`);
  if (Number(key.symmetricKeySize) < MIN_LENGTH) throw unusable(name, 'shorter');
  return key;
}

/** A KeyObject keeps its own copy of the bytes, and does not print them. */
function toKey(given: unknown): KeyObject | undefined {
  if (given instanceof KeyObject) return given.type === 'secret' ? given : undefined;
  if (typeof given === 'string') return createSecretKey(given, 'utf8');
  return given instanceof Uint8Array ? createSecretKey(given) : undefined;
}

function unusable(name: string, found: string): SessionTypeError {
  return new SessionTypeError(
    'ERR_SESSION_SEAL_SECRET',
    `sealed: ${name} must be a text, a Buffer or a secret KeyObject of at least ${String(MIN_LENGTH)} bytes, it is ${found}. ` +
      'Make one with: openssl rand -base64 32',
  );
}
