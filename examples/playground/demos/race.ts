import { randomUUID } from 'node:crypto';
import { Router, type Request, type Response } from 'express';
import { html } from '../html';
import { ownAddress, requestWith, whoIs } from '../loopback';
import type { Outcome, Step } from '../outcomes';
import type { Playground } from '../playground';
import { tokenOf } from '../token';
import { replayStep, told } from './replay';

interface Gate {
  /** Called by the slow request once it has its session. */
  loaded: () => void;
  /** Lets the slow request go on. */
  open: Promise<void>;
}

/** A log-out while another request is still at work with the session. */
export function raceDemo(playground: Playground): Router {
  const gates = new Map<string, Gate>();
  const router = Router();

  router.get('/promises/race/slow/:id', async (req: Request<{ id: string }>, res: Response) => {
    const gate = gates.get(req.params.id);
    if (!gate) {
      res.status(404).json({ error: 'no such race' });
      return;
    }
    gate.loaded();
    await gate.open;
    req.session.note = 'written by the slow request';
    res.json({ saved: await req.session.save() });
  });

  router.post('/promises/race', async (req, res) => {
    if (!req.session.person) {
      res.redirect(303, '/promises');
      return;
    }
    const outcome = await race(playground, gates, req);
    res.redirect(
      303,
      playground.outcomes.keep(() => Promise.resolve(outcome)),
    );
  });
  return router;
}

async function race({ storage }: Playground, gates: Map<string, Gate>, req: Request): Promise<Outcome> {
  const token = tokenOf(req);
  const { sessionID } = req;
  const id = randomUUID();
  const begin = performance.now();
  const at = () => Math.round(performance.now() - begin);
  let open = (): void => undefined;
  const steps: Step[] = [];

  try {
    const loaded = new Promise<void>((resolve) => {
      gates.set(id, { loaded: resolve, open: new Promise((release) => (open = release)) });
    });
    const slow = requestWith(token, `${ownAddress(req)}/promises/race/slow/${id}`);
    // Should the slow request fail, the race ends with its error instead of waiting for it.
    await Promise.race([loaded, slow]);
    steps.push({
      who: 'Slow request',
      what: html`Has arrived and loaded your session. It is at work.`,
      at: at(),
    });

    await req.session.destroy();
    steps.push({
      who: 'You',
      what: html`Log out: <code>await req.session.destroy()</code> has returned.`,
      at: at(),
    });

    open();
    const answer = await slow;
    steps.push({
      who: 'Slow request',
      what: html`Puts a note into the session it still has in hand, and saves it. What
        <code>save()</code> says:`,
      exchange: { request: 'GET /promises/race/slow', answer: told(answer) },
      at: at(),
    });
  } finally {
    open();
    gates.delete(id);
  }

  const back = (await storage.entries()).some((entry) => entry.id === sessionID);
  const replay = await whoIs(token, ownAddress(req));
  steps.push(
    {
      who: 'Store',
      what: back ? html`The session is back.` : html`There is no record under your session’s id.`,
      at: at(),
    },
    { ...replayStep('Old cookie', html`Your old token, sent once more:`, token, replay), at: at() },
  );
  return {
    title: 'Logged out is logged out',
    promise: 'A session that was destroyed is never stored again by a request that had loaded it before.',
    steps,
    kept: !back && !replay.body.signedIn,
    conclusion: html`The session stays dead. You are signed out; sign in again to go on.`,
  };
}
