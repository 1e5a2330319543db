import { randomBytes } from 'node:crypto';
import session from 'express-session';
import { commonOptions, SECRET } from './options.mjs';

export const library = session;

/** @type {import('../types.ts').Subject} */
export const subject = {
  name: 'express-session',
  cookieName: 'connect.sid',
  create(setup, store = /** @type {any} */ (new session.MemoryStore())) {
    const options = { ...commonOptions(setup), secret: SECRET, store };
    return { middleware: /** @type {any} */ (session(/** @type {any} */ (options))), store };
  },
  forge(cookie) {
    const signature = randomBytes(32).toString('base64').replace(/=+$/, '');
    return cookie.slice(0, cookie.lastIndexOf('.') + 1) + encodeURIComponent(signature);
  },
};
