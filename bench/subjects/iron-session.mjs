import { randomBytes } from 'node:crypto';
import { getIronSession } from 'iron-session';

/** The session itself in the cookie, encrypted. The handler saves it. */
/** @type {import('../types.ts').Subject} */
export const subject = {
  name: 'iron-session',
  cookieName: 'session',
  isInCookie: true,
  create({ maxAge }) {
    const options = {
      cookieName: 'session',
      password: 'keyboard cat, long enough for iron-session',
      cookieOptions: { secure: false },
      ...(maxAge === undefined ? {} : { ttl: maxAge / 1000 }),
    };
    return {
      middleware: (req, res, next) => {
        getIronSession(req, res, options).then((session) => {
          req.session = /** @type {any} */ (session);
          next();
        }, next);
      },
      store: undefined,
    };
  },
  forge: (cookie) => cookie.replace(/[^*]*$/, () => `${randomBytes(32).toString('base64url')}~2`),
  save: (req) => req.session.save(),
};
