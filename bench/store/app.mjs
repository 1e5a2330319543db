/* The application that the benchmark on real databases visits: the same one for all subjects. */

import express from 'express';
import { count, create, createLarge, read, readCart } from '../site/acts.mjs';
import { typicalData } from '../site/data.mjs';

/** @typedef {import('../types.ts').Request} Request */

/**
 * @param {import('../types.ts').Middleware} middleware
 * @param {{ hasSession: boolean, signsInByClaims: boolean }} traits
 */
export function createApp(middleware, { hasSession, signsInByClaims }) {
  const app = express();
  app.use(/** @type {any} */ (middleware));
  const pages = {
    '/': read,
    '/begin': create,
    '/begin-large': createLarge,
    '/change': count,
    '/cart': readCart,
  };
  for (const [path, act] of Object.entries(pages)) {
    app.get(path, (req, res) => {
      if (!hasSession) res.send('no session');
      else act(/** @type {any} */ (req), (body) => res.send(body));
    });
  }
  app.get('/sign-in', (req, res, next) => {
    const redirect = (/** @type {unknown} */ error) => {
      if (error) next(error);
      else res.redirect('/');
    };
    if (!hasSession) redirect(undefined);
    else if (signsInByClaims) assignUser(/** @type {any} */ (req), redirect);
    else regenerate(/** @type {any} */ (req), redirect);
  });
  return app;
}

/**
 * Somebody else each time, so that a browser can sign in again and again.
 *
 * @param {Request} req
 * @param {(error: unknown) => void} done
 */
function assignUser({ session }, done) {
  session.user = nextUser(session.user);
  done(undefined);
}

/**
 * @param {Request} req
 * @param {(error: unknown) => void} done
 */
function regenerate(req, done) {
  const user = nextUser(req.session.user);
  req.session.regenerate((error) => {
    // A regenerated session is another object.
    if (!error) Object.assign(req.session, typicalData(), { user });
    done(error);
  });
}

/** @param {string | undefined} user */
function nextUser(user) {
  return user === 'ada' ? 'grace' : 'ada';
}
