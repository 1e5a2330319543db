import { Router, type Request } from 'express';
import { html } from '../html';
import { ownAddress, whoIs } from '../loopback';
import type { Outcome } from '../outcomes';
import type { Playground } from '../playground';
import { digestOf, isSignedWith, shortDigest, takeApart } from '../token';
import { replayStep } from './replay';

/** A changed claim brings a new token, and the old one is refused. */
export function roleDemo(playground: Playground): Router {
  const router = Router();
  router.post('/promises/role', (req, res) => {
    const { person } = req.session;
    if (!person) {
      res.redirect(303, '/promises');
      return;
    }
    const oldToken = req.sessionID;
    person.role = person.role === 'editor' ? 'reader' : 'editor';
    // The token changes as this response leaves; the page behind the redirect comes with the new one.
    res.redirect(
      303,
      playground.outcomes.keep((later) => tell(playground, oldToken, later)),
    );
  });
  return router;
}

async function tell({ material, storage }: Playground, oldToken: string, req: Request): Promise<Outcome> {
  const newToken = req.sessionID;
  const [old, current] = await Promise.all(
    [oldToken, newToken].map((token) => whoIs(token, ownAddress(req))),
  );
  if (!old || !current) throw new Error('a replay is missing');
  const ids = new Set((await storage.entries()).map((entry) => entry.id));
  const signatureHolds = isSignedWith(material.keys.public, oldToken);
  const oldStored = ids.has(digestOf(oldToken));
  const newStored = ids.has(digestOf(newToken));

  return {
    title: 'A new role, a new token',
    promise:
      'When the claims change, the token changes with them, the old one dies, and the session’s data stays.',
    steps: [
      {
        who: 'Server',
        what: html`Ran <code>req.session.person.role = '${req.session.person?.role}'</code> and nothing else.
          The claims were different when the response left, so it carried a new token:`,
        details: [
          { label: `Before · SHA-256 ${shortDigest(oldToken)}…`, value: takeApart(oldToken).claims },
          { label: `After · SHA-256 ${shortDigest(newToken)}…`, value: takeApart(newToken).claims },
        ],
      },
      {
        who: 'Store',
        what: html`The record moved: ${oldStored ? 'one is still' : 'none is left'} under the old token’s
        digest, ${newStored ? 'one is' : 'none is'} under the new one’s.`,
      },
      replayStep(
        'Old cookie',
        html`The site sends the old token to itself. It gets what a stranger gets, a new and empty session:`,
        oldToken,
        old,
      ),
      {
        who: 'Old cookie',
        what: html`Its signature ${signatureHolds ? 'is still good' : 'is not good'}: a service that asks the
        signature alone would let it in, with the old role. The session decides here, and it has moved on.`,
      },
      replayStep('New cookie', html`The same with the token your browser holds now:`, newToken, current),
    ],
    kept: !old.body.signedIn && current.body.signedIn && !oldStored && newStored,
    conclusion: html`The old token opens nothing, and your ${current.body.views ?? 0} views came along.`,
  };
}
