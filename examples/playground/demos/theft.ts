/** Somebody who has the store, but no cookie. */
import { Router, type Request } from 'express';
import { html } from '../html';
import { ownAddress, whoIs } from '../loopback';
import type { Outcome } from '../outcomes';
import type { Playground } from '../playground';
import { tokenOf } from '../token';
import { replayStep } from './replay';

export function theftDemo(playground: Playground): Router {
  const router = Router();
  router.post('/promises/theft', (req, res) => {
    if (req.session.person)
      res.redirect(
        303,
        playground.outcomes.keep((later) => tell(playground, later)),
      );
    else res.redirect(303, '/promises');
  });
  return router;
}

async function tell({ storage }: Playground, req: Request): Promise<Outcome> {
  const token = tokenOf(req);
  const id = req.sessionID;
  const dump = JSON.stringify(await storage.entries());
  const tokens = dump.match(/[\w-]+\.[\w-]+\.[\w-]{86}/g) ?? [];
  const theft = await whoIs(id, ownAddress(req));
  const owner = await whoIs(token, ownAddress(req));

  return {
    title: 'A stolen store opens nothing',
    promise: 'The store never holds anything from which a token can be made.',
    steps: [
      {
        who: 'Thief',
        what: html`Copies all ${dump.length} characters of the store and finds your record, under this id:`,
        exchange: { request: `search the copy for ${req.session.person?.name ?? 'you'}`, answer: id },
      },
      { who: 'Thief', what: html`Looks for anything that has a token’s shape. Found: ${tokens.length}.` },
      replayStep('Thief', html`Sends the id as a cookie, in place of a token:`, id, theft),
      replayStep('You', html`Meanwhile your own token goes on working:`, token, owner),
    ],
    kept: dump.includes(id) && tokens.length === 0 && !theft.body.signedIn && owner.body.signedIn,
    conclusion: html`An id is no token, and without the private key no token can be made of it.`,
  };
}
