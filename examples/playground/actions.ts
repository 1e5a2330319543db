/** The forms that sign in and out and keep a note. */
import { Router, urlencoded } from 'express';
import { people } from './people';
import { cookieOptions } from './session-options';
import { cookieName } from './token';

const pagesToReturnTo = new Set(['/', '/token', '/store', '/cookie', '/refresh', '/demos']);

/** The forms: each changes something and redirects to a page that shows it. */
export function actions(): Router {
  const router = Router();
  router.use(urlencoded({ extended: false, limit: '2kb' }));

  router.post('/sign-in', (req, res) => {
    const fields = req.body as Record<string, unknown>;
    const person = people.find(({ id }) => id === fields.person);
    // No `regenerate` is needed: the claims name somebody else now, so the token from before the sign-in opens nothing.
    if (person) req.session.person = { ...person };
    res.redirect(303, pagesToReturnTo.has(String(fields.back)) ? String(fields.back) : '/');
  });

  router.post('/sign-out', async (req, res) => {
    await req.session.destroy();
    res.clearCookie(cookieName, { ...cookieOptions, secure: req.secure });
    res.redirect(303, '/');
  });

  router.post('/note', (req, res) => {
    const { note } = req.body as Record<string, unknown>;
    if (typeof note === 'string') req.session.note = note.slice(0, 120);
    res.redirect(303, '/');
  });

  return router;
}
