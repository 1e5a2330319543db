// The alias of express-session-jwt 0.2.2 on npm, which has no types.
// @ts-expect-error
import session from 'express-session-jwt-0.2.2';
import { claimsOf, commonOptions, SECRET } from './options.mjs';
import { addLegacySession, createKeys, forgeToken } from './tokens.mjs';

/**
 * express-session-jwt 0.2.2 with keys on this curve.
 *
 * @param {'fork-secp256k1' | 'fork-p256'} name
 * @param {'secp256k1' | 'prime256v1'} curve
 * @returns {import('../types.ts').Subject}
 */
export function createFork(name, curve) {
  const keys = createKeys(curve);
  return {
    name,
    cookieName: 'connect.sid',
    create(setup, store = new session.MemoryStore()) {
      const options = {
        ...commonOptions(setup),
        keys,
        store,
        ...(setup.claims ? { jwtFromReq: claimsOf } : {}),
        // Without one it complains.
        secret: SECRET,
      };
      return { middleware: session(options), store };
    },
    forge: forgeToken,
    // Its own `set` would hash the id.
    addLegacySession: (store) => addLegacySession(/** @type {any} */ (store).obj),
  };
}
