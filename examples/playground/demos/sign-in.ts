/** Somebody else signs in: the next generation begins, and no token from before opens anything. */
import { Router, type Request } from 'express';
import { html } from '../html';
import { ownAddress, whoIs } from '../loopback';
import type { Outcome } from '../outcomes';
import { people } from '../people';
import type { Playground } from '../playground';
import { isSignedWith, shortDigest, takeApart, tokenOf } from '../token';
import { replayStep } from './replay';

export function signInDemo(playground: Playground): Router {
  const router = Router();
  router.post('/promises/sign-in', (req, res) => {
    const other = people.find(({ id }) => id !== req.session.person?.id);
    if (!req.session.person || !other) {
      res.redirect(303, '/promises');
      return;
    }
    const oldToken = tokenOf(req);
    req.session.person = { ...other };
    res.redirect(
      303,
      playground.outcomes.keep((later) => tell(playground, oldToken, later)),
    );
  });
  return router;
}

async function tell({ material, storage }: Playground, oldToken: string, req: Request): Promise<Outcome> {
  const newToken = tokenOf(req);
  const [before, after] = [takeApart(oldToken), takeApart(newToken)];
  const [old, current] = [await whoIs(oldToken, ownAddress(req)), await whoIs(newToken, ownAddress(req))];
  const entry = (await storage.entries()).find(({ id }) => id === after.id);
  const isSigned = isSignedWith(material.keys.public, oldToken);

  return {
    title: 'A sign-in ends older tokens',
    promise: 'A token from before a sign-in, planted or stolen, opens nothing after it.',
    steps: [
      {
        who: 'Server',
        what: html`Signed in ${req.session.person?.name}. The claims name somebody else, so the next
        generation of the session began:`,
        details: [
          { label: `Before · SHA-256 ${shortDigest(oldToken)}…`, value: before.claims },
          { label: `After · SHA-256 ${shortDigest(newToken)}…`, value: after.claims },
        ],
      },
      {
        who: 'Store',
        what: html`One write, to one record, which keeps its id. From then on it is in generation
        ${after.claims.ses.gen}:`,
        details: [{ label: after.id, value: entry?.record.__session ?? null }],
      },
      replayStep(
        'Old cookie',
        html`The site sends the old token to itself. It gets what a stranger gets, a new and empty session:`,
        oldToken,
        old,
      ),
      {
        who: 'Old cookie',
        what: html`Its signature ${isSigned ? 'is still good' : 'is not good'}: a service that looks at
        nothing but tokens lets it in until it expires. Here the generation decides.`,
      },
      replayStep('New cookie', html`The same with the token your browser holds now:`, newToken, current),
    ],
    kept:
      !old.body.signedIn &&
      current.body.name === req.session.person?.name &&
      before.id === after.id &&
      after.claims.ses.gen === before.claims.ses.gen + 1,
    conclusion: html`The old token opens nothing, and your ${current.body.views ?? 0} views came along.`,
  };
}
