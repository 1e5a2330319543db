/** Publishes public keys as a JWK Set. */
import { SessionTypeError } from '../errors';
import { createKeyRing } from './key-ring';
import type { JwkSet, KeyPair } from '../types';

/**
 * The public keys of the `keys` option as a JWK Set (RFC 7517, section 5), for services that verify tokens.
 *
 * @throws TypeError that names the key at fault, or says that there is none
 */
export function jwks(keys: KeyPair | readonly KeyPair[]): JwkSet {
  const keyRing = createKeyRing(keys);
  if (!keyRing)
    throw new SessionTypeError(
      'ERR_SESSION_ARGUMENT',
      'keys must be a key pair or an array of at least one, as in the keys option',
    );
  const byKid = new Map(
    keyRing.candidates().map(({ kid, key }) => {
      // Member by member, so that no other member of a key can get into the set.
      const { kty, crv, x, y } = key.export({ format: 'jwk' });
      return [kid, { kty, crv, x, y, kid, alg: 'ES256', use: 'sig' }];
    }),
  );
  return { keys: [...byKid.values()] as JwkSet['keys'] };
}
