/** The sign-out of the demonstrations' sites, where it is not what they show. */
import type { Express } from 'express';

export function signOutRoute(app: Express): void {
  app.post('/sign-out', ({ session }, res, next) => {
    session.destroy((error) => {
      if (error) next(error);
      else res.json({ you: null });
    });
  });
}
