/** A claim that changes while the user stays the same: a new token, and the old one goes on. */
import { Router, type Request } from 'express';
import { html } from '../html';
import { ownAddress, whoIs } from '../loopback';
import type { Outcome } from '../outcomes';
import type { Playground } from '../playground';
import { shortDigest, takeApart, tokenOf } from '../token';
import { replayStep } from './replay';

export function roleDemo({ outcomes }: Playground): Router {
  const router = Router();
  router.post('/promises/role', (req, res) => {
    const { person } = req.session;
    if (!person) {
      res.redirect(303, '/promises');
      return;
    }
    const oldToken = tokenOf(req);
    person.role = person.role === 'editor' ? 'reader' : 'editor';
    // The new token leaves with this response; the page behind the redirect comes with it.
    res.redirect(
      303,
      outcomes.keep((later) => tell(oldToken, later)),
    );
  });
  return router;
}

async function tell(oldToken: string, req: Request): Promise<Outcome> {
  const newToken = tokenOf(req);
  const role = req.session.person?.role;
  const [before, after] = [takeApart(oldToken), takeApart(newToken)];
  const [old, current] = [await whoIs(oldToken, ownAddress(req)), await whoIs(newToken, ownAddress(req))];

  return {
    title: 'A new role, a new token',
    promise:
      'When a claim changes, the response carries a token that says so, and no other tab is signed out.',
    steps: [
      {
        who: 'Server',
        what: html`Ran <code>req.session.person.role = '${role}'</code> and nothing else. The claims were
          different when the response left, so it carried a new token. It is of the same generation, as
          <code>sub</code> says that it is the same person:`,
        details: [
          { label: `Before · SHA-256 ${shortDigest(oldToken)}…`, value: before.claims },
          { label: `After · SHA-256 ${shortDigest(newToken)}…`, value: after.claims },
        ],
      },
      replayStep(
        'Old cookie',
        html`The site sends the old token to itself, like a tab that missed the new one. It opens the same
        session, in which the role is the new one:`,
        oldToken,
        old,
      ),
      replayStep('New cookie', html`The same with the token your browser holds now:`, newToken, current),
      {
        who: 'Old cookie',
        what: html`What it still says is the old role. A service that looks at nothing but tokens believes
        that until it expires.`,
      },
    ],
    kept:
      [old, current].every(({ body }) => body.signedIn && body.role === role) &&
      before.claims.role !== role &&
      after.claims.role === role &&
      before.claims.ses.gen === after.claims.ses.gen,
    conclusion: html`Both tokens open the session; only the new one says <code>${role}</code>.`,
  };
}
