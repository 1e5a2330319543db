import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { sign } from 'cookie-signature';
import { typicalData } from '../site/data.mjs';
import { SECRET } from './options.mjs';

/** @param {'prime256v1' | 'secp256k1'} namedCurve */
export function createKeys(namedCurve) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    private: privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
  };
}

/**
 * The token with another signature: 64 random bytes are one that takes a whole verification to refuse.
 *
 * @param {string} cookie
 */
export function forgeToken(cookie) {
  return cookie.slice(0, cookie.lastIndexOf('.') + 1) + randomBytes(64).toString('base64url');
}

/**
 * Stores a session as express-session does.
 *
 * @param {import('../types.ts').BenchStore} store
 * @returns {string} the Cookie header of its client
 */
export function addLegacySession(store) {
  const id = randomBytes(24).toString('base64url');
  const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/' };
  store.set(id, { cookie, ...typicalData() });
  return `connect.sid=${encodeURIComponent(`s:${sign(id, SECRET)}`)}`;
}
