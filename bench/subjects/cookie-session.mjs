import { randomBytes } from 'node:crypto';
// It has no types.
// @ts-expect-error
import cookieSession from 'cookie-session';
import { SECRET } from './options.mjs';

/** The session itself in the cookie, readable, with an HMAC. */
/** @type {import('../types.ts').Subject} */
export const subject = {
  name: 'cookie-session',
  cookieName: 'session',
  isInCookie: true,
  create: ({ maxAge }) => ({
    middleware: cookieSession({
      name: 'session',
      keys: [SECRET],
      ...(maxAge === undefined ? {} : { maxAge }),
    }),
    store: undefined,
  }),
  forge: (cookie) =>
    cookie.replace(/session\.sig=[^;]*/, () => `session.sig=${randomBytes(20).toString('base64url')}`),
};
