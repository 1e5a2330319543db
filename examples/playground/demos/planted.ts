/** A cookie that somebody planted, and a sign-in with it: session fixation. */
import type { Express } from 'express';
import { html } from '../html';
import { onBothSides, type Demo, type Finding, type Step } from '../lab/demo';
import type { Side } from '../lab/sides';
import type { Lab } from '../lab/site';
import { signedInAs } from '../lab/told';

function routes(app: Express): void {
  // shown
  app.get('/', ({ session }, res) => {
    session.visits = (session.visits ?? 0) + 1;
    res.json({ you: session.user, visits: session.visits });
  });
  app.post('/sign-in', ({ session }, res) => {
    session.user = 'Ada'; // the password was right
    res.json({ you: session.user });
  });
  // end
  app.post('/regenerate-and-sign-in', (req, res, next) => {
    req.session.regenerate((error) => {
      req.session.user = 'Ada';
      if (error) next(error);
      else res.json({ you: req.session.user });
    });
  });
}

/** Returns whether the planted cookie opens Ada's account in the end. */
async function plant(lab: Lab, side: Side, signIn: string): Promise<{ steps: Step[]; open: boolean }> {
  const site = await lab.open(side, routes);
  const mallory = site.browser();
  await mallory.get('/');
  const ada = site.browser(mallory.cookie);
  const visit = await ada.get('/');
  await ada.post(signIn);
  const [spy, own] = [await mallory.get('/'), await ada.get('/')];
  const open = spy.you === 'Ada';
  const steps: Step[] = [
    {
      who: 'Mallory',
      what: 'visits the site, gets a cookie, and puts it into Ada’s browser: on a shared computer, or from a careless subdomain.',
    },
    {
      who: 'Ada',
      what: 'visits the site. Her browser sends the planted cookie, so she has the session that Mallory began.',
      got: `Visit number ${String(visit.visits)} of that session`,
    },
    { who: 'Ada', what: 'signs in.', got: signedInAs(own), mood: own.you === 'Ada' ? 'good' : 'bad' },
    {
      who: 'Mallory',
      what: 'comes back with the planted cookie.',
      got: signedInAs(spy),
      mood: open ? 'bad' : 'good',
    },
  ];
  return { steps, open };
}

async function scenario(side: Side, lab: Lab): Promise<Finding> {
  const plain = await plant(lab, side, '/sign-in');
  const careful = await plant(lab, side, '/regenerate-and-sign-in');
  return {
    steps: [
      ...plain.steps,
      {
        who: 'Once more',
        what: html`with a sign-in that calls <code>regenerate()</code> first. Mallory’s cookie then:`,
        got: careful.open ? 'Signed in as Ada' : 'Not signed in',
        mood: careful.open ? 'bad' : 'good',
      },
    ],
    verdict: plain.open
      ? `Mallory is signed in as Ada${careful.open ? '' : ', unless the handler calls regenerate()'}.`
      : 'The planted cookie opens nothing after the sign-in.',
    good: !plain.open,
    why: plain.open
      ? html`The cookie stayed the same over the sign-in, so everybody who had it is signed in. The handler
          has to think of <code>regenerate()</code>.`
      : html`The sign-in changed what the token says of the user. So the session went into its next
        generation, Ada got a new token, and the planted one is of the last.`,
  };
}

export const planted: Demo = {
  name: 'planted-cookie',
  title: 'A planted cookie',
  life: 'Somebody puts a cookie of theirs into your browser, and waits for you to sign in with it.',
  file: __filename,
  words: ['session', 'cookie', 'token', 'claims', 'generation', 'regenerate()'],
  links: [
    ['/docs/tokens', 'Tokens and generations'],
    ['/docs/session', 'The session in a request'],
  ],
  run: onBothSides(scenario),
};
